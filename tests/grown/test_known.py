from pathlib import Path

import pytest

from tests.grown.known import Known, contradictions, known

from .test_grown import VARIANTS

LISTED = [Known(("make lint",), ("standard",), "A reason.")]


@pytest.mark.parametrize(
    ("results", "message"),
    [
        ({"make lint": "E501", "make format": "E999"}, "red, and not listed in known.toml: make f"),
        ({"make lint": None}, "no longer red: remove make lint for standard from known.toml"),
        ({}, "there is no such check: remove make lint for standard from known.toml"),
    ],
)
def test_wrong_entries_are_reported(results: dict[str, str | None], message: str) -> None:
    (found,) = contradictions("standard", results, LISTED)
    assert found.startswith(message)


def test_right_entries_are_not_reported() -> None:
    assert contradictions("standard", {"make lint": "E501", "make format": None}, LISTED) == []
    assert contradictions("minimal", {"make lint": None}, LISTED) == []


def test_a_flaky_check_may_be_green() -> None:
    sometimes = [Known(("make lint",), ("standard",), "A reason.", sometimes=True)]
    for output in ("E501", None):
        assert contradictions("standard", {"make lint": output}, sometimes) == []


def test_each_entry_has_variants_and_a_reason() -> None:
    for each in known():
        assert each.checks and each.variants and set(each.variants) <= set(VARIANTS), each
        assert each.why.endswith("."), each


def test_no_check_is_listed_twice_for_a_variant() -> None:
    pairs = [(check, name) for each in known() for check in each.checks for name in each.variants]
    assert len(set(pairs)) == len(pairs)


def test_a_list_is_read(tmp_path: Path) -> None:
    file = tmp_path / "known.toml"
    file.write_text('[[red]]\nchecks = ["make lint"]\nvariants = ["standard"]\nwhy = "A reason."\n')
    assert known(file) == LISTED
