"""Titles and texts of issues about failures."""

from __future__ import annotations

from collections import defaultdict

from .results import Change, Failure, Result


def issues(results: list[Result]) -> dict[str, str]:
    """Write an issue for each cause.

    Args:
        results: The results of a run, of one or of several platforms.

    Returns:
        Texts by their titles. The title of a cause is the same in each run.
    """
    found: defaultdict[str, list[tuple[Result, Failure]]] = defaultdict(list)
    for result in results:
        for failure in result.failures:
            found[_title(failure)].append((result, failure))
    return {title: _text(cases) for title, cases in found.items()}


def _title(failure: Failure) -> str:
    if not failure.causes:
        return f"Newest packages: {failure.check} fails"
    return f"{_versions(failure.causes, 'new')} breaks generated services"


def _text(cases: list[tuple[Result, Failure]]) -> str:
    result, first = cases[0]
    lines = [
        f"{_because(first)}\n",
        "| answer set | Python | platform | fails |",
        *["| --- " * 4 + "|"],
    ]
    for where, failure in cases:
        lines.append(f"| {where.answers} | {where.python} | {where.platform} | `{failure.check}` |")
    more = sum({each.case + each.platform: each.more for each, _ in cases}.values())
    if more:
        lines.append(f"\nFurther tests that failed there: {more}.")
    repeat = f"make test-newest SETS={result.answers} PYTHONS={result.python}"
    lines += [f"\nRepeat it: `{repeat}`\n", f"The end of the output of `{first.check}`:\n"]
    fence = "`" * 5
    return "\n".join([*lines, f"{fence}text", first.output, fence])


def _because(failure: Failure) -> str:
    if not failure.causes:
        return (
            f"With the newest packages, `{failure.check}` fails. Cause unknown: {failure.unknown}."
        )
    return (
        f"With {_versions(failure.causes, 'new')}, `{failure.check}` fails. It passes with "
        f"{_versions(failure.causes, 'old')} and the newest versions of all other packages."
    )


def _versions(causes: list[Change], which: str) -> str:
    return " and ".join(f"{cause.package} {getattr(cause, which)}" for cause in causes)
