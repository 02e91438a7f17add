"""Checks that are known to be red in grown services; the tests fail if the list is wrong."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

LIST = Path(__file__).with_name("known.toml")


@dataclass(frozen=True, slots=True)
class Known:
    """Checks that are known to be red.

    Attributes:
        checks: Ids of tests of the service, or names of checks.
        variants: Answer sets in whose services they are red.
        why: The reason, in a sentence.
        sometimes: Whether they are green in some runs, because the result depends on timing.
    """

    checks: tuple[str, ...]
    variants: tuple[str, ...]
    why: str
    sometimes: bool = False


def known(path: Path = LIST) -> list[Known]:
    """Read the list.

    Args:
        path: Its file.
    """
    entries = tomllib.loads(path.read_text()).get("red", [])
    return [
        Known(
            tuple(each["checks"]),
            tuple(each["variants"]),
            each["why"],
            sometimes=each.get("sometimes", False),
        )
        for each in entries
    ]


def expected_red(variant: str, listed: list[Known]) -> set[str]:
    """Checks that are known to be red in a service.

    Args:
        variant: Name of the answer set.
        listed: The list.
    """
    return {check for each in listed if variant in each.variants for check in each.checks}


def contradictions(
    variant: str, results: Mapping[str, str | None], listed: list[Known]
) -> list[str]:
    """Compare results with the list.

    Args:
        variant: Name of the answer set.
        results: The output of each red check, and None for each green one.
        listed: The list.

    Returns:
        A message for each wrong entry.
    """
    expected = expected_red(variant, listed)
    always = expected_red(variant, [each for each in listed if not each.sometimes])
    messages = []
    for check, output in results.items():
        if output is not None and check not in expected:
            messages.append(f"red, and not listed in {LIST.name}: {check}\n{output}")
        if output is None and check in always:
            messages.append(f"no longer red: remove {check} for {variant} from {LIST.name}")
    messages += [
        f"there is no such check: remove {check} for {variant} from {LIST.name}"
        for check in sorted(expected - results.keys())
    ]
    return messages
