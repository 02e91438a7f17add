"""The scorecard: all rows, decided for a project."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from . import data, delivery, http, logs, processes, quality, settings, source
from .subject import Subject
from .verdict import Row, Verdict

ROWS: tuple[Row, ...] = (
    *source.ROWS,
    *quality.ROWS,
    *settings.ROWS,
    *data.ROWS,
    *processes.ROWS,
    *logs.ROWS,
    *http.ROWS,
    *delivery.ROWS,
)
_MISSING = {
    "commands.start": "it has no process",
    "commands.worker": "it has no worker",
    "commands.lint": "it has no such command",
    "commands.tests": "it has no tests",
    "commands.types": "it does not check types",
    "dockerfile": "it has no Dockerfile",
    "paths.live": "it has no such path",
    "paths.ready": "it has no path for readiness",
    "paths.rows": "it has no path for rows",
    "paths.write": "it has no such path",
    "paths.openapi": "it has no such path",
    "paths.metrics": "it has no such path",
    "invalid": "it has no setting with a type",
    "refused": "it has no such setting",
}


@dataclass(frozen=True, slots=True)
class Card:
    """The verdicts on a project.

    Attributes:
        name: Name of the project.
        verdicts: A verdict for each row.
    """

    name: str
    verdicts: tuple[Verdict, ...]

    @property
    def score(self) -> int:
        """Number of true claims."""
        return sum(verdict.answer == "yes" for verdict in self.verdicts)

    def as_json(self) -> dict[str, Any]:
        """The card as a JSON object."""
        rows = [[verdict.answer, verdict.reason] for verdict in self.verdicts]
        return {"name": self.name, "verdicts": rows}

    @classmethod
    def of(cls, document: dict[str, Any]) -> "Card":
        """Read a card.

        Args:
            document: A JSON object of `as_json`.
        """
        return cls(document["name"], tuple(Verdict(*row) for row in document["verdicts"]))


def fill_in(
    subject: Subject, *, rows: Sequence[Row] = ROWS, report: Callable[[str], None] | None = None
) -> Card:
    """Decide all rows.

    Args:
        subject: The project.
        rows: The rows.
        report: Called with a line for each row.
    """
    verdicts = []
    for number, row in enumerate(rows, start=1):
        verdict = decide(subject, row)
        verdicts.append(verdict)
        if report:
            reason = f" ({verdict.reason})" if verdict.reason else ""
            report(f"{number:>2} {verdict.answer:<11} {row.claim}{reason}")
    return Card(subject.description.name, tuple(verdicts))


def decide(subject: Subject, row: Row) -> Verdict:
    """Decide a row.

    Args:
        subject: The project.
        row: The row.

    Returns:
        The verdict. A check that cannot be made is no verdict on the project, and says why.
    """
    if missing := next((need for need in row.needs if not _has(subject, need)), None):
        if missing == "commands.start" and not subject.description.service:
            return Verdict("not checked", "it is a package without processes")
        if missing == "commands.migrate":
            return Verdict("not checked", "it has no database")
        return Verdict("no", _MISSING.get(missing, "it has no such command"))
    try:
        return row.check(subject)
    except (OSError, RuntimeError, ValueError, SyntaxError) as error:
        return Verdict("not checked", f"{type(error).__name__}: {error}"[:120])


def _has(subject: Subject, need: str) -> bool:
    group, _, key = need.partition(".")
    value = getattr(subject.description, group)
    return bool(value.get(key)) if key else bool(value)


def table(cards: Sequence[Card], *, rows: Sequence[Row] = ROWS) -> str:
    """Format cards as a Markdown table, with the reasons of the cards' false claims below it.

    Args:
        cards: The cards.
        rows: Their rows.
    """
    heads = ["", "factor", "claim", "decided by", *(card.name for card in cards)]
    lines = [_line(heads), _line(["---"] * len(heads))]
    for number, row in enumerate(rows):
        answers = [shown(card.verdicts[number]) for card in cards]
        lines.append(_line([str(number + 1), row.factor, row.claim, row.how, *answers]))
    scores = [f"**{card.score} of {len(rows)}**" for card in cards]
    lines.append(_line(["", "", "", "", *scores]))
    return "\n".join(lines)


def reasons(card: Card, *, rows: Sequence[Row] = ROWS) -> str:
    """List the reasons of a card's verdicts other than yes, in Markdown.

    Args:
        card: The card.
        rows: Its rows.
    """
    return "\n".join(
        f"- {number}, {row.claim}: {verdict.reason.replace('|', '/').replace('<', '&lt;')}"
        for number, (row, verdict) in enumerate(zip(rows, card.verdicts, strict=True), start=1)
        if verdict.answer != "yes"
    )


def shown(verdict: Verdict) -> str:
    """The answer of a verdict, as it is in a table.

    Args:
        verdict: The verdict.
    """
    return {"yes": "yes", "no": "**no**", "not checked": "?"}[verdict.answer]


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
