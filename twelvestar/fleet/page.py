"""The report as a single HTML file."""

from __future__ import annotations

import base64
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from itertools import count
from math import ceil
from statistics import median
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from .report import FleetReport, Row, in_template
from .states import DONE, FOR_OWNERS, MEANINGS, State
from .visible import visible

_LISTED = 20
"""Length of lists of the most frequent entries."""

_CHOICES = 12
"""Largest number of different answers to a question that is offered as a filter."""

_MANY = 500
"""Number of services from which the browser skips the layout of rows outside the screen."""

_UNKNOWN = "\N{EN DASH}"

_FAMILIES = {
    "done": (State.MERGED, State.UPDATED, State.CURRENT, State.NEWER),
    "way": (State.PROPOSED, State.PUSHED, State.CLEAN, State.QUEUED, State.FOUND),
    "owner": (State.REFUSED, State.THEIRS, State.CLOSED, State.STALE),
    "bad": (State.FAILED, State.CONFLICTS),
    "out": (State.SUPERSEDED, State.PINNED, State.OPTED_OUT, State.FOREIGN, State.ARCHIVED),
}
"""States by group, which determines their hue; in the order of the bar."""

_RANKS = {
    state: rank
    for rank, state in enumerate(state for states in _FAMILIES.values() for state in states)
}


@dataclass(frozen=True, slots=True)
class Share:
    """A bar of a chart.

    Attributes:
        name: Its name.
        count: Its value.
        begin: Start of the bar, in percent.
        width: Length of the bar, in percent.
        note: Additional text.
        style: CSS class of the bar.
    """

    name: str
    count: int
    begin: float
    width: float
    note: str = ""
    style: str = "plain"


