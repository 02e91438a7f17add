"""The command `twelvestar fleet`, and its inventory."""

from __future__ import annotations

import io
import json
import os
import signal
import sqlite3
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.rendering import ROOT
from twelvestar.errors import Problem
from twelvestar.fleet import work
from twelvestar.fleet.access import NO_SETTINGS
from twelvestar.fleet.cli import fleet
from updating.protocol import Updates

from .standin import Standin

Command = Callable[..., subprocess.CompletedProcess[str]]
Remotes = Callable[..., list[Path]]


def interruptible() -> None:
    """Restore the default handling of Ctrl-C in a new process; tests may run with it ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def command_environment(folder: Path) -> dict[str, str]:
    """Variables for the command.

    Args:
        folder: A folder with an empty HOME in it.
    """
    kept = {name: text for name, text in os.environ.items() if not name.startswith("MAKE")}
    said = {"HOME": str(folder / "home"), "PYTHONPATH": str(ROOT)}
    # No workers, because each takes a second to start.
    said |= {"FLEET_RETRY_DELAY": "0.2", "FLEET_WORKERS": "0"}
    return {**kept, **said}


def write_inventory(folder: Path, template: Path, remotes: Sequence[Path], more: str = "") -> Path:
    """Write an inventory of plain git remotes.

    Args:
        folder: Folder for the inventory.
        template: Location of the template.
        remotes: The repositories.
        more: Further lines.
    """
    repos = "\n".join(f"    {str(each)!r}," for each in remotes)
    path = folder / "fleet.toml"
    path.write_text(
        f"template = {str(template)!r}\n\n[[forge]]\nkind = 'git'\nrepos = [\n{repos}\n]\n{more}",
    )
    return path


def write_forge_inventory(
    folder: Path, template: Path, forge: Standin, org: str, *more: str,
    sources: Sequence[Path] = (), find: str = "",
) -> Path:  # fmt: skip
    """Write an inventory of an organisation on a forge of kind GitHub.

    Args:
        folder: Folder for the inventory.
        template: Location of the template.
        forge: The forge.
        org: The organisation.
        more: Further lines, after the forge's.
        sources: Other locations of the template that services may have recorded.
        find: The line with the query, instead of all repositories of the organisation.
    """
    path = folder / "fleet.toml"
    lines = [
        f"template = {str(template)!r}\nsources = {[str(each) for each in sources]}",
        "[[forge]]\nkind = 'github'\npace = 0",
        f"url = '{forge.url('github')}'\ntoken = 'env:FLEET_TOKEN'",
        find or f"find = [{{ org = '{org}' }}]",
        *more,
    ]
    path.write_text("\n".join(lines) + "\n")
    return path


@dataclass(frozen=True, slots=True)
class Done:
    """The result of a command.

    Attributes:
        returncode: Its exit status.
        stdout: Its output.
        stderr: The error message.
    """

    returncode: int
    stdout: str
    stderr: str


class Here:
    """Runs commands of the fleet in this process, which is faster than starting processes.

    The update program is that of this tree, which is the newest release of the published template.

    Args:
        folder: The folder of the inventory.
        renders: Folder for cached renderings.
        variables: Variables of the environment.
    """

    def __init__(self, folder: Path, renders: Path, variables: Mapping[str, str]) -> None:
        self.folder = folder
        self._renders = renders
        self._variables = variables

    def __call__(self, *arguments: str | Path, **variables: str) -> Done:
        """Run a command.

        Args:
            arguments: Its words after `fleet`.
            variables: Further variables.
        """
        printed = io.StringIO()
        status, sentence = 0, ""
        with pytest.MonkeyPatch.context() as patch:
            for name, text in {**self._variables, **variables, **NO_SETTINGS}.items():
                patch.setenv(name, text)
            patch.setattr(work, "load_updates", self._updates)
            patch.chdir(self.folder)
            try:
                with redirect_stdout(printed):
                    status = fleet([str(each) for each in arguments], standalone_mode=False)
            except Problem as problem:
                status, sentence = problem.status, str(problem)
        return Done(status, printed.getvalue(), sentence)

    def rows(self, *arguments: str) -> dict[str, dict[str, Any]]:
        """Rows of the report, by the last parts of the services' names.

        Args:
            arguments: Further words for `report`.
        """
        path = self.folder / "rows.json"
        done = self("report", "--json", path, *arguments)
        assert done.returncode == 0, done.stderr
        rows = json.loads(path.read_text())["rows"]
        return {row["name"].rpartition("/")[2]: row for row in rows}

    def _updates(self, code: Path, template: Path, renders: Path) -> Updates:
        return Updates(template, self._renders)


@contextmanager
def journal_of(folder: Path, state: str = ".fleet") -> Iterator[sqlite3.Connection]:
    """Open the journal of a fleet, to read and change it.

    Args:
        folder: The folder of the inventory.
        state: The state folder.
    """
    with closing(sqlite3.connect(folder / state / "journal.sqlite3")) as base, base:
        yield base
