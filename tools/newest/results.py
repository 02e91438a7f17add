"""Results of runs, as they are written and read."""

from __future__ import annotations

import json
import platform
from dataclasses import asdict, dataclass, field
from pathlib import Path

from .bounds import Held

PLATFORM = f"{platform.system()} {platform.machine()}"


@dataclass(frozen=True, slots=True)
class Change:
    """A package with another version than in the last good run.

    Attributes:
        package: Its name.
        old: Its last good version; empty if it was not installed.
        new: Its version now; empty if it is not installed.
    """

    package: str
    old: str
    new: str

    @property
    def text(self) -> str:
        """The change in words."""
        return f"{self.package} {self.old or 'none'} → {self.new or 'none'}"


@dataclass(frozen=True, slots=True)
class Failure:
    """A check that fails with the newest packages, and fails again alone.

    Attributes:
        check: Its name, or the id of a test.
        causes: Changes without which it passes, the smallest group; empty if unknown.
        unknown: Why the causes are unknown; empty otherwise.
        output: The end of its output.
    """

    check: str
    causes: list[Change]
    unknown: str
    output: str


@dataclass(slots=True)
class Result:
    """What happened in one project.

    Attributes:
        answers: The answer set.
        python: The version of Python.
        platform: System and processor.
        skipped: Why nothing was run; empty otherwise.
        passed: Checks that passed.
        alone: Checks that failed, and passed when they were repeated alone.
        failures: Checks that failed.
        more: Number of further failed tests.
        changes: Packages with other versions than in the last good run.
        held: Packages of which newer versions exist.
        versions: Installed packages.
    """

    answers: str
    python: str
    platform: str = PLATFORM
    skipped: str = ""
    passed: list[str] = field(default_factory=list)
    alone: list[str] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    more: int = 0
    changes: list[Change] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)

    @property
    def case(self) -> str:
        """The answer set and the Python, as a key."""
        return f"{self.answers}-{self.python}"


def write(results: list[Result], path: Path) -> None:
    """Write results as JSON.

    Args:
        results: The results.
        path: The file.
    """
    text = json.dumps([asdict(result) for result in results], indent=2, ensure_ascii=False)
    path.write_text(text + "\n")


def read(path: Path) -> list[Result]:
    """Read results that `write` wrote.

    Args:
        path: The file.
    """
    results = []
    for each in json.loads(path.read_text()):
        each["changes"] = [Change(**change) for change in each["changes"]]
        each["held"] = [Held(**held | {"by": tuple(held["by"])}) for held in each["held"]]
        each["failures"] = [
            Failure(**failure | {"causes": [Change(**cause) for cause in failure["causes"]]})
            for failure in each["failures"]
        ]
        results.append(Result(**each))
    return results
