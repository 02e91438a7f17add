"""Every row of the scorecard names an existing test, and every factor has a row."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
FACTORS = ["I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"]


def rows() -> list[tuple[int, str, str]]:
    """Number, factor and test of each row."""
    page = (ROOT / "docs/twelve-factor.md").read_text()
    found = re.findall(r"^\| (\d+) \| (\w+) \| [^|]+ \| `([^`]+)` \|$", page, re.MULTILINE)
    return [(int(number), factor, test) for number, factor, test in found]


def source(path: str) -> str:
    """Text of a module of tests, a generated project's or this repository's."""
    candidates = [ROOT / path, ROOT / "template" / path, ROOT / "template" / f"{path}.jinja"]
    return next(file.read_text() for file in candidates if file.is_file())


def test_every_claim_has_a_test_that_exists() -> None:
    for number, _, test in rows():
        path, _, name = test.partition("::")
        assert re.search(rf"^(async )?def {name}\(", source(path), re.MULTILINE), f"row {number}"


def test_every_row_has_a_test_and_no_test_occurs_twice() -> None:
    page = (ROOT / "docs/twelve-factor.md").read_text()
    numbers = list(map(int, re.findall(r"^\| (\d+) \|", page, re.MULTILINE)))
    for line, number in enumerate(numbers, start=1):
        assert number == line, f"docs/twelve-factor.md: number row {number} of the scorecard {line}"
    for number in numbers:
        assert number in [each for each, _, _ in rows()], (
            f"docs/twelve-factor.md: write row {number} as | number | factor | claim | `test` |"
        )
    assert max(Counter(test for _, _, test in rows()).values()) == 1


def test_each_factor_is_claimed_and_tested_in_the_project() -> None:
    for factor in FACTORS:
        tests = [test for _, found, test in rows() if found == factor]
        assert len(tests) >= 2, factor
        assert any(test.startswith("tests/twelve_factor/") for test in tests), factor
