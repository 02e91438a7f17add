"""Locations of templates: paths, mirrors, bundles and URLs, and errors of git about them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from updating.drift import drift
from updating.errors import Status, UpdateError
from updating.git import Git
from updating.places import locate
from updating.template import Template
from updating.update import update

from .published import Generate, commit_all, git_in
from .test_command import MINIMAL, run
from .test_releases import repository


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """A template of two releases, with a mirror and a bundle of it."""
    repository(tmp_path / "t", "1.0.0", "1.1.0")
    git_in(tmp_path).run("clone", "--quiet", "--mirror", "t", "mirror.git")
    git_in(tmp_path / "t").run("bundle", "create", "--quiet", str(tmp_path / "b"), "main", "HEAD")
    return tmp_path / "t"


PLACES = {
    "a path": "{folder}/t",
    "a mirror": "{folder}/mirror.git",
    "a mirror without its suffix": "{folder}/mirror",
    "a bundle": "{folder}/b",
    "an address": "file://{folder}/t",
    "an address of a mirror": "file://{folder}/mirror.git",
    "an address as Copier takes it": "git+file://{folder}/t",
    "a path as Copier takes it": "git+{folder}/t",
    "in the home folder": "~/t",
    "beside the project": "../t",
    "beside the current folder": "../../t",
}


@pytest.mark.parametrize("name", PLACES)
def test_a_template_is_read_from_each_kind_of_location(
    name: str, template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, project, scratch = (tmp_path / each for each in ("one/here", "project", "scratch"))
    for folder in (here, project, scratch):
        folder.mkdir(parents=True)
    monkeypatch.chdir(here)
    monkeypatch.setenv("HOME", str(tmp_path))
    # Variables of a git hook that runs the update.
    for variable in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.setenv(variable, str(project / "elsewhere"))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    (tmp_path / "gitconfig").write_text("[safe]\nbareRepository = explicit\n")
    found = Template(PLACES[name].format(folder=tmp_path), scratch, project)
    newest = found.newest()
    assert str(newest.version) == "1.1.0"
    exported = found.export(newest.commit, scratch / "exported")
    assert (exported / "other.txt").read_text() == "1"
    assert (exported / "copier.yml").exists()
    assert not (exported / ".git").exists()
    assert not Git(template).text("status", "--porcelain")


@pytest.mark.parametrize(
    ("place", "address"),
    [
        ("gh:acme/stars", "https://github.com/acme/stars.git"),
        ("gh:/acme/stars.git", "https://github.com/acme/stars.git"),
        ("gl:acme/deep/stars", "https://gitlab.com/acme/deep/stars.git"),
        ("git@github.com:acme/stars.git", "git@github.com:acme/stars.git"),
        ("git+git@github.com:acme/stars.git", "git@github.com:acme/stars.git"),
        ("host:stars", "host:stars"),
        ("ssh://git@host:2222/~/stars", "ssh://git@host:2222/~/stars"),
        ("git+ssh://git@host/stars", "ssh://git@host/stars"),
        ("https://token@host/stars", "https://token@host/stars"),
    ],
)
def test_urls_are_passed_to_git_unchanged(place: str, address: str, tmp_path: Path) -> None:
    assert locate(place, tmp_path) == address


@pytest.mark.parametrize(
    "place",
    [
        "",
        "-u./x",
        "--upload-pack=./x:y",
        "ext::sh -c id",
        "git+ext::id",
        "foo://x",
        "a\nb:c",
        "git+",
    ],
)
def test_locations_that_git_could_execute_are_refused(place: str) -> None:
    with pytest.raises(UpdateError, match="use a path"):
        locate(place)


def test_a_folder_that_is_not_a_repository(tmp_path: Path) -> None:
    for place in (str(tmp_path), "~nobody-of-that-name/t", "x" * 5000):
        with pytest.raises(UpdateError, match="there is no such folder") as failed:
            locate(place, tmp_path)
        assert failed.value.status is Status.FAILED


def test_passwords_are_not_in_messages(tmp_path: Path) -> None:
    with pytest.raises(UpdateError) as failed:
        Template("https://ada:secret@127.0.0.1:9/t", tmp_path)
    assert "127.0.0.1:9/t" in str(failed.value)
    assert "secret" not in str(failed.value)


def test_a_git_setting_that_forbids_paths(
    template: Path, generate: Generate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    (tmp_path / "gitconfig").write_text("[protocol.file]\nallow = never\n")
    assert Template(str(template), tmp_path).newest()
    project = generate(MINIMAL)
    assert update(project).commit
    with pytest.raises(UpdateError, match=r"protocol\.file\.allow forbids it"):
        Template(template.as_uri(), tmp_path)


def test_a_shallow_template_is_refused(template: Path, tmp_path: Path) -> None:
    short = tmp_path / "short"
    git_in(tmp_path).run("clone", "--quiet", "--depth", "1", template.as_uri(), str(short))
    for place in (str(short), short.as_uri()):
        with pytest.raises(UpdateError, match=r"is a shallow clone.*--unshallow"):
            Template(place, tmp_path)


def test_a_partial_clone_fetches_missing_objects_or_fails(template: Path, tmp_path: Path) -> None:
    git_in(template).run("config", "uploadpack.allowFilter", "true")
    for name in ("one", "two"):
        words = ("clone", "--quiet", "--filter=blob:none", "--no-checkout")
        git_in(tmp_path).run(*words, template.as_uri(), name)
    one = Template(str(tmp_path / "one"), tmp_path)
    assert (one.export(one.newest().commit, tmp_path / "exported") / "other.txt").exists()
    template.rename(tmp_path / "gone")
    with pytest.raises(UpdateError, match="is a partial clone") as failed:
        Template(str(tmp_path / "two"), tmp_path).newest()
    assert failed.value.status is Status.FAILED


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
@pytest.mark.parametrize("name", ["t", "mirror.git"])
def test_a_template_of_another_user(name: str, template: Path, tmp_path: Path) -> None:
    for path in (tmp_path / name, *(tmp_path / name).rglob("*")):
        os.chown(path, 12345, 12345)
    with pytest.raises(UpdateError) as refused:
        Template(str(tmp_path / name), tmp_path)
    assert f"git config --global --add safe.directory {tmp_path / name}" in str(refused.value)


@pytest.mark.slow
@pytest.mark.parametrize("mirror", [False, True])
def test_both_commands_accept_a_url_and_a_mirror(
    mirror: bool, generate: Generate, published: Path, tmp_path: Path, newest: str
) -> None:
    place = published.as_uri()
    if mirror:
        place = str(tmp_path / "mirror.git")
        git_in(tmp_path).run("clone", "--quiet", "--mirror", str(published), place)
    project = generate(MINIMAL)
    answers = project / ".copier-answers.yml"
    answers.write_text(answers.read_text().replace(str(published), place))
    commit_all(project)
    assert drift(project) == []
    assert update(project).new.version == newest
    assert run(project, "--check").returncode == Status.CLEAN


def test_messages_of_git_are_one_line(tmp_path: Path) -> None:
    place = tmp_path.as_uri()
    with pytest.raises(UpdateError) as failed:
        Template(place, tmp_path)
    assert str(failed.value).count("\n") == 0
    assert "does not appear to be a git repository" in str(failed.value)
