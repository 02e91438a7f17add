"""The toolkit that migrations are written with, and the migrations."""

from __future__ import annotations

from pathlib import Path

import pytest
from packaging.version import Version
from tomlkit import TOMLDocument

from migrations import toolkit
from migrations.toolkit import After, Before
from migrations.v1_4_1 import ADDED, add_filters_before_those_of_people
from tests.rendering import ROOT
from updating.errors import Status, UpdateError
from updating.trees import Store

OLD, NEW = Version("1.0.0"), Version("1.3.0")


def before(store: Store, rendered: dict[str, str], project: dict[str, str]) -> Before:
    base, ours = (
        {path: store.entry(text.encode()) for path, text in side.items()}
        for side in (rendered, project)
    )
    return Before(store, base, ours, {"package_name": "orbit", "kept": 1})


def texts(project: Before | After) -> dict[str, str]:
    return {path: project.store.read(e.blob).decode() for path, e in project.project.items()}


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """No migrations but those that the test registers."""
    monkeypatch.setattr(toolkit, "_before", [])
    monkeypatch.setattr(toolkit, "_after", [])
    monkeypatch.setattr(toolkit, "_load", lambda: None)


def test_rename_moves_the_file_on_both_sides(store: Store) -> None:
    project = before(store, {"a": "1"}, {"a": "mine"})
    for _ in range(2):
        project.rename("a", "b")
        assert texts(project) == {"b": "mine"}
        assert list(project.rendered) == ["b"]


def test_rename_leaves_a_file_that_is_there_already(store: Store) -> None:
    project = before(store, {"a": "1"}, {"a": "mine", "b": "mine too"})
    project.rename("a", "b")
    assert texts(project) == {"a": "mine", "b": "mine too"}


def test_rename_of_a_file_that_the_project_deleted_brings_nothing_back(store: Store) -> None:
    project = before(store, {"a": "1"}, {})
    project.rename("a", "b")
    assert texts(project) == {}
    assert list(project.rendered) == ["b"]


def test_a_new_question_is_answered_once_and_for_nobody_who_has_answered_it(store: Store) -> None:
    project = before(store, {}, {})
    for _ in range(2):
        project.answer("new", False)
        project.answer("kept", 2)
        assert project.answers == {"package_name": "orbit", "kept": 1, "new": False}
        assert project.new_answers == {"new": False}


def test_answers_are_moved_and_mapped_once(store: Store) -> None:
    project = before(store, {}, {})
    project.answers.update(old=1, colour="rouge")
    for _ in range(2):
        project.move_answer("old", "new")
        project.map_answer("colour", {"rouge": "red"})
        project.map_answer("absent", {"rouge": "red"})
    assert project.answers == {"package_name": "orbit", "kept": 1, "new": 1, "colour": "red"}


def add_entry(document: TOMLDocument) -> None:
    entries = document["entries"]
    assert isinstance(entries, list)
    if "c" not in entries:
        entries.append("c")


def test_toml_is_edited_on_both_sides_and_keeps_its_comments(store: Store) -> None:
    mine = '# mine\nentries = ["a", "b"]  # why\n\n[x]\ny = 1 # two\n'
    project = before(store, {"f.toml": 'entries = ["a"]\n'}, {"f.toml": mine})
    for _ in range(2):
        project.edit_toml("f.toml", add_entry)
        assert texts(project)["f.toml"] == mine.replace('"b"]', '"b", "c"]')
        assert store.read(project.rendered["f.toml"].blob) == b'entries = ["a", "c"]\n'


def test_line_ends_of_a_toml_file_stay(store: Store) -> None:
    project = before(store, {}, {"f.toml": 'entries = ["a"]\r\n[x]\r\n'})
    project.edit_toml("f.toml", add_entry)
    assert texts(project)["f.toml"] == 'entries = ["a", "c"]\r\n[x]\r\n'
    project = before(store, {}, {"f.toml": '\ufeffentries = ["a"]\n[x]\r\ny = 1\n'})
    project.edit_toml("f.toml", add_entry)
    assert texts(project)["f.toml"] == '\ufeffentries = ["a", "c"]\n[x]\r\ny = 1\n'


