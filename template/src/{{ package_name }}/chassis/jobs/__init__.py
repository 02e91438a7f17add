"""Background jobs with SAQ."""

from .batches import Batch, BatchState
from .broker import BrokerUnavailable
from .context import JobContext
from .failures import PermanentFailure
from .functions import JobCall, JobFunction, JobOptions, job
from .once import OutcomeUnknown, forget_once, once
from .queue import JobQueue

__all__ = [
    "Batch",
    "BatchState",
    "BrokerUnavailable",
    "JobCall",
    "JobContext",
    "JobFunction",
    "JobOptions",
    "JobQueue",
    "OutcomeUnknown",
    "PermanentFailure",
    "forget_once",
    "job",
    "once",
]
