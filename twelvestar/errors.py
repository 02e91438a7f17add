"""What prevents a command, in one sentence."""

from __future__ import annotations


class Problem(Exception):
    """Ends a command with a sentence for whoever has typed it.

    Args:
        sentence: What is wrong, and what to do.
        status: The command's exit status.
    """

    def __init__(self, sentence: str, status: int = 1) -> None:
        super().__init__(sentence)
        self.status = status
