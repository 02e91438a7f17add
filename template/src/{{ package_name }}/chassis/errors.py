"""Errors that every process type knows."""


class BackingServiceUnavailable(Exception):
    """A backing service did not answer.

    Args:
        service: Which one.
        cause: What went wrong, without addresses or passwords.
    """

    def __init__(self, service: str, cause: str) -> None:
        super().__init__(f"The {service} cannot be reached ({cause}).")
        self.service = service
