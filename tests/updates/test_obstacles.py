"""Files at paths that an update writes: the update is refused, and nothing changes."""

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

from .published import Generate, commit_all, git_in, release

FOLDER = (stat.S_IFDIR, None)
KUBERNETES = {"container": True, "kubernetes": True}


@pytest.fixture
def project(generate: Generate, newest: str) -> Path:
    return generate({"preset": "minimal"}, version=newest)


def whole(project: Path) -> dict[str, object]:
    """Everything in the working tree with its kind, and git's status."""
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
    "an ignored file at the path of a folder": (ignored_file, "deploy"),
    "an untracked file at the path of a folder": (untracked_file, "deploy"),
    "a symlink to a folder at the path of a folder": (link_to_a_folder, "deploy"),
    "a broken symlink at the path of a folder": (broken_link, "deploy"),
    "a file at the path of an inner folder": (inner_file, "deploy/kubernetes"),
    "a folder at the path of a file": (folder_with_files, "Dockerfile/notes.txt"),
    "an ignored file at the path of a file": (file_itself, "Dockerfile"),
    "a pipe at the path of a file": (pipe, "Dockerfile"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", UNKNOWN)
def test_untracked_files_are_not_overwritten(name: str, project: Path) -> None:
    arrange, path = UNKNOWN[name]
    arrange(project)
    before = whole(project)
    for preview in (True, False):
        with pytest.raises(UpdateError, match=f"^{path} is untracked") as refused:
            update(project, data=KUBERNETES, preview=preview)
        assert refused.value.status is Status.REFUSED
        assert whole(project) == before


def test_a_folder_whose_name_has_a_line_break_is_named(project: Path, tmp_path: Path) -> None:
    moved = project.rename(tmp_path / "two\nlines")
    with pytest.raises(UpdateError, match="line break in it: rename that folder"):
        update(moved)


def test_names_that_only_differ_in_case(project: Path) -> None:
    (project / "dockerfile").write_text("mine\n")
    commit_all(project)
    (project / "Dockerfile").hardlink_to(project / "dockerfile")
    before = whole(project)
    with pytest.raises(
        UpdateError, match="Dockerfile and dockerfile are the same file on this file"
    ):
        update(project, data=KUBERNETES)
    assert whole(project) == before
    (project / "Dockerfile").unlink()
    (project / "Dockerfile").write_text("mine too\n")
    with pytest.raises(UpdateError, match="Dockerfile is untracked"):
        update(project, data=KUBERNETES)


def test_empty_folders_are_no_obstacle(project: Path) -> None:
    (project / "Dockerfile" / "empty").mkdir(parents=True)
    report = update(project, data=KUBERNETES)
    assert "Dockerfile" in report.added
    assert (project / "Dockerfile").is_file()


def test_a_folder_that_cannot_be_written_to_is_named(project: Path) -> None:
    (project / "tests").chmod(0o555)
    before = whole(project)
    command = [sys.executable, "-m", "updating", "--data", "database=sqlite"]
    if not os.getuid():
        # Without the capabilities by which root can write everywhere.
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
    assert f"{project / 'tests'} is not writable: fix its permissions" in done.stderr
    assert whole(project) == before


@pytest.mark.parametrize("flag", ["assume-unchanged", "skip-worktree"])
def test_a_file_that_git_does_not_check_is_not_overwritten(flag: str, generate: Generate) -> None:
    project = generate({"preset": "minimal"})
    git_in(project).run("update-index", f"--{flag}", "Makefile")
    (project / "Makefile").write_text("mine, and git does not see it\n")
    before = whole(project)
    with pytest.raises(UpdateError, match=f"`git update-index --no-{flag} Makefile`"):
        update(project)
    assert whole(project) == before


def submodule(project: Path, place: str = "deploy") -> None:
    library = project.with_name("library")
    library.mkdir()
    git_in(library).run("init", "--quiet")
    (library / "shared.py").write_text("shared\n")
    commit_all(library)
    add = ("-c", "protocol.file.allow=always", "submodule", "add", "--quiet")
    git_in(project).run(*add, str(library), place)


TRACKED: dict[str, tuple[Callable[[Path], None], str]] = {
    "a file": (untracked_file, "deploy"),
    "a link": (broken_link, "deploy"),
    "a submodule": (submodule, "deploy"),
    "a folder": (folder_with_files, "Dockerfile"),
}


@pytest.mark.parametrize("name", TRACKED)
def test_a_file_at_the_path_of_a_folder_and_the_reverse(name: str, project: Path) -> None:
    arrange, path = TRACKED[name]
    arrange(project)
    commit_all(project)
    before = whole(project)
    with pytest.raises(UpdateError, match=f"^Your .+ {path} is at the path of a ") as refused:
        update(project, data=KUBERNETES)
    assert "rename" in str(refused.value)
    assert whole(project) == before


OWN = {"AGENTS.md": "# Rules\n\nmine\n", "CLAUDE.md": "See AGENTS.md.\n"}


@pytest.fixture
def clone(published: Path, tmp_path: Path) -> Path:
    """A clone of the template, to which a test can add a release."""
    template = tmp_path / "template"
    git_in(published).run("clone", "--quiet", str(published), str(template))
    return template


def begin_guides_anew(template: Path) -> None:
    """Release guides with a new first line."""
    for name in OWN:
        [guide] = (template / "template").glob(f"{name}*")
        guide.write_text(f"new\n{guide.read_text()}")
    release(template, "9.0.0")


def test_guides_of_the_project_are_kept(generate: Generate) -> None:
    project = generate({"preset": "minimal"}, version="1.6.0")
    for name, text in OWN.items():
        (project / name).write_text(text)
    commit_all(project)
    report = update(project)
    assert not report.conflicts
    for name, text in OWN.items():
        assert (project / name).read_text() == text
        assert any(each.startswith(f"{name} existed already") for each in report.remarks)


def test_rewritten_guides_are_kept(generate: Generate, clone: Path, newest: str) -> None:
    project = generate({"preset": "minimal"}, version=newest, template=clone)
    for name, text in OWN.items():
        (project / name).write_text(text)
    commit_all(project)
    begin_guides_anew(clone)
    assert not update(project).conflicts
    assert {name: (project / name).read_text() for name in OWN} == OWN


def test_guides_with_additions_are_merged(generate: Generate, clone: Path, newest: str) -> None:
    project = generate({"preset": "minimal"}, version=newest, template=clone)
    guide = project / "AGENTS.md"
    guide.write_text(f"{guide.read_text()}\nmine\n")
    commit_all(project)
    begin_guides_anew(clone)
    assert not update(project).conflicts
    assert guide.read_text().startswith("new\n")
    assert guide.read_text().endswith("\nmine\n")


def test_a_symlink_at_the_path_of_a_new_file_is_kept(generate: Generate) -> None:
    """Git would keep both, one of them with a generated name."""
    project = generate({"preset": "minimal"}, version="1.6.0")
    (project / "AGENTS.md").write_text("mine\n")
    (project / "CLAUDE.md").symlink_to("AGENTS.md")
    commit_all(project)
    report = update(project)
    assert not report.conflicts
    assert (project / "AGENTS.md").read_text() == "mine\n"
    assert (project / "CLAUDE.md").readlink() == Path("AGENTS.md")
    for name in ("AGENTS.md", "CLAUDE.md"):
        assert any(each.startswith(f"{name} existed already") for each in report.remarks)
    assert not list(project.glob("*.md~*"))


def test_a_symlink_instead_of_a_changed_file_is_kept(generate: Generate) -> None:
    project = generate({"preset": "minimal"})
    (project / "Makefile").unlink()
    (project / "Makefile").symlink_to("README.md")
    commit_all(project)
    report = update(project)
    assert "Makefile" in report.left_deleted
    assert (project / "Makefile").readlink() == Path("README.md")
    assert not list(project.glob("Makefile~*"))


def test_a_submodule_at_the_path_of_a_new_file_is_refused(project: Path) -> None:
    submodule(project, "Dockerfile")
    commit_all(project)
    before = whole(project)
    with pytest.raises(UpdateError, match=r"^Your submodule Dockerfile has the name of a new file"):
        update(project, data=KUBERNETES)
    assert whole(project) == before


def test_a_folder_instead_of_a_changed_file_is_kept(generate: Generate, published: Path) -> None:
    project = generate({"preset": "minimal"})
    (project / "Makefile").unlink()
    (project / "Makefile").mkdir()
    (project / "Makefile" / "mine.mk").write_text("mine\n")
    commit_all(project)
    report = update(project)
    assert "Makefile" in report.left_deleted
    assert (project / "Makefile" / "mine.mk").read_text() == "mine\n"
    assert not list(project.glob("Makefile~*"))
