"""The error that ends a command."""

from __future__ import annotations


class Problem(Exception):
    """Ends a command with a message for the user.

    Args:
        sentence: What is wrong, and what to do.
        status: The command's exit status.
    """

    def __init__(self, sentence: str, status: int = 1) -> None:
        super().__init__(sentence)
        self.status = status
