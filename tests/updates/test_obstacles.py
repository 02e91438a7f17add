"""What a person has where an update writes: it is refused, and nothing changes."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.rendering import ROOT
from updating.errors import Status, UpdateError
from updating.update import update

from .published import Generate, commit_all, git_in

FOLDER = (stat.S_IFDIR, None)
KUBERNETES = {"container": True, "kubernetes": True}


@pytest.fixture
def project(generate: Generate, newest: str) -> Path:
    return generate({"preset": "minimal"}, version=newest)


def whole(project: Path) -> dict[str, object]:
    """Everything in the working tree with its kind, and what git makes of it."""
    found: dict[str, object] = {}
    for place, folders, names in os.walk(project):
        if Path(place) == project:
            folders.remove(".git")
        for name in (*folders, *names):
            path = Path(place, name)
            about = path.lstat()
            kind = stat.S_IFMT(about.st_mode)
            content = str(path.readlink()) if path.is_symlink() else None
            if stat.S_ISREG(about.st_mode):
                content = path.read_bytes().decode("latin-1")
            found[str(path.relative_to(project))] = (kind, content)
    git = git_in(project)
    found["HEAD"] = git.text("rev-parse", "HEAD")
    found["index"] = git.text("ls-files", "--stage")
    return found


def ignore(project: Path, name: str) -> None:
    (project / ".git" / "info").mkdir(exist_ok=True)
    (project / ".git" / "info" / "exclude").write_text(f"{name}\n")


def ignored_file(project: Path) -> None:
    ignore(project, "deploy")
    (project / "deploy").write_text("mine\n")


def untracked_file(project: Path) -> None:
    (project / "deploy").write_text("mine\n")


def link_to_a_folder(project: Path) -> None:
    elsewhere = project.with_name("elsewhere")
    elsewhere.mkdir()
    (project / "deploy").symlink_to(elsewhere)


def broken_link(project: Path) -> None:
    (project / "deploy").symlink_to("nowhere")


def inner_file(project: Path) -> None:
    (project / "deploy").mkdir()
    (project / "deploy" / "kubernetes").write_text("mine\n")


def folder_with_files(project: Path) -> None:
    (project / "Dockerfile").mkdir()
    (project / "Dockerfile" / "notes.txt").write_text("mine\n")


def file_itself(project: Path) -> None:
    ignore(project, "Dockerfile")
    (project / "Dockerfile").write_text("mine\n")


def pipe(project: Path) -> None:
    os.mkfifo(project / "Dockerfile")


UNKNOWN: dict[str, tuple[Callable[[Path], None], str]] = {
    "an ignored file where a folder comes": (ignored_file, "deploy"),
    "an untracked file where a folder comes": (untracked_file, "deploy"),
    "a link to a folder where a folder comes": (link_to_a_folder, "deploy"),
    "a broken link where a folder comes": (broken_link, "deploy"),
    "a file where an inner folder comes": (inner_file, "deploy/kubernetes"),
    "a folder where a file comes": (folder_with_files, "Dockerfile/notes.txt"),
    "an ignored file where a file comes": (file_itself, "Dockerfile"),
    "a pipe where a file comes": (pipe, "Dockerfile"),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_git_does_not_know_is_not_written_over(name: str, project: Path) -> None:
    arrange, path = UNKNOWN[name]
    arrange(project)
    before = whole(project)
    for preview in (True, False):
        with pytest.raises(UpdateError, match=f"^{path} is not under version control") as refused:
            update(project, data=KUBERNETES, preview=preview)
        assert refused.value.status is Status.REFUSED
        assert whole(project) == before


def test_a_folder_whose_name_has_a_line_break_is_named(project: Path, tmp_path: Path) -> None:
    moved = project.rename(tmp_path / "two\nlines")
    with pytest.raises(UpdateError, match="line break in it: rename that folder"):
        update(moved)


def test_names_that_differ_in_case_alone(project: Path) -> None:
    (project / "dockerfile").write_text("mine\n")
    commit_all(project)
    (project / "Dockerfile").hardlink_to(project / "dockerfile")
    before = whole(project)
    with pytest.raises(UpdateError, match="Dockerfile and dockerfile are one file on this file"):
        update(project, data=KUBERNETES)
    assert whole(project) == before
    (project / "Dockerfile").unlink()
    (project / "Dockerfile").write_text("mine too\n")
    with pytest.raises(UpdateError, match="Dockerfile is not under version control"):
        update(project, data=KUBERNETES)


def test_empty_folders_are_nobody_s(project: Path) -> None:
    (project / "Dockerfile" / "empty").mkdir(parents=True)
    report = update(project, data=KUBERNETES)
    assert "Dockerfile" in report.added
    assert (project / "Dockerfile").is_file()


def test_a_folder_that_cannot_be_written_to_is_named(project: Path) -> None:
    (project / "tests").chmod(0o555)
    before = whole(project)
    command = [sys.executable, "-m", "updating", "--data", "database=sqlite"]
    if not os.getuid():
        # Without what lets root write everywhere.
        command[:0] = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"]
    done = subprocess.run(
        command,
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == Status.REFUSED, done.stderr
    assert f"{project / 'tests'} cannot be written to: give yourself the right" in done.stderr
    assert whole(project) == before


@pytest.mark.parametrize("flag", ["assume-unchanged", "skip-worktree"])
def test_a_file_that_git_was_told_not_to_look_at_is_not_written_over(
    flag: str, generate: Generate
) -> None:
    project = generate({"preset": "minimal"})
    git_in(project).run("update-index", f"--{flag}", "Makefile")
    (project / "Makefile").write_text("mine, and git does not see it\n")
    before = whole(project)
    with pytest.raises(UpdateError, match=f"`git update-index --no-{flag} Makefile`"):
        update(project)
    assert whole(project) == before


def submodule(project: Path) -> None:
    library = project.with_name("library")
    library.mkdir()
    git_in(library).run("init", "--quiet")
    (library / "shared.py").write_text("shared\n")
    commit_all(library)
    add = ("-c", "protocol.file.allow=always", "submodule", "add", "--quiet")
    git_in(project).run(*add, str(library), "deploy")


TRACKED: dict[str, tuple[Callable[[Path], None], str]] = {
    "a file": (untracked_file, "deploy"),
    "a link": (broken_link, "deploy"),
    "a submodule": (submodule, "deploy"),
    "a folder": (folder_with_files, "Dockerfile"),
}


@pytest.mark.parametrize("name", TRACKED)
def test_a_file_where_the_release_has_a_folder_and_the_reverse(name: str, project: Path) -> None:
    arrange, path = TRACKED[name]
    arrange(project)
    commit_all(project)
    before = whole(project)
    with pytest.raises(UpdateError, match=f"^Your .+ {path} stands where the release") as refused:
        update(project, data=KUBERNETES)
    assert "rename" in str(refused.value)
    assert whole(project) == before


def test_something_else_at_the_name_of_a_new_file_is_named(project: Path) -> None:
    """Git would keep both, one of them by a name of its own making."""
    (project / "Dockerfile").symlink_to("README.md")
    commit_all(project)
    before = whole(project)
    with pytest.raises(UpdateError, match=r"^Your link Dockerfile has the name of a new file"):
        update(project, data=KUBERNETES)
    assert whole(project) == before


def test_a_folder_in_place_of_a_file_that_the_template_changes_stays(
    generate: Generate, published: Path
) -> None:
    project = generate({"preset": "minimal"})
    (project / "Makefile").unlink()
    (project / "Makefile").mkdir()
    (project / "Makefile" / "mine.mk").write_text("mine\n")
    commit_all(project)
    report = update(project)
    assert "Makefile" in report.left_deleted
    assert (project / "Makefile" / "mine.mk").read_text() == "mine\n"
    assert not list(project.glob("Makefile~*"))
