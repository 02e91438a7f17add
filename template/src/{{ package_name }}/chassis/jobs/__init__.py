"""Background jobs, on SAQ."""

from .functions import JobContext, JobFunction, job
from .queue import BrokerUnavailable, JobQueue

__all__ = ["BrokerUnavailable", "JobContext", "JobFunction", "JobQueue", "job"]
