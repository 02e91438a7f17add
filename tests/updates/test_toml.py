"""Additions of both sides to a list of a TOML file are merged; other changes conflict."""

from __future__ import annotations

import pytest

from updating.merge import Merged, merge
from updating.trees import Store

BASE = """\
dependencies = [
    "a>=1",
    # About b.
    "b>=1",
]

[tool]
line = 100
"""


def merged(
    store: Store, ours: str, theirs: str, *, path: str = "x.toml", base: str = BASE
) -> Merged:
    sides = ({path: store.entry(text.encode())} for text in (base, ours, theirs))
    return merge(store, *sides, name="theirs")


def text(store: Store, result: Merged) -> str:
    [entry] = result.files.values()
    return store.read(entry.blob).decode()


def added(lines: str) -> str:
    return BASE.replace('    "b>=1",\n', f'    "b>=1",\n{lines}')


MINE, YOURS = '    "mine",\n', '    # Why it is.\n    "yours",\n'


def test_both_additions_to_the_end_of_a_list_are_kept(store: Store) -> None:
    result = merged(store, added(MINE), added(YOURS))
    assert text(store, result) == added(MINE + YOURS)
    assert not result.conflicts
    assert not result.stages


def test_both_additions_are_kept_with_crlf(store: Store) -> None:
    result = merged(store, added(MINE).replace("\n", "\r\n"), added(YOURS))
    assert text(store, result).encode() == added(MINE + YOURS).replace("\n", "\r\n").encode()


def test_an_addition_beside_removed_lines_is_kept(store: Store) -> None:
    result = merged(store, added(MINE), BASE.replace('    # About b.\n    "b>=1",\n', ""))
    assert not result.conflicts
    assert text(store, result) == BASE.replace('    # About b.\n    "b>=1",\n', MINE)


def test_an_addition_beside_a_changed_line_is_kept(store: Store) -> None:
    result = merged(store, added(MINE), BASE.replace("b>=1", "b>=2"))
    assert not result.conflicts
    assert text(store, result) == added(MINE).replace("b>=1", "b>=2")


@pytest.mark.parametrize(
    ("ours", "theirs", "path"),
    [
        pytest.param(
            BASE.replace("b>=1", "b>=2"), BASE.replace("b>=1", "b>=3"), "x.toml", id="both_changed"
        ),
        pytest.param(BASE.replace("100", "79"), BASE.replace("100", "120"), "x.toml", id="number"),
        pytest.param(
            f"{BASE}more = 1\n", f"{BASE}more = 2\n", "x.toml", id="one_key_with_two_values"
        ),
        pytest.param(
            BASE.replace('    "b>=1",\n', MINE),
            BASE.replace('    "b>=1",\n', YOURS),
            "x.toml",
            id="both_replaced",
        ),
        pytest.param(
            f"{BASE}[mine]\nx = 1\n", f"{BASE}[yours]\nx =\n", "x.toml", id="theirs_is_no_toml"
        ),
        pytest.param(added(MINE), added(YOURS), "x.txt", id="not_toml"),
    ],
)
def test_other_changes_remain_conflicts(store: Store, ours: str, theirs: str, path: str) -> None:
    result = merged(store, ours, theirs, path=path)
    assert [conflict.path for conflict in result.conflicts] == [path]
    assert "<<<<<<< your-project" in text(store, result)


def test_tables_that_both_sides_add_follow_each_other(store: Store) -> None:
    mine, yours = "\n[mine]\nx = 1\n", "\n[yours]\nx = 2\n"
    assert text(store, merged(store, BASE + mine, BASE + yours)) == BASE + mine + yours.lstrip()


def test_a_value_that_would_land_in_the_other_sides_table_is_a_conflict(store: Store) -> None:
    result = merged(store, f"{BASE}\n[mine]\nx = 1\n", f"{BASE}more = 2\n")
    assert result.conflicts
