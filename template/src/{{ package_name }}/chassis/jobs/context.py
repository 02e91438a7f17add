"""The first argument of job functions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic

from ..part import S

if TYPE_CHECKING:
    from ..runtime import Runtime


@dataclass(slots=True, kw_only=True)
class JobContext(Generic[S]):
    """The runtime, and the progress of this run.

    `JobContext[Settings]` knows the type of `runtime.settings`.
    """

    runtime: Runtime[S]
    report: Callable[[float], Awaitable[None]]

    async def progress(self, fraction: float) -> None:
        """Report how much of the job is done.

        Args:
            fraction: Between 0 and 1.
        """
        await self.report(min(max(fraction, 0.0), 1.0))
