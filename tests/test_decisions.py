"""Decision records are listed, and the tests that they name exist."""

from __future__ import annotations

import re

from tests.rendering import ROOT

DECISIONS = ROOT / "docs" / "decisions"
SAQ = DECISIONS / "0006-saq-with-a-worker-of-our-own.md"


def test_every_record_is_listed_under_its_number() -> None:
    listed = re.findall(
        r"^(\d+)\. .*\((.+)\)$", (DECISIONS / "README.md").read_text(), re.MULTILINE
    )
    records = sorted(path.name for path in DECISIONS.glob("*.md") if path.name != "README.md")
    assert [(f"{int(number):04}", name) for number, name in listed] == [
        (name[:4], name) for name in records
    ]


def test_every_difference_from_saq_names_tests_that_exist() -> None:
    rows = [line for line in SAQ.read_text().splitlines() if re.match(r"\| [A-Z]", line)]
    named = [set(re.findall(r"`(test_\w+)`", row)) for row in rows]
    assert len(rows) >= 11
    assert all(named), [row for row, tests in zip(rows, named, strict=True) if not tests]
    existing = {
        name
        for path in (ROOT / "template" / "tests").rglob("test_*")
        for name in re.findall(r"^(?:async )?def (test_\w+)\(", path.read_text(), re.MULTILINE)
    }
    assert set().union(*named) - existing == set()
