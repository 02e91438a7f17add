"""The matrix fails if an update loses a line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from migrations.toolkit import Before
from updating import compute as computing
from updating import line_ends
from updating import merge as merging
from updating.merge import Files, Merged
from updating.trees import Store

from .test_matrix import Cells, cells

__all__ = ["cells"]
EDITED = "edited_every_template_owned_file"
BESIDE = "edited_next_to_what_the_template_changes"

Break = Callable[[pytest.MonkeyPatch], None]


def after_merge(change: Callable[[Store, Files, Files, Files, Merged], Merged]) -> Break:
    """Make a function that changes the result of the merge."""

    def spoil(monkeypatch: pytest.MonkeyPatch) -> None:
        def merge(store: Store, base: Files, ours: Files, theirs: Files, *, name: str) -> Merged:
            merged = merging.merge(store, base, ours, theirs, name=name)
            return change(store, base, ours, theirs, merged)

        monkeypatch.setattr(computing, "merge", merge)

    return spoil


def drop_what_is_kept(
    _store: Store, _base: Files, _ours: Files, _theirs: Files, merged: Merged
) -> Merged:
    for path in merged.kept:
        del merged.files[path]
    return merged


def take_theirs(_: Store, base: Files, ours: Files, theirs: Files, merged: Merged) -> Merged:
    return replace(merged, files={**merged.files, **theirs}, conflicts=(), stages={})


def take_ours(_: Store, base: Files, ours: Files, theirs: Files, merged: Merged) -> Merged:
    return replace(merged, files=dict(ours), conflicts=(), stages={})


def bring_back(_: Store, base: Files, ours: Files, theirs: Files, merged: Merged) -> Merged:
    returned = {path: theirs[path] for path in merged.left_deleted}
    return replace(merged, files={**merged.files, **returned}, left_deleted=())


def say_nothing(_: Store, base: Files, ours: Files, theirs: Files, merged: Merged) -> Merged:
    return replace(merged, conflicts=(), stages={})


def without_renames(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Before, "rename", lambda *_: None)


def without_toml(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Before, "edit_toml", lambda *_: None)


def without_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Before, "map_answer", lambda *_: None)


def with_line_ends_as_edits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_ends, "plain", lambda content: content)


def with_one_line_end_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_ends, "as_in", lambda content, _model: content.replace(b"\n", b"\r\n"))


BREAKS: dict[str, tuple[Break, str, str]] = {
    "edits of renamed files are lost": (without_renames, "standard", EDITED),
    "removed files lose edits": (after_merge(drop_what_is_kept), "standard", EDITED),
    "the template wins": (after_merge(take_theirs), "standard", EDITED),
    "the project wins": (after_merge(take_ours), "standard", EDITED),
    "deleted files come back": (after_merge(bring_back), "standard", "deleted_files"),
    "conflicts are not reported": (after_merge(say_nothing), "standard", BESIDE),
    "lists are not merged by value": (without_toml, "standard", "added_to_the_ends_of_lists"),
    "an answer is not mapped": (without_answers, "proprietary", "touched_nothing"),
    "line ends count as edits": (with_line_ends_as_edits, "standard", "writes_crlf"),
    "one line ending replaces all": (with_one_line_end_for_all, "standard", "pasted_a_crlf_line"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", BREAKS)
def test_the_matrix_notices(name: str, cells: Cells, monkeypatch: pytest.MonkeyPatch) -> None:
    spoil, answers, persona = BREAKS[name]
    spoil(monkeypatch)
    with pytest.raises(AssertionError):
        cells.check("1.0.0", answers, persona)
