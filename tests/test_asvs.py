"""The page on the ASVS has a row for each requirement, and the tests that it names exist."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from tests.rendering import ROOT
from tests.test_variants import variant

__all__ = ["variant"]

PAGE = ROOT / "docs" / "asvs.md"
STATUSES = {"yes", "no test", "owner", "open", "no part"}
# Together, they have all tests that the page names.
VARIANTS = (
    "complete",
    "parts-authentication_jwt",
    "parts-secrets_aws",
    "parts-secrets_gcp",
    "parts-secrets_vault",
)
HERE = ("tests/delivery/", "tests/test_variants.py")
# Numbers of requirements of levels 1 and 2 in each section of ASVS 5.0.0, by chapter. In each
# section, they come before those of level 3; sections with none are left out.
REQUIREMENTS = {
    1: {1: 2, 2: 9, 3: 11, 4: 3, 5: 2},
    2: {1: 3, 2: 3, 3: 4, 4: 1},
    3: {2: 2, 3: 4, 4: 6, 5: 5, 7: 2},
    4: {1: 3, 2: 1, 3: 2, 4: 4},
    5: {1: 1, 2: 3, 3: 2, 4: 3},
    6: {1: 3, 2: 12, 3: 4, 4: 4, 5: 5, 6: 3, 8: 4},
    7: {1: 3, 2: 4, 3: 2, 4: 5, 5: 2, 6: 2},
    8: {1: 2, 2: 3, 3: 1, 4: 1},
    9: {1: 3, 2: 4},
    10: {1: 2, 2: 2, 3: 4, 4: 11, 5: 5, 6: 2, 7: 3},
    11: {1: 2, 2: 3, 3: 3, 4: 4, 5: 1, 6: 1},
    12: {1: 3, 2: 2, 3: 4},
    13: {1: 1, 2: 5, 3: 2, 4: 5},
    14: {1: 2, 2: 4, 3: 3},
    15: {1: 3, 2: 3, 3: 7},
    16: {1: 1, 2: 5, 3: 4, 4: 3, 5: 3},
    17: {1: 1, 2: 4, 3: 2},
}


class Row(NamedTuple):
    """A row of the page.

    Attributes:
        chapter: Number of the chapter that the row is in.
        item: Number of a requirement, such as `6.2.1`, or of a whole section or chapter.
        status: One of `STATUSES`.
        tests: Tests that the row names.
    """

    chapter: int
    item: str
    status: str
    tests: list[str]


def rows() -> Iterator[Row]:
    """All rows of the tables of requirements."""
    chapters = re.split(r"^## V(\d+) .*$", PAGE.read_text(), flags=re.MULTILINE)
    for chapter, text in zip(chapters[1::2], chapters[2::2], strict=True):
        for line in text.splitlines():
            if not line.startswith("|") or re.match(r"\| (item|---) \|", line):
                continue
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            assert len(cells) == 4, f"write | item | asks for | status | how |: {line[:60]}"
            item, asks, status, how = cells
            assert asks, f"{item}: say what it asks for"
            assert how, f"{item}: say how"
            named = re.findall(r"`([\w/]+\.py::\w+)`", how)
            assert len(named) == how.count("::"), f"{item}: write tests as `path::name`"
            yield Row(int(chapter), item, status.strip("`"), named)


def requirements() -> set[str]:
    """Numbers of all requirements of levels 1 and 2."""
    return {
        f"{chapter}.{section}.{number}"
        for chapter, sections in REQUIREMENTS.items()
        for section, count in sections.items()
        for number in range(1, count + 1)
    }


def functions_in(folder: Path) -> set[str]:
    """All test functions of a project, as `path::name`."""
    return {
        f"{path.relative_to(folder)}::{name}"
        for path in folder.glob("tests/**/test_*.py")
        for name in re.findall(r"^(?:async )?def (test_\w+)\(", path.read_text(), re.MULTILINE)
    }


def test_each_requirement_has_one_row() -> None:
    covered = Counter[str]()
    for row in rows():
        assert re.fullmatch(r"\d+(\.\d+){0,2}", row.item), f"{row.item}: write it as 6.2.1"
        assert row.item.split(".")[0] == str(row.chapter), f"{row.item} is in V{row.chapter}"
        if row.item in requirements():
            covered[row.item] += 1
            continue
        below = [each for each in requirements() if each.startswith(f"{row.item}.")]
        assert below, f"{row.item}: the standard has no such requirement of level 1 or 2"
        assert row.status == "no part", f"{row.item}: only what is no part can be one row"
        covered.update(below)
    assert requirements() - set(covered) == set(), "these have no row"
    assert [item for item, count in covered.items() if count > 1] == [], "these have several rows"


def test_the_rows_are_in_the_order_of_the_standard() -> None:
    found = [tuple(map(int, row.item.split("."))) for row in rows()]
    assert found == sorted(found)


def test_each_status_is_explained() -> None:
    explained = re.findall(r"^\| `([a-z ]+)` \| ", PAGE.read_text(), re.MULTILINE)
    assert sorted(explained) == sorted(STATUSES)
    assert {row.status for row in rows()} <= STATUSES


def test_each_yes_names_a_test() -> None:
    assert [row.item for row in rows() if row.status == "yes" and not row.tests] == []


def test_what_is_no_part_names_no_test() -> None:
    assert [row.item for row in rows() if row.status == "no part" and row.tests] == []


def test_each_named_test_exists(variant: Callable[[str], Path]) -> None:
    named = {test for row in rows() for test in row.tests}
    here = {test for test in named if test.startswith(HERE)}
    assert here - functions_in(ROOT) == set()
    assert named - here - set().union(*(functions_in(variant(name)) for name in VARIANTS)) == set()
