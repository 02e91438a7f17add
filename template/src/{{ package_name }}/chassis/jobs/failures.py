"""Failures of jobs."""


class PermanentFailure(Exception):
    """Raised by a job of which another attempt would fail, too.

    The job is not retried, and its failure is one line without a traceback.
    """
