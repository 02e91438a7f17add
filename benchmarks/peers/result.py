"""Results of the comparison, as they are written to a file and read again."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any, Self

from ..scorecard.cards import Card


@dataclass(frozen=True, slots=True)
class Stage:
    """A step on the way to a running project, or why it was not done.

    Attributes:
        cpu: CPU time, in s.
        wall: Time, in s.
        outcome: What came of it, in words; the reason if it was not done.
        done: Whether it succeeded.
    """

    cpu: float
    wall: float
    outcome: str = ""
    done: bool = True


@dataclass(frozen=True, slots=True)
class Updated:
    """An update after ordinary edits.

    Attributes:
        edits: Number of edits.
        kept: Number of edits that are still there, without conflict markers around.
        conflicts: Number of files with conflicts.
        cpu: CPU time, in s.
        outcome: What came of it, in words.
    """

    edits: int
    kept: int
    conflicts: int
    cpu: float
    outcome: str = ""


@dataclass(slots=True)
class Measured:
    """What was measured of one project or application.

    Attributes:
        name: Its name.
        about: What it is.
        version: Version or commit of its template.
        python: Its Python.
        by_hand: Whether it is one of the applications written by hand.
        instead: What was done in another way than documented.
        stages: Its stages by name.
        start: CPU time until the first answer, in s, for each round.
        health: Requests for its health per CPU second, for each round.
        rows: Requests for 20 rows per CPU second, for each round.
        memory: Memory after the requests, in MB, for each round.
        cannot: Why something was not measured, by its name.
        updated: Its update; None if there is none.
        card: Its scorecard; None if it has none.
    """

    name: str
    about: str
    version: str = ""
    python: str = ""
    by_hand: bool = False
    instead: list[str] = field(default_factory=list)
    stages: dict[str, Stage] = field(default_factory=dict)
    start: list[float] = field(default_factory=list)
    health: list[float] = field(default_factory=list)
    rows: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)
    cannot: dict[str, str] = field(default_factory=dict)
    updated: Updated | None = None
    card: Card | None = None

    def as_json(self) -> dict[str, Any]:
        """The results as a JSON object."""
        return {**asdict(self), "card": self.card.as_json() if self.card else None}

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self:
        """Read results.

        Args:
            document: A JSON object of `as_json`.
        """
        stages = {name: Stage(**stage) for name, stage in document["stages"].items()}
        updated = document["updated"] and Updated(**document["updated"])
        card = document["card"] and Card.of(document["card"])
        return cls(**{**document, "stages": stages, "updated": updated, "card": card})


@dataclass(frozen=True, slots=True)
class Spread:
    """A ratio and its spread over the rounds.

    Attributes:
        middle: The median of the rounds' ratios.
        low: The lowest ratio.
        high: The highest ratio.
    """

    middle: float
    low: float
    high: float

    @classmethod
    def of(cls, ours: Sequence[float], other: Sequence[float]) -> Self | None:
        """Compare two lists of rounds.

        Args:
            ours: Values of a project, one for each round.
            other: Values of the other one, in the same rounds.

        Returns:
            The spread; None if one of them was not measured.
        """
        if not ours or len(ours) != len(other):
            return None
        ratios = [mine / theirs for mine, theirs in zip(ours, other, strict=True)]
        return cls(median(ratios), min(ratios), max(ratios))

    def __str__(self) -> str:
        """The ratio with its spread."""
        if self.low == self.high:
            return f"{self.middle:.2f}"
        return f"{self.middle:.2f} ({self.low:.2f} to {self.high:.2f})"


@dataclass(slots=True)
class Results:
    """A whole comparison.

    Attributes:
        machine: What it ran on, in words.
        conditions: Load and other circumstances, in words.
        rounds: Number of rounds.
        measured: Results, ours first.
    """

    machine: str
    conditions: str
    rounds: int
    measured: list[Measured]

    def as_json(self) -> dict[str, Any]:
        """The comparison as a JSON object."""
        measured = [each.as_json() for each in self.measured]
        return {
            "machine": self.machine,
            "conditions": self.conditions,
            "rounds": self.rounds,
            "measured": measured,
        }

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self:
        """Read a comparison.

        Args:
            document: A JSON object of `as_json`.
        """
        measured = [Measured.of(each) for each in document["measured"]]
        return cls(document["machine"], document["conditions"], document["rounds"], measured)

    def one(self, name: str) -> Measured | None:
        """Results by their name.

        Args:
            name: The name.
        """
        return next((each for each in self.measured if each.name == name), None)
