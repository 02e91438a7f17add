"""Every file belongs to one class, which is documented."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from jinja2 import Environment

from tests.rendering import ROOT, answer_sets
from updating.git import Git
from updating.ownership import GENERATED, Owner, Ownership
from updating.releases import releases

from .published import Generate, contents, versions


@pytest.fixture(scope="module")
def ownership() -> Ownership:
    return Ownership(yaml.safe_load((ROOT / "copier.yml").read_text())["_exclude"])


@pytest.mark.slow
@pytest.mark.parametrize("name", answer_sets())
def test_every_class_has_files_and_the_user_s_code_is_seeded(
    name: str, generate: Generate, newest: str, ownership: Ownership
) -> None:
    project = generate(answer_sets()[name], version=newest)
    owners: dict[Owner, list[str]] = {owner: [] for owner in Owner}
    for path in contents(project):
        owners[ownership.owner(path)].append(path)
    assert all(owners.values())
    for path in owners[Owner.SEEDED]:
        assert not re.search(r"/chassis/|^tests/(chassis|support|twelve_factor)/", path), path
    for path in owners[Owner.TEMPLATE]:
        mine = re.match(r"src/[^/]+/(?!chassis/)", path)
        assert mine is None or path.endswith(("py.typed", "__main__.py")), path


def test_every_pattern_matches_existing_files(ownership: Ownership) -> None:
    paths = [
        path.relative_to(ROOT / "template").as_posix().removesuffix(".jinja")
        for path in (ROOT / "template").rglob("*")
    ]
    for pattern in ownership.seeded:
        expression = re.escape(pattern).replace(r"\*", "[^/]*")
        assert any(re.fullmatch(expression, path) for path in paths), pattern


def test_the_table_is_documented(ownership: Ownership) -> None:
    rows = re.findall(r"^\| (seeded|generated) \| (.+?) \|", page(), re.MULTILINE)
    documented = {name: re.findall(r"`(.+?)`", cell) for name, cell in rows}
    assert documented == {"seeded": ownership.seeded, "generated": list(GENERATED)}


def test_the_examples_of_own_settings_stay_as_they_are() -> None:
    """An update changes `.env.example`, but not `settings.py`, from which `config` writes it."""
    path = "template/src/{{ package_name }}/settings.py.jinja"
    own = re.compile(r'(\w+): .*= Field\(\s*default=(.+),\s*description="(.+)"')
    now = set(own.findall((ROOT / path).read_text()))
    assert now
    for release in releases(Git(ROOT)):
        assert set(own.findall(Git(ROOT).text("show", f"{release.commit}:{path}"))) <= now


def test_every_status_is_documented() -> None:
    from updating.errors import Status

    rows = re.findall(r"^\| (\d) \|", page(), re.MULTILINE)
    assert [int(row) for row in rows] == [int(status) for status in Status]


OLD_FORM = [
    "*.py[co]",
    "{{ 'README.md' if _copier_operation == 'update' }}",
    "{{ '' if web else 'x' }}",
]
NEW_FORM = [
    "*.py[co]",
    "{% if _copier_operation == 'update' %}\nREADME.md\nsrc/*/web\n{% endif %}\n",
    "{% if not web %}\nx\n{% endif %}\n",
]


@pytest.mark.parametrize(
    ("table", "seeded"), [(OLD_FORM, ["README.md"]), (NEW_FORM, ["README.md", "src/*/web"])]
)
def test_the_table_is_read_in_the_format_of_every_release(
    table: list[str], seeded: list[str]
) -> None:
    ownership = Ownership(table)
    assert ownership.seeded == seeded
    assert ownership.owner("README.md") is Owner.SEEDED
    assert ownership.owner("x") is Owner.TEMPLATE


def test_every_release_has_seeded_files(published: Path) -> None:
    for version in versions(published):
        text = Git(published).text("show", f"{version}:copier.yml")
        ownership = Ownership(yaml.safe_load(text)["_exclude"])
        assert ownership.owner("src/orbit/app.py") is Owner.SEEDED, version
        assert ownership.owner("src/orbit/chassis/runtime.py") is Owner.TEMPLATE, version


def test_copier_leaves_seeded_files_alone_too(ownership: Ownership) -> None:
    """Files that Copier leaves out only for updates are seeded for the update program."""
    table = yaml.safe_load((ROOT / "copier.yml").read_text())["_exclude"]
    found = [
        Environment(autoescape=True).from_string(entry).render(_copier_operation="update").split()
        for entry in table
        if "_copier_operation" in entry
    ]
    assert [pattern for patterns in found for pattern in patterns] == ownership.seeded


def page() -> str:
    return Path(ROOT / "docs" / "updating.md").read_text()