def test_toml_that_is_none_is_left_alone_on_both_sides(store: Store) -> None:
    project = before(store, {"f.toml": 'entries = ["a"]\n'}, {"f.toml": "<<<<<<< x\n"})
    project.edit_toml("f.toml", add_entry)
    assert texts(project)["f.toml"] == "<<<<<<< x\n"
    assert store.read(project.rendered["f.toml"].blob) == b'entries = ["a"]\n'


def test_without_tomlkit_a_sentence_says_what_to_do(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "tomlkit", None)
    project = before(store, {}, {"f.toml": ""})
    with pytest.raises(UpdateError, match="--with tomlkit"):
        project.edit_toml("f.toml", add_entry)


@pytest.mark.usefixtures("steps")
def test_migrations_run_in_the_order_of_their_releases(store: Store) -> None:
    ran: list[str] = []
    for release in ("1.10.0", "1.3.0", "1.0.0", "1.2.0", "1.1.0"):
        toolkit.before(release)(lambda _, release=release: ran.append(release))  # type: ignore[misc]
    toolkit.run_before(OLD, NEW, before(store, {}, {}))
    assert ran == ["1.1.0", "1.2.0", "1.3.0"]
    ran.clear()
    toolkit.run_before(Version("1.1.0"), Version("1.2.0"), before(store, {}, {}))
    assert ran == ["1.2.0"]


@pytest.mark.usefixtures("steps")
def test_what_every_update_needs_comes_last(store: Store, tmp_path: Path) -> None:
    ran: list[str] = []
    toolkit.after()(lambda _: ran.append("every"))
    toolkit.after("1.1.0")(lambda _: ran.append("1.1.0"))
    toolkit.run_after(OLD, NEW, After(store, {}, {}, tmp_path / "after"))
    assert ran == ["1.1.0", "every"]


@pytest.mark.usefixtures("steps")
def test_a_migration_that_fails_is_named(store: Store) -> None:
    @toolkit.before("1.1.0")
    def turn_everything_round(project: Before) -> None:
        raise KeyError("left")

    with pytest.raises(UpdateError, match=r"turn_everything_round of release 1\.1\.0") as caught:
        toolkit.run_before(OLD, NEW, before(store, {}, {}))
    assert caught.value.status is Status.FAILED


OWN_MODULES = r"(orbit|chassis|conftest|support|tests)(\.|$)|test_"
FILTERS = '[tool.pytest.ini_options]\nfilterwarnings = [\n    "error",\n{own}]\n'


def test_filters_of_warnings_come_before_those_that_people_have_added(store: Store) -> None:
    own = '    "ignore::UserWarning", # mine\n'
    rendered, mine = FILTERS.format(own=""), FILTERS.format(own=own)
    project = before(store, {"pyproject.toml": rendered}, {"pyproject.toml": mine})
    for _ in range(2):
        add_filters_before_those_of_people(project)
        text = texts(project)["pyproject.toml"]
        assert text.endswith(f"    'error::FutureWarning:{OWN_MODULES}',\n{own}]\n")
        assert text.replace(own, "") == store.read(project.rendered["pyproject.toml"].blob).decode()


def test_the_filters_are_those_of_the_template() -> None:
    template = (ROOT / "template" / "pyproject.toml.jinja").read_text()
    assert ADDED.format(package="{{ package_name }}") in template


def test_filters_that_people_have_replaced_stay(store: Store) -> None:
    mine = '[tool.pytest.ini_options]\nfilterwarnings = ["ignore"]\n'
    project = before(store, {}, {"pyproject.toml": mine})
    add_filters_before_those_of_people(project)
    assert texts(project)["pyproject.toml"] == mine
