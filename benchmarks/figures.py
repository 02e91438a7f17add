"""A measured figure, and the table of all of them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Literal, Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of the table."""

    name: str
    unit: str
    ours: float
    other: float | None = None
    ratio: float | None = None
    bound: float | None = None
    sense: Literal["at most", "at least"] = "at most"

    @classmethod
    def compare(
        cls,
        name: str,
        unit: str,
        rounds: Sequence[tuple[float, float]],
        *,
        bound: float | None = None,
        sense: Literal["at most", "at least"] = "at most",
    ) -> Self:
        """Make a figure of pairs, each measured in immediate succession.

        The ratio is the median of the rounds' ratios, so that it does not matter if the machine
        becomes slower between rounds.

        Args:
            name: Name of the figure.
            unit: Its unit.
            rounds: Our value and the other one, for each round.
            bound: Limit of the ratio, if it has one.
            sense: On which side of the limit the ratio should be.
        """
        return cls(
            name=name,
            unit=unit,
            ours=median(ours for ours, _ in rounds),
            other=median(other for _, other in rounds),
            ratio=median(ours / other for ours, other in rounds),
            bound=bound,
            sense=sense,
        )

    @property
    def within(self) -> bool | None:
        """Whether it is within its bound; None without one."""
        if self.bound is None:
            return None
        judged = self.ours if self.ratio is None else self.ratio
        return judged <= self.bound if self.sense == "at most" else judged >= self.bound

    def as_json(self) -> dict[str, object]:
        """The figure as a JSON object."""
        return {**asdict(self), "within": self.within}


def table(figures: Sequence[Figure]) -> str:
    """Format figures as a Markdown table.

    Args:
        figures: The figures.
    """
    rows = [("figure", "ours", "other", "ratio", "bound", "within?")]
    for figure in figures:
        rows.append(
            (
                f"{figure.name}, {figure.unit}",
                _number(figure.ours),
                _number(figure.other),
                "" if figure.ratio is None else f"{figure.ratio:.2f}",
                "" if figure.bound is None else f"{figure.sense} {figure.bound:g}",
                {True: "yes", False: "**no**", None: ""}[figure.within],
            )
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [_line(row, widths) for row in rows]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = (f" {cell:<{width}} " for cell, width in zip(row, widths, strict=True))
    return "|" + "|".join(cells) + "|"


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