@dataclass(frozen=True, slots=True)
class Choice:
    """A value to filter services by.

    Attributes:
        mark: Number that marks the matching services.
        name: Its name.
        count: Number of matching services.
    """

    mark: int
    name: str
    count: int


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter, with choices of which one is selected.

    Attributes:
        name: Its name.
        groups: Choices by the name of their group; the group of a single one has none.
    """

    name: str
    groups: Mapping[str, list[Choice]]


def to_html(report: FleetReport) -> str:
    """Make the page.

    Args:
        report: The report.

    Returns:
        An HTML document that needs no other files or network, and works without scripts.
    """
    style, script = _text("page.css"), _text("page.js")
    environment = Environment(
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        finalize=_finalize,
    )
    environment.filters |= {
        "date": _date,
        "number": _number,
        "plural": _plural,
        "seconds": _seconds,
    }
    questions = _questions(report)
    filters, marks = _filters(report, questions)
    old = {name: rank for rank, name in enumerate(reversed(report.versions))}
    return environment.from_string(_text("page.html")).render(
        report=report,
        template_link=_link(report.template),
        style=Markup(style),
        script=Markup(script),
        style_hash=_hash(style),
        script_hash=_hash(script),
        figures=_figures(report),
        states=_states(report),
        versions=_shares(report.versions),
        lag=_lag(report.rows),
        conflicting=_shares(report.conflicting, of=max(report.conflicting.values(), default=1)),
        drift=_drift(report.rows),
        looked=sum(row.drift is not None for row in report.rows),
        times=_times(report.rows),
        questions=questions,
        filters=filters,
        many=len(report.rows) > _MANY,
        rows=[
            (row, _link(row.url), sorted(marks[at]), _RANKS[row.state], old.get(row.old, -1))
            for at, row in enumerate(report.rows)
        ],
        style_of={state: _style(state) for state in State},
    )


def _figures(report: FleetReport) -> list[tuple[str, int, str]]:
    rows = report.rows
    return [
        ("good", sum(row.state in DONE for row in rows), f"have {report.release} or newer"),
        ("way", sum(row.state in _FAMILIES["way"] for row in rows), "are on their way"),
        ("bad", sum(bool(row.conflicts) for row in rows), "have conflicts"),
        ("owner", sum(row.state in FOR_OWNERS for row in rows), "wait for their owners"),
        ("bad", sum(row.state is State.FAILED for row in rows), "have failed"),
    ]


def _states(report: FleetReport) -> list[Share]:
    found = sorted((State(name) for name in report.counts), key=_RANKS.__getitem__)
    shares = _shares({state.value: report.counts[state] for state in found}, listed=len(found))
    return [
        Share(each.name, each.count, each.begin, each.width, MEANINGS[state], _style(state))
        for state, each in zip(found, shares, strict=True)
    ]


def _style(state: State) -> str:
    return next(
        f"{family}-{states.index(state)}" for family, states in _FAMILIES.items() if state in states
    )


def _shares(
    counts: Mapping[str, int], *, of: int | None = None, listed: int = _LISTED
) -> list[Share]:
    """Make adjacent bars.

    Args:
        counts: Value of each bar.
        of: Value of a full bar; by default the sum.
        listed: Number of bars; the rest is summed up.
    """
    items = list(counts.items())
    if rest := items[listed:]:
        items = [*items[:listed], (f"{len(rest)} others", sum(number for _, number in rest))]
    whole = of or sum(counts.values()) or 1
    shares, begin = [], 0
    for name, number in items:
        width = min(number / whole, 1) * 100
        shares.append(Share(name, number, round(begin / whole * 100, 3), round(width, 3)))
        begin += number
    return shares


def _lag(rows: Iterable[Row]) -> list[Share]:
    days: dict[int | None, list[int]] = {}
    for row in rows:
        days.setdefault(row.behind, []).append(row.days or 0)
    order = sorted(days, key=lambda behind: (behind is None, behind or 0))
    names = {None: "not known", 0: "none"}
    counts = {names.get(behind, str(behind)): len(days[behind]) for behind in order}
    return [
        Share(
            each.name,
            each.count,
            each.begin,
            each.width,
            f"{median(days[behind]):.0f} / {max(days[behind])}" if behind else "",
        )
        for behind, each in zip(order, _shares(counts, listed=len(order)), strict=True)
    ]


def _drift(rows: Iterable[Row]) -> list[Share]:
    found = Counter(
        path
        for row in rows
        for path in {in_template(each, row.answers) for each in row.drift or ()}
    )
    most = dict(sorted(found.items(), key=lambda each: (-each[1], each[0])))
    return _shares(most, of=max(found.values(), default=1))


def _times(rows: Iterable[Row]) -> list[tuple[str, float, float, float]]:
    done = [row for row in rows if row.seconds]
    return [
        (name, median(times), sorted(times)[ceil(0.95 * len(times)) - 1], sum(times))
        for name, times in (
            ("Time", [row.seconds for row in done]),
            ("Processor", [row.cpu for row in done]),
        )
        if times
    ]


def _questions(report: FleetReport) -> dict[str, dict[str, Counter[str]]]:
    """Count releases by answer, for questions with few answers."""
    found: dict[str, dict[str, Counter[str]]] = {}
    for row in report.rows:
        for question, answer in row.answers.items():
            by_answer = found.setdefault(question, {})
            text = _answer(answer)
            if text in by_answer:
                by_answer[text][row.old] += 1
            elif len(by_answer) <= _CHOICES:
                # One more than the limit shows that there are too many.
                by_answer[text] = Counter({row.old: 1})
    return {
        question: dict(sorted(by_answer.items()))
        for question, by_answer in sorted(found.items())
        if 1 < len(by_answer) <= _CHOICES
    }


def _filters(report: FleetReport, questions: Iterable[str]) -> tuple[list[Filter], list[set[int]]]:
    """Make the filters.

    Args:
        report: The report.
        questions: Questions to filter by.

    Returns:
        The filters, and the marks of each service.
    """
    marks: list[set[int]] = [set() for _ in report.rows]
    numbers = count()

    def choices(texts: Iterable[str | None], order: Iterable[str] | None = None) -> list[Choice]:
        where: dict[str, list[int]] = {}
        for at, text in enumerate(texts):
            if text is not None:
                where.setdefault(text, []).append(at)
        return list(_choices(where, order or sorted(where), numbers, marks))

    rows = report.rows
    states = [each.name for each in _states(report)]
    filters = [
        Filter("State", {"": choices((row.state for row in rows), states)}),
        Filter("Wave", {"": choices(row.wave or "the rest" for row in rows)}),
        Filter("Kind", {"": choices(row.kind for row in rows)}),
        Filter("Release", {"": choices((row.old for row in rows), [*report.versions, ""])}),
        Filter(
            "Answer",
            {
                question: choices(
                    _answer(row.answers[question]) if question in row.answers else None
                    for row in rows
                )
                for question in questions
            },
        ),
    ]
    return filters, marks


def _choices(
    where: Mapping[str, list[int]],
    order: Iterable[str],
    numbers: Iterator[int],
    marks: list[set[int]],
) -> Iterator[Choice]:
    for text in order:
        if services := where.get(text):
            choice = Choice(next(numbers), text or "not known", len(services))
            for at in services:
                marks[at].add(choice.mark)
            yield choice


def _answer(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _link(url: str) -> str:
    """Return a URL if it is a safe web link, otherwise an empty string."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    is_page = parts.scheme in ("http", "https") and parts.hostname and "@" not in parts.netloc
    return url if is_page and url.isprintable() and " " not in url else ""


def _date(text: str) -> str:
    when = datetime.fromisoformat(text).astimezone(UTC)
    return f"{when.day} {when:%B %Y}"


def _seconds(seconds: float) -> str:
    return f"{seconds:,.2f}" if seconds else _UNKNOWN


def _number(number: int | None) -> str:
    return _UNKNOWN if number is None else f"{number:,}"


def _plural(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _finalize(value: Any) -> Any:
    return visible(value) if type(value) is str else value


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _text(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
