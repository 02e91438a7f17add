"""The toolkit for migrations, and the migrations."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from packaging.version import Version
from tomlkit import TOMLDocument

from migrations import settings_parts, toolkit
from migrations.toolkit import After, Before
from migrations.v1_4_1 import ADDED, add_filters_before_those_of_people
from migrations.v1_7_0 import carry_edited_settings, say_what_ci_tests_now
from tests.rendering import ROOT
from updating.errors import Status, UpdateError
from updating.trees import Store

from .published import git_in

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
    """Only the migrations that the test registers."""
    monkeypatch.setattr(toolkit, "_before", [])
    monkeypatch.setattr(toolkit, "_after", [])
    monkeypatch.setattr(toolkit, "_load", lambda: None)


def test_rename_moves_the_file_on_both_sides(store: Store) -> None:
    project = before(store, {"a": "1"}, {"a": "mine"})
    for _ in range(2):
        project.rename("a", "b")
        assert texts(project) == {"b": "mine"}
        assert list(project.rendered) == ["b"]


def test_rename_does_not_overwrite_an_existing_file(store: Store) -> None:
    project = before(store, {"a": "1"}, {"a": "mine", "b": "mine too"})
    project.rename("a", "b")
    assert texts(project) == {"a": "mine", "b": "mine too"}


def test_rename_does_not_restore_a_deleted_file(store: Store) -> None:
    project = before(store, {"a": "1"}, {})
    project.rename("a", "b")
    assert texts(project) == {}
    assert list(project.rendered) == ["b"]


def test_new_questions_are_answered_only_where_no_answer_is_recorded(store: Store) -> None:
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


def test_line_endings_of_a_toml_file_are_kept(store: Store) -> None:
    project = before(store, {}, {"f.toml": 'entries = ["a"]\r\n[x]\r\n'})
    project.edit_toml("f.toml", add_entry)
    assert texts(project)["f.toml"] == 'entries = ["a", "c"]\r\n[x]\r\n'
    project = before(store, {}, {"f.toml": '\ufeffentries = ["a"]\n[x]\r\ny = 1\n'})
    project.edit_toml("f.toml", add_entry)
    assert texts(project)["f.toml"] == '\ufeffentries = ["a", "c"]\n[x]\r\ny = 1\n'


def test_invalid_toml_is_not_edited_on_both_sides(store: Store) -> None:
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
def test_steps_of_every_update_run_last(store: Store, tmp_path: Path) -> None:
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


def test_warning_filters_are_inserted_before_the_user_s(store: Store) -> None:
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


def test_replaced_warning_filters_are_kept(store: Store) -> None:
    mine = '[tool.pytest.ini_options]\nfilterwarnings = ["ignore"]\n'
    project = before(store, {}, {"pyproject.toml": mine})
    add_filters_before_those_of_people(project)
    assert texts(project)["pyproject.toml"] == mine


SETTINGS = '''"""The only reader of the environment."""

from pydantic import Field

Positive = int


class ChassisSettings:
    """What the chassis itself needs to know."""

    debug: bool = Field(default=False)

    host: str = Field(default="127.0.0.1")
    port: int = Field(default=8000)

    sentry_dsn: str = Field(default="")

    def production(self) -> bool:
        return True


def env_example() -> str:
    return ""
'''
PACKAGE = "src/orbit/chassis/settings"


def edited_settings(store: Store, text: str) -> dict[str, str]:
    """The edited settings of a project before the merge, by file."""
    project = before(store, {f"{PACKAGE}.py": SETTINGS}, {f"{PACKAGE}.py": text})
    carry_edited_settings(project)
    assert set(project.rendered) == set(project.project)
    return {path.removeprefix(f"{PACKAGE}/"): text for path, text in texts(project).items()}


def test_edits_of_the_settings_move_to_the_modules_of_their_parts(store: Store) -> None:
    text = SETTINGS.replace("8000", "9000").replace(
        "    sentry_dsn", '    # Mine.\n    pier: str = Field(default="a")\n    sentry_dsn'
    )
    moved = edited_settings(store, text + "\n# mine, at the end\n")
    assert set(moved) == {"__init__.py", "parts/web.py", "example.py"}
    assert moved["__init__.py"] == SETTINGS
    web = moved["parts/web.py"]
    assert "9000" in web
    assert "# Mine.\n    pier" in web
    assert "debug" not in web
    assert moved["example.py"].endswith("# mine, at the end\n")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("import Field", "import AnyUrl, Field"),
        ("port: int", "port: Annotated[int, Field(le=9)]"),
        ("What the chassis itself", "All that the chassis"),
        ("\n\ndef env_example", "\n\ndef mine() -> None: ...\n\n\ndef env_example"),
        ("def env_example() -> str:", "def env_example() -> str"),
    ],
)
def test_an_edit_that_needs_the_whole_file_of_settings_stays_in_one_piece(
    store: Store, old: str, new: str
) -> None:
    text = SETTINGS.replace(old, new)
    assert text != SETTINGS
    assert edited_settings(store, text) == {"__init__.py": text}


def test_settings_that_nobody_has_edited_are_only_moved(store: Store) -> None:
    assert edited_settings(store, SETTINGS) == {"__init__.py": SETTINGS}


def test_the_settings_of_the_last_release_have_a_place_in_the_template(published: Path) -> None:
    chassis = ROOT / "template" / "src" / "{{ package_name }}" / "chassis" / "settings"
    last = "1.6.0:template/src/{{ package_name }}/chassis/settings.py.jinja"
    moved = set(re.findall(r"^    (\w+): ", git_in(published).text("show", last), re.MULTILINE))
    for place, names in settings_parts.CONTENTS.items():
        [module] = chassis.glob(f"{place}*")
        if place.startswith("parts/"):
            fields = re.findall(r"^    (\w+): ", module.read_text(), re.MULTILINE)
            assert moved & set(fields) - {"secrets_source"} <= set(names.split()), place


WORKFLOW = ".github/workflows/mine.yml"


@pytest.mark.parametrize(
    ("path", "line", "command"),
    [
        (WORKFLOW, "- run: make test", "make test"),
        (WORKFLOW, "- run: make -j 2 lint test", None),
        (WORKFLOW, "- run: make lint test", "make lint test"),
        (WORKFLOW, "- run: uv run pytest -x", "uv run pytest"),
        (WORKFLOW, "- run: uv run --frozen pytest tests", "uv run --frozen pytest"),
        (".gitlab-ci.yml", "    - UV_PYTHON=$PYTHON make test", "make test"),
        (".gitlab-ci.yml", "    - python -m pytest", "python -m pytest"),
        ("Jenkinsfile", "sh 'make test'", "make test"),
        (WORKFLOW, "- run: make test-all", None),
        (WORKFLOW, "- run: make test-mine", None),
        (WORKFLOW, "# - run: make test", None),
        (WORKFLOW, "- run: uv run pytest tests/twelve_factor", None),
        (WORKFLOW, "- run: uv sync; echo pytest", None),
        ("scripts/mine.sh", "make test", None),
    ],
)
def test_ci_that_now_runs_fewer_tests_is_reported(
    path: str, line: str, command: str | None, store: Store, tmp_path: Path
) -> None:
    files = {path: store.entry(f"first line\n{line}\n".encode())}
    project = After(store, files, files, tmp_path)
    say_what_ci_tests_now(project)
    expected = [f"{path} calls `{command}`, which runs only your own tests"] if command else []
    assert [remark.partition(" from now on")[0] for remark in project.remarks] == expected
