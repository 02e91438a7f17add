"""What a database means for requests: a session for each, and errors that clients understand."""

from collections.abc import AsyncIterator

from litestar import Response
from litestar.di import NamedDependency
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from ..db.engine import DatabaseUnreachable
from ..db.errors import is_conflict, is_unreachable
from ..runtime import Runtime
from .errors import AnyRequest, problem, unavailable, unexpected


async def provide_session(runtime: NamedDependency[Runtime]) -> AsyncIterator[AsyncSession]:
    """Session for one request, committed when the handler has returned.

    The commit happens before the answer is sent, so that a failed commit is an error that the
    client sees. A handler that raises leaves nothing behind.
    """
    async with runtime.database.session() as session:
        yield session
        await session.commit()


def database_error(request: AnyRequest, exception: SQLAlchemyError) -> Response[dict[str, object]]:
    """Answer 409 for a conflict, 503 for a database that is away, and 500 for the rest."""
    if is_conflict(exception):
        return problem(request, 409, "This conflicts with what is already stored.")
    if is_unreachable(exception):
        return unavailable(request, DatabaseUnreachable(exception))
    return unexpected(request, exception)
