"""Paginated responses, and error responses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode

from litestar import Request, Response
from litestar.exceptions import HTTPException

from .world import Missing, Refused, Repo, World

T = TypeVar("T")
Asked = Request[Any, Any, Any]


def page(
    request: Asked,
    items: Sequence[T],
    shown: Callable[[T], Any],
    *,
    size: str = "per_page",
    standard: int = 30,
    most: int = 100,
    wrap: Callable[[list[Any], int], Any] | None = None,
) -> Response[Any]:
    """One page of a list, with headers that link to the others.

    Args:
        request: The request, whose query contains the page number.
        items: The whole list.
        shown: Converts an item to JSON.
        size: Name of the query parameter for the page size.
        standard: Default page size.
        most: Largest page size.
        wrap: Makes the body from the page and the length of the list; by default, it is the page.
    """
    query = dict(request.query_params)
    count = min(int(query.get(size, standard)), most)
    number = max(int(query.get("page", 1)), 1)
    part = [shown(item) for item in items[(number - 1) * count : number * count]]
    last = max(-(-len(items) // count), 1)
    last = max(-(-len(items) // count), 1)
    headers: dict[str, str] = {}
    if dialect_of(request) == "gitlab":
        headers["x-total"] = str(len(items))
        headers["x-next-page"] = str(number + 1) if number < last else ""
    elif dialect_of(request) == "gitea":
        headers["x-total-count"] = str(len(items))
    where = f"{root_of(request)}{request.scope['path']}"
    turns = {"next": number + 1, "last": last} if number < last else {}
    if number > 1:
        turns |= {"first": 1, "prev": number - 1}
    links = [
        f'<{where}?{urlencode({**query, "page": to})}>; rel="{rel}"' for rel, to in turns.items()
    ]
    if links:
        headers["link"] = ", ".join(links)
    return Response(wrap(part, len(items)) if wrap else part, headers=headers)


def root_of(request: Asked) -> str:
    """URL of the stand-in, as the client uses it.

    Args:
        request: A request.
    """
    return f"http://{request.headers['host']}"


def dialect_of(request: Asked) -> str:
    """The kind of forge whose API a request uses.

    Args:
        request: The request.
    """
    return request.scope["path"].split("/")[1]


def found(request: Asked, world: World, name: str, by_id: str) -> Repo:
    """Find a repository by its name; forges redirect from the old name of a renamed one.

    Args:
        request: The request.
        world: State of the stand-in.
        name: Its name.
        by_id: The path with its number instead of the name, for `str.format`.
    """
    if name.lower() not in world.repos and (repo := world.moved(name)) is not None:
        raise Moved(by_id.format(id=repo.id, name=repo.name))
    return world.repo(name)


class Moved(Exception):
    """The repository was renamed.

    Args:
        path: Its path now, below the prefix of the API.
    """

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


def moved(request: Asked, error: Moved) -> Response[Any]:
    """Send a redirect.

    Args:
        request: The request.
        error: The error with the target.
    """
    where = f"{root_of(request)}/{dialect_of(request)}{error.path}"
    status = 301 if request.method == "GET" and dialect_of(request) != "gitea" else 307
    data = {"message": "Moved Permanently", "url": where}
    return Response(data, status_code=status, headers={"location": where})


def error_response(code: int, /, **data: Any) -> HTTPException:
    """Make an error response.

    Args:
        code: HTTP status.
        data: The JSON.
    """
    return HTTPException(status_code=code, detail="refused", extra=data)


def refused(_: Asked, error: HTTPException) -> Response[Any]:
    """Send the JSON of an `error_response`.

    Args:
        error: The error.
    """
    data = error.extra if isinstance(error.extra, dict) else {"message": error.detail}
    return Response(data, status_code=error.status_code)


def missing(request: Asked, error: Missing) -> Response[Any]:
    """Respond that an object does not exist.

    Args:
        request: The request.
        error: The error that names it.
    """
    if dialect_of(request) == "-":
        return Response({"message": f"there is no {error}"}, status_code=404)
    words = {"gitlab": "404 Not found", "gitea": "The target couldn't be found."}
    return Response({"message": words.get(dialect_of(request), "Not Found")}, status_code=404)


def archived(request: Asked, error: Refused) -> Response[Any]:
    """Send an error that has no special response in any API.

    Args:
        request: The request.
        error: The rule.
    """
    if error.rule != "archived":
        return Response({"message": error.rule}, status_code=422)
    status = 423 if dialect_of(request) == "gitea" else 403
    return Response({"message": "Repository was archived so is read-only."}, status_code=status)


ON_ERRORS: dict[Any, Any] = {
    HTTPException: refused,
    Missing: missing,
    Moved: moved,
    Refused: archived,
}
