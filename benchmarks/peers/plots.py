"""Plots of the comparison, as SVG: bars with their spread."""

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

_WIDTH, _LABEL, _RIGHT = 720, 170, 120
_ROW, _TOP = 26, 40
# Readable on light and on dark pages.
_COLOURS = {"ours": "#4c78a8", "other": "#9aa5b1", "line": "#d1495b", "text": "#6b7280"}


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar.

    Attributes:
        name: Its name.
        value: Its length; None for a note instead of a bar.
        low: Lowest value of the rounds.
        high: Highest value of the rounds.
        note: Text instead of the value.
        ours: Whether it is ours.
    """

    name: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    note: str = ""
    ours: bool = False


def svg(title: str, bars: Sequence[Bar], *, line: float | None = None, digits: int = 2) -> str:
    """Draw horizontal bars.

    Args:
        title: Title of the plot.
        bars: The bars, from top to bottom.
        line: A value to mark with a line.
        digits: Decimal places of the values.
    """
    highest = max(
        [each for bar in bars for each in (bar.value, bar.high) if each is not None]
        + ([line] if line else []),
        default=1.0,
    )
    scale = (_WIDTH - _LABEL - _RIGHT) / (highest or 1.0)
    height = _TOP + _ROW * len(bars) + 12
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" '
        f'font-family="sans-serif" font-size="13" fill="{_COLOURS["text"]}">',
        f"<title>{escape(title)}</title>",
        f'<text x="0" y="18" font-size="15" font-weight="bold">{escape(title)}</text>',
    ]
    for number, bar in enumerate(bars):
        parts += _bar(bar, _TOP + _ROW * number, scale, digits)
    if line:
        x = _LABEL + line * scale
        parts.append(
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP - 6}" y2="{height - 8}" '
            f'stroke="{_COLOURS["line"]}" stroke-dasharray="4 3"/>'
        )
    return "\n".join([*parts, "</svg>", ""])


def _bar(bar: Bar, top: int, scale: float, digits: int) -> list[str]:
    middle = top + 9
    parts = [f'<text x="{_LABEL - 8}" y="{middle + 5}" text-anchor="end">{escape(bar.name)}</text>']
    if bar.value is None:
        parts.append(
            f'<text x="{_LABEL}" y="{middle + 5}" font-style="italic">{escape(bar.note)}</text>'
        )
        return parts
    colour = _COLOURS["ours" if bar.ours else "other"]
    length = bar.value * scale
    parts.append(f'<rect x="{_LABEL}" y="{top}" width="{length:.1f}" height="18" fill="{colour}"/>')
    end = length
    if bar.low is not None and bar.high is not None:
        low, high = bar.low * scale, bar.high * scale
        end = max(length, high)
        parts.append(
            f'<path d="M{_LABEL + low:.1f} {middle}H{_LABEL + high:.1f}'
            f"M{_LABEL + low:.1f} {middle - 4}v8M{_LABEL + high:.1f} {middle - 4}v8"
            f'" stroke="{_COLOURS["text"]}" fill="none"/>'
        )
    text = bar.note or f"{bar.value:,.{digits}f}"
    parts.append(f'<text x="{_LABEL + end + 6:.1f}" y="{middle + 5}">{escape(text)}</text>')
    return parts
