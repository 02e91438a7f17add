"""Releases are read from the template's history."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rendering import ROOT
from updating.errors import UpdateError
from updating.git import Git
from updating.releases import releases, tagged_clone
from updating.template import Template

from .published import commit_all, git_in


def repository(folder: Path, *declared: str | None) -> Git:
    """A repository with a commit for each version; None leaves the file as it is."""
    folder.mkdir()
    git_in(folder).run("init", "--quiet", "--initial-branch", "main")
    for part in ("copier.yml", "extensions/names.py", "template/README.md"):
        (folder / part).parent.mkdir(exist_ok=True)
        (folder / part).touch()
    for number, version in enumerate(declared):
        if version is not None:
            text = f'[project]\nname = "twelvestar"\nversion = "{version}"\n' if version else ""
            (folder / "pyproject.toml").write_text(text)
        (folder / "other.txt").write_text(str(number))
        commit_all(folder, f"{number} {version}")
    return Git(folder)


def named(git: Git) -> dict[str, str]:
    return {
        str(release.version): git.text("log", "-1", "--format=%s", release.commit)
        for release in releases(git)
    }


def test_the_first_release_of_this_repository_is_found() -> None:
    assert str(releases(Git(ROOT))[0].version) == "1.0.0"


def test_a_release_is_the_commit_that_set_the_version(tmp_path: Path) -> None:
    git = repository(tmp_path / "t", "", "1.0.0", None, None, "1.1.0", None)
    assert named(git) == {"1.0.0": "1 1.0.0", "1.1.0": "4 1.1.0"}


def test_versions_are_ordered_as_versions(tmp_path: Path) -> None:
    git = repository(tmp_path / "t", "1.9.0", "1.10.0")
    assert list(named(git)) == ["1.9.0", "1.10.0"]


def test_a_withdrawn_release_does_not_count_until_it_is_set_again(tmp_path: Path) -> None:
    git = repository(tmp_path / "t", "1.0.0", "1.1.0", "1.0.0")
    assert named(git) == {"1.0.0": "0 1.0.0"}
    (tmp_path / "t" / "pyproject.toml").write_text(
        '[project]\nname = "twelvestar"\nversion = "1.1.0"\n'
    )
    commit_all(tmp_path / "t", "again")
    assert named(git) == {"1.0.0": "0 1.0.0", "1.1.0": "again"}


def test_a_merged_branch_is_released_by_its_merge(tmp_path: Path) -> None:
    folder = tmp_path / "t"
    git = repository(folder, "1.0.0")
    somebody = git_in(folder)
    somebody.run("switch", "--quiet", "--create", "next")
    (folder / "pyproject.toml").write_text('[project]\nname = "twelvestar"\nversion = "1.1.0"\n')
    commit_all(folder, "on a branch")
    somebody.run("switch", "--quiet", "main")
    somebody.run("merge", "--quiet", "--no-ff", "--message", "merged", "next")
    assert named(git)["1.1.0"] == "merged"


def test_a_shallow_history_is_refused(tmp_path: Path) -> None:
    repository(tmp_path / "t", "1.0.0", None, None)
    short = tmp_path / "short"
    address = (tmp_path / "t").as_uri()
    git_in(tmp_path).run("clone", "--quiet", "--depth", "1", address, str(short))
    with pytest.raises(UpdateError, match="git fetch --unshallow"):
        releases(Git(short))


def test_a_clone_is_tagged(tmp_path: Path) -> None:
    git = repository(tmp_path / "t", "1.0.0", None, "1.1.0", None)
    found = tagged_clone(tmp_path / "t", tmp_path / "clone")
    clone = Git(tmp_path / "clone")
    assert clone.text("tag").split() == ["1.0.0", "1.1.0"]
    assert [clone.text("rev-parse", str(each.version)) for each in found] == [
        release.commit for release in releases(git)
    ]


def test_a_release_is_found_without_its_tag_and_by_what_copier_records(tmp_path: Path) -> None:
    git = repository(tmp_path / "t", "1.0.0", None, "1.1.0", None)
    template = Template(str(tmp_path / "t"), tmp_path)
    commits = {str(release.version): release.commit for release in releases(git)}
    assert template.resolve("1.0.0") == commits["1.0.0"]
    assert template.resolve("v1.1.0") == commits["1.1.0"]
    head = git.text("rev-parse", "HEAD")
    assert template.resolve(f"1.1.0-1-g{head[:7]}") == head
    assert str(template.version(head)) == "1.1.0", "a commit belongs to the release before it"
    with pytest.raises(UpdateError, match=r"no release 9\.9\.9, and no such commit"):
        template.resolve("9.9.9")
