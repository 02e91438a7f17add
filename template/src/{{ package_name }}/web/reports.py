"""Routes of reports, which a worker makes."""

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

    @post(summary="Ask for a report", status_code=202)
    async def create(self, runtime: NamedDependency[Runtime]) -> Response[JobState]:
        """Answers 202 at once; follow Location for progress and result."""
        return accepted(await report_words.enqueue(runtime.queue), self.path)

    @get("/{key:str}", summary="Get a report")
    async def get_report(self, runtime: NamedDependency[Runtime], key: FromPath[str]) -> JobState:
        """How far the report is, and its result once there is one."""
        return await state_of(runtime.queue, report_words, key)
