"""The accepted commits of the template, and that an update never goes back to an earlier one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from updating.answers import ANSWERS_FILE
from updating.direction import choose
from updating.drift import drift
from updating.errors import Status, UpdateError
from updating.git import Git
from updating.template import Template
from updating.update import update

from .published import Generate, commit_all, git_in
from .test_releases import repository

MINIMAL = {"preset": "minimal"}


def beside(folder: Path, version: str, start: str) -> str:
    """Make a commit on a separate line of history, without a branch or tag."""
    git = git_in(folder)
    git.run("switch", "--quiet", "--detach", start)
    (folder / "pyproject.toml").write_text(f'[project]\nname = "fork"\nversion = "{version}"\n')
    commit = commit_all(folder, f"beside {start}")
    git.run("switch", "--quiet", "main")
    return commit


def test_a_project_ahead_of_the_newest_release_stays(
    tmp_path: Path,
) -> None:
    repository(tmp_path / "t", "1.0.0", "1.1.0", None)
    template = Template(str(tmp_path / "t"), tmp_path)
    head = template.resolve("HEAD")
    target = choose(template, head, None)
    assert target.commit == head
    assert "comes after 1.1.0, the newest release" in target.remarks[0]
    newest = template.newest().commit
    assert choose(template, newest, None).remarks == ()
    assert choose(template, newest, head).commit == head, "it has the same version, but is later"


def test_an_earlier_commit_is_refused_even_with_the_same_version(tmp_path: Path) -> None:
    repository(tmp_path / "t", "1.0.0", "1.1.0", None)
    template = Template(str(tmp_path / "t"), tmp_path)
    with pytest.raises(UpdateError, match=r"release 1\.1\.0 came before it"):
        choose(template, template.resolve("HEAD"), template.resolve("1.1.0", asked=True))


def test_a_withdrawn_release_is_updated_to_its_successor(tmp_path: Path) -> None:
    repository(tmp_path / "t", "1.0.0", "1.1.0", "1.0.0", "1.0.1")
    git = Git(tmp_path / "t")
    taken_back = git.text("rev-parse", "HEAD~2")
    template = Template(str(tmp_path / "t"), tmp_path)
    assert choose(template, taken_back, None).commit == git.text("rev-parse", "HEAD")


def test_outside_the_main_branch_the_version_decides(tmp_path: Path) -> None:
    folder = tmp_path / "t"
    repository(folder, "1.0.0", "1.1.0")
    lower, same, higher = (beside(folder, version, "HEAD~1") for version in ("1.0.1", "1.1", "1.2"))
    template = Template(str(folder), tmp_path)
    newest = template.newest().commit
    assert choose(template, lower, None).commit == newest
    for old in (same, higher):
        with pytest.raises(UpdateError, match="never goes back"):
            choose(template, old, None)
        assert choose(template, newest, higher).commit == higher


STRANGERS: dict[str, Callable[[str], str]] = {
    "a commit without a branch": lambda commit: commit,
    "the beginning of its id": lambda commit: commit[:10],
    "the output of git describe": lambda commit: f"1.1.0-3-g{commit[:7]}",
    "a pull request": lambda _: "refs/pull/1/head",
    "a pull request without refs": lambda _: "pull/1/head",
    "a merge request": lambda _: "refs/merge-requests/1/head",
    "a tag that is not a version": lambda _: "nightly",
    "a number in the reflog": lambda _: "HEAD@{1}",
    "a date in the reflog": lambda _: "main@{yesterday}",
    "a message": lambda _: ":/beside",
    "a message from a release": lambda _: "1.1.0^{/0 1.0.0}",
    "a parent": lambda _: "main~1",
    "an option": lambda _: "--all",
    "nothing": lambda _: "",
}


@pytest.mark.parametrize("name", STRANGERS)
@pytest.mark.parametrize("asked", [False, True])
def test_unmerged_commits_are_not_accepted(name: str, asked: bool, tmp_path: Path) -> None:
    folder = tmp_path / "t"
    git = repository(folder, "1.0.0", "1.1.0")
    commit = beside(folder, "1.2.0", "HEAD")
    git.run("tag", "nightly", commit)
    for place in ("refs/pull/1/head", "refs/merge-requests/1/head"):
        git.run("update-ref", place, commit)
    template = Template(str(folder), tmp_path)
    with pytest.raises(UpdateError, match=r"The template at .* has no release"):
        template.resolve(STRANGERS[name](commit), asked=asked)


def test_a_clone_only_has_branches_and_tags(tmp_path: Path) -> None:
    folder = tmp_path / "t"
    git = repository(folder, "1.0.0", "1.1.0")
    commit = beside(folder, "1.2.0", "HEAD")
    git.run("update-ref", "refs/pull/1/head", commit)
    template = Template(folder.as_uri(), tmp_path)
    assert template.git.succeeds("cat-file", "-e", template.resolve("HEAD"))
    assert not template.git.succeeds("cat-file", "-e", commit)


def test_commits_of_the_main_branch_and_release_branches_are_accepted(tmp_path: Path) -> None:
    folder = tmp_path / "t"
    git = repository(folder, "1.0.0", None, "1.1.0", None)
    line = git.text("rev-list", "--reverse", "HEAD").split()
    release = beside(folder, "1.0.1", "HEAD~2")
    git_in(folder).run("tag", "--annotate", "--message", "a fix", "v1.0.1", release)
    git.run("tag", "nightly", "HEAD")
    template = Template(str(folder), tmp_path)
    for name, commit in (
        (line[1], line[1]),
        (line[1][:7], line[1]),
        (f"1.0.0-1-g{line[1][:9]}", line[1]),
        ("1.0.1", release),
        ("v1.0.1", release),
        (release, release),
        ("1.1.0", line[2]),
        ("v1.1", line[2]),
        ("nightly", line[3]),
        ("HEAD", line[3]),
    ):
        assert template.resolve(name) == commit, name
        assert template.resolve(name, asked=True) == commit, name


@pytest.mark.parametrize("cloned", [False, True])
def test_a_branch_is_accepted_if_the_user_names_it(cloned: bool, tmp_path: Path) -> None:
    folder = tmp_path / "t"
    git = repository(folder, "1.0.0")
    first, tip = (beside(folder, "1.1.0", start) for start in ("HEAD", "HEAD"))
    tip = beside(folder, "1.2.0", first)
    git.run("branch", "next", tip)
    if cloned:
        git_in(tmp_path).run("clone", "--quiet", str(folder), str(tmp_path / "clone"))
        folder = tmp_path / "clone"
    template = Template(str(folder), tmp_path)
    for name in ("next", tip, first):
        with pytest.raises(UpdateError):
            template.resolve(name)
    assert template.resolve("next", asked=True) == tip
    assert template.resolve(first) == first, "commits of its branch are accepted from then on"


def fixed(published: Path, folder: Path) -> str:
    """A template with a fix after the newest release."""
    git_in(published).run("clone", "--quiet", str(published), str(folder))
    with (folder / "template" / "Makefile.jinja").open("a") as makefile:
        makefile.write("# a fix\n")
    return commit_all(folder, "Mend")


def test_an_update_keeps_a_fix_after_the_newest_release(
    generate: Generate, published: Path, tmp_path: Path
) -> None:
    template = tmp_path / "template"
    head = fixed(published, template)
    project = generate(MINIMAL)
    report = update(project, template=str(template), to="HEAD")
    git = Git(project)
    title = git.text("log", "-1", "--format=%s")
    assert report.new.commit == head
    report = update(project, template=str(template))
    assert report.is_empty
    assert "there is nothing to update to" in report.to_text()
    assert "# a fix" in (project / "Makefile").read_text()
    report = update(project, template=str(template), data={"procfile": True})
    assert "comes after" in report.remarks[0]
    assert "# a fix" in (project / "Makefile").read_text()
    assert (project / "Procfile").exists()
    assert yaml.safe_load((project / ANSWERS_FILE).read_text())["_commit"] == head
    assert title.startswith("Update from Twelvestar 1.0.0 to ")
    assert git.text("log", "-1", "--format=%s") == "Change Twelvestar's answers"


def test_a_project_of_a_commit_that_the_template_lost(
    generate: Generate, published: Path, newest: str, tmp_path: Path
) -> None:
    template = tmp_path / "template"
    lost = fixed(published, template)
    git_in(template).run("reset", "--quiet", "--hard", newest)
    project = generate(MINIMAL, version=newest)
    path = project / ANSWERS_FILE
    path.write_text(path.read_text().replace(f"_commit: {newest}", f"_commit: {lost}"))
    head = commit_all(project)
    for attempt in (update, drift):
        with pytest.raises(UpdateError, match="--from RELEASE") as refused:
            attempt(project, template=str(template))
        assert refused.value.status is Status.REFUSED
    assert Git(project).text("rev-parse", "HEAD") == head
    assert drift(project, template=str(template), base=newest) == []
    report = update(project, template=str(template), base=newest)
    assert report.is_empty
    assert yaml.safe_load(path.read_text())["_commit"] == newest
