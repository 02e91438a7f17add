"""Routes of reports, which workers create."""

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from ..chassis.runtime import Runtime
from ..chassis.web.jobs import JobState, accepted, state_of
from ..jobs.notes import report_words


class ReportController(Controller):
    """Reports about the words of all notes."""

    path = "/reports"
    tags = ("reports",)

    @post(summary="Create a report", operation_id="create_report", status_code=202)
    async def create(self, runtime: NamedDependency[Runtime]) -> Response[JobState]:
        """Start a report and respond with 202; follow Location for progress and result."""
        return accepted(await report_words.enqueue(runtime.queue), self.path)

    @get("/{key:str}", summary="Get a report", operation_id="get_report")
    async def get_report(self, runtime: NamedDependency[Runtime], key: FromPath[str]) -> JobState:
        """Return the progress of a report, and its result once it is finished."""
        return await state_of(runtime.queue, report_words, key)
