"""Errors that are common to all process types."""


class BackingServiceUnavailable(Exception):
    """A backing service cannot be reached.

    Args:
        service: Name of the service.
        cause: Name of the error, without addresses or passwords.
    """

    def __init__(self, service: str, cause: str) -> None:
        super().__init__(f"The {service} cannot be reached ({cause}).")
        self.cause = cause
        self.service = service
