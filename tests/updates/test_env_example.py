"""Settings that a team and a release add to the end of .env.example are merged."""

from __future__ import annotations

import pytest

from updating.merge import Merged, merge
from updating.trees import Store

BASE = """\
# Address that the web process listens on.
# Text
#HOST=127.0.0.1

# Port that it listens on.
# Whole number
#PORT=8000
"""
MINE = """
# Currency of invoices.
# Text
CURRENCY=EUR
"""
YOURS = """
# Path of the service.
# Text
#PATH_PREFIX=
"""


def merged(store: Store, ours: str, theirs: str, path: str = ".env.example") -> Merged:
    sides = ({path: store.entry(text.encode())} for text in (BASE, ours, theirs))
    return merge(store, *sides, name="theirs")


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_templates_settings_come_first(store: Store, end: str) -> None:
    result = merged(store, (BASE + MINE).replace("\n", end), BASE + YOURS)
    assert not result.conflicts
    assert not result.stages
    [entry] = result.files.values()
    assert store.read(entry.blob).decode() == (BASE + YOURS + MINE).replace("\n", end)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_settings_after_removed_ones_are_kept(store: Store, end: str) -> None:
    part = "\n# Port that it listens on.\n# Whole number\n#PORT=8000\n"
    without = BASE.replace(part, "")
    assert without != BASE
    for own in (MINE, MINE.lstrip("\n")):
        result = merged(store, (BASE + own).replace("\n", end), without)
        assert not result.conflicts
        [entry] = result.files.values()
        assert store.read(entry.blob).decode() == (without + own).replace("\n", end)


def test_removed_settings_leave_no_blank_lines(store: Store) -> None:
    part = BASE[BASE.index("# Port") :]
    between = BASE.replace(part, "")
    result = merged(store, BASE + MINE, between)
    assert not result.conflicts
    [entry] = result.files.values()
    assert store.read(entry.blob).decode() == between + MINE.lstrip("\n")


@pytest.mark.parametrize(
    ("ours", "theirs", "path"),
    [
        pytest.param(
            BASE + MINE, BASE + MINE.replace("EUR", "USD"), ".env.example", id="same_name"
        ),
        pytest.param(
            BASE.replace("8000", "80"), BASE.replace("8000", "8080"), ".env.example", id="changed"
        ),
        pytest.param(BASE + MINE, BASE + YOURS, "notes.txt", id="another_file"),
    ],
)
def test_other_changes_remain_conflicts(store: Store, ours: str, theirs: str, path: str) -> None:
    assert [each.path for each in merged(store, ours, theirs, path).conflicts] == [path]
