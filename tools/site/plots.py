"""Plots of the tables of benchmarks: ratios to the compared program, as HTML."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

_ROW = re.compile(
    r"^\| (?P<name>[^|]+) \|(?:[^|]*\|){2} (?P<ratio>[\d.]+) \|[^|]*\|(?P<within>[^|]*)\|",
    re.MULTILINE,
)
CAPTION = "Ours divided by the other one; the line is at 1. A grey bar is outside its bound."


@dataclass(frozen=True, slots=True)
class Ratio:
    """A row of a table.

    Attributes:
        name: What was measured.
        ratio: Ours divided by the other one.
        within: Whether it is within its bound, if there is one.
    """

    name: str
    ratio: float
    within: bool


def ratios(table: str) -> list[Ratio]:
    """Read the rows with a ratio.

    Args:
        table: Tables in Markdown, with ratios in the fourth column, and "no" in the last one if
            a ratio is outside its bound.
    """
    return [
        Ratio(found["name"].replace("`", ""), float(found["ratio"]), "no" not in found["within"])
        for found in _ROW.finditer(table)
    ]


def plot(rows: list[Ratio]) -> str:
    """Draw bars, on a scale that ends at the highest ratio.

    Args:
        rows: The ratios.
    """
    highest = max(row.ratio for row in rows)
    bars = [
        f'<div class="plot-name">{html.escape(row.name)}</div>'
        f'<div class="plot-bar{"" if row.within else " plot-outside"}">'
        f'<span style="width: {row.ratio / highest:.0%}"></span><b>{row.ratio:.2f}</b></div>'
        for row in rows
    ]
    return (
        f'<div class="plot" style="--one: {1 / highest:.3f}">{"".join(bars)}'
        f'<div class="plot-caption">{CAPTION}</div></div>'
    )
