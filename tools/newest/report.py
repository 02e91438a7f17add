"""The report of a run in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .issues import issues
from .results import Result


def markdown(results: list[Result]) -> str:
    """Write the report.

    Args:
        results: The results.
    """
    lines = ["# Newest packages", "", *_table(results)]
    for title, body in issues(results).items():
        lines += ["", f"## {title}", "", body]
    if changed := _changed(results):
        lines += ["", "## Changed since the last good run", "", *_items(changed)]
    held = {each for result in results for each in result.held}
    if held:
        lines += ["", "## Newer versions that requirements hold back", ""]
        lines += _items(
            f"{each.package} {each.version}, newest {each.newest}: {'; '.join(each.by)}"
            for each in held
        )
    return "\n".join(lines) + "\n"


def _table(results: list[Result]) -> Iterator[str]:
    yield "| answer set | Python | platform | result | changed packages |"
    yield "| --- | --- | --- | --- | --- |"
    for each in results:
        cells = (each.answers, each.python, each.platform, _summary(each), str(len(each.changes)))
        yield f"| {' | '.join(cells)} |"


def _summary(result: Result) -> str:
    if result.skipped:
        return f"NOT run: {result.skipped}"
    if result.failures:
        return f"{len(result.failures) + result.more} failed"
    alone = f"; passed only when repeated alone: {', '.join(result.alone)}" if result.alone else ""
    return f"passed{alone}"


def _changed(results: list[Result]) -> set[str]:
    return {change.text for result in results for change in result.changes}


def _items(texts: Iterable[str]) -> list[str]:
    return [f"- {text}" for text in sorted(texts)]
