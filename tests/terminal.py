"""A simulated user at a terminal, who answers Copier's questions."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ENTER, SPACE, UP, DOWN = "\r", " ", "\x1b[A", "\x1b[B"
ROWS, COLUMNS = 40, 80
SECONDS = 60
_PIECE = 65536
_SEQUENCE = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b[()][A-Z0-9]|\x1b[=>]|\r")


class Conversation:
    """A program that asks questions on a terminal of 80 columns.

    Args:
        command: The program and its arguments.
        variables: Its environment.
        questions: The questions of copier.yml by their names.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        variables: Mapping[str, str],
        questions: Mapping[str, Mapping[str, Any]],
    ) -> None:
        self.asked: list[str] = []
        self._first_lines = {
            name: details["help"].splitlines()[0]
            for name, details in questions.items()
            if "help" in details
        }
        self._shown = b""
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        self._process = subprocess.Popen(
            command,
            # Without requests for the cursor position, which this terminal does not support.
            env={**variables, "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1"},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)

    def __enter__(self) -> Self:
        """Enter the context."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Kill the program, if it has not ended."""
        self._process.kill()
        self._process.wait()
        os.close(self._ours)

    @property
    def shown(self) -> str:
        """The output so far, without control sequences."""
        return _SEQUENCE.sub("", self._shown.decode(errors="replace"))

    def press(self, keys: str) -> None:
        """Press keys.

        Args:
            keys: The characters that a terminal sends for them.
        """
        os.write(self._ours, keys.encode())

    def wait_for(self, text: str) -> None:
        """Wait until a text is shown.

        Args:
            text: The text.
        """
        assert self._read_until(lambda: text in self.shown), self.shown

    def answer(self, keys: Mapping[str, str] | None = None, *, until: str) -> None:
        """Answer questions, by default with Enter, and stop at one.

        Args:
            keys: Keys to press by question.
            until: The question to stop at; its keys are not pressed.
        """
        while self._read_until(lambda: self._new_question() != ""):
            question = self._new_question()
            self.asked.append(question)
            if question == until:
                return
            self.press((keys or {}).get(question, ENTER))
        raise AssertionError(f"{until} is not asked:\n{self.shown}")

    def answer_all(self, keys: Mapping[str, str] | None = None) -> None:
        """Answer all questions, by default with Enter, until the program succeeds.

        Args:
            keys: Keys to press by question.
        """
        while self._read_until(lambda: self._new_question() != ""):
            self.asked.append(question := self._new_question())
            self.press((keys or {}).get(question, ENTER))
        assert self._process.wait(SECONDS) == 0, self.shown

    def _new_question(self) -> str:
        shown = self.shown
        new = (
            name
            for name, line in self._first_lines.items()
            if name not in self.asked and f"🎤 {line}" in shown
        )
        return next(new, "")

    def _read_until(self, is_there: Callable[[], bool]) -> bool:
        """Read output until a condition is true; return False if the program ends before."""
        deadline = time.monotonic() + SECONDS
        while not is_there():
            wait = max(0.0, deadline - time.monotonic())
            assert select.select([self._ours], [], [], wait)[0], (
                f"no more output after:\n{self.shown}"
            )
            try:
                piece = os.read(self._ours, _PIECE)
            except OSError:
                # Linux raises this when the program has ended.
                piece = b""
            if not piece:
                return False
            self._shown += piece
        return True
