"""A progress bar on terminals."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from .states import State


class Progress:
    """Counts finished services."""

    def __init__(self) -> None:
        self.states: dict[str, State] = {}

    def seen(self, key: str, state: State) -> None:
        """Count a service.

        Args:
            key: The service.
            state: Its state.
        """
        self.states[key] = state

    def text(self) -> str:
        """The counts."""
        counts = Counter(self.states.values())
        return ", ".join(f"{counts[state]} {state}" for state in State if counts[state])


@contextmanager
def progress(total: int) -> Iterator[Progress]:
    """Show progress for the duration of the context.

    Args:
        total: Number of services.
    """
    if not sys.stderr.isatty():
        yield Progress()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    counts = TextColumn("{task.fields[at]}")
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), counts)
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        shown = bar.add_task("", total=total, at="")

        class Shown(Progress):
            def seen(self, key: str, state: State) -> None:
                super().seen(key, state)
                bar.update(shown, completed=len(self.states), at=self.text())

        yield Shown()
