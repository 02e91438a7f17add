"""Unusual repositories and git settings."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.rendering import ROOT
from updating.errors import Status, UpdateError
from updating.git import Git
from updating.shared import Shared
from updating.update import commit_update, update

from .published import IDENTITY, Generate, commit_all, contents, git_in
from .test_obstacles import whole

MINIMAL = {"preset": "minimal"}
MEBIBYTE = 1 << 20


@pytest.fixture
def project(generate: Generate) -> Path:
    return generate(MINIMAL)


@pytest.fixture
def result(generate: Generate) -> dict[str, bytes]:
    """The result of an update in an ordinary repository."""
    ordinary = generate(MINIMAL, name="ordinary")
    update(ordinary)
    return contents(ordinary)


def settings(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    """Git settings in the user's configuration."""
    monkeypatch.setenv("GIT_CONFIG_COUNT", str(len(values)))
    for number, (name, value) in enumerate(values.items()):
        monkeypatch.setenv(f"GIT_CONFIG_KEY_{number}", name.replace("__", "."))
        monkeypatch.setenv(f"GIT_CONFIG_VALUE_{number}", value)


SETTINGS = {
    "bare repositories only by name": {"safe__bareRepository": "explicit"},
    "no file URLs": {"protocol__file__allow": "never"},
    "no protocol at all": {"protocol__allow": "never"},
    "other line endings": {"core__autocrlf": "true", "core__safecrlf": "true"},
    "recorded resolutions": {"rerere__enabled": "true", "rerere__autoupdate": "true"},
    "another style of conflict markers": {"merge__conflictStyle": "zdiff3"},
    "a split index": {"core__splitIndex": "true"},
    "an untracked cache": {"core__untrackedCache": "true"},
    "a file system monitor": {"core__fsmonitor": "true"},
    "colours and pagers": {"color__ui": "always", "core__pager": "false"},
    "prefixes": {"diff__noprefix": "true", "status__short": "true", "status__branch": "true"},
    "no renames": {"diff__renames": "false", "merge__renames": "false"},
    "another format of new repositories": {"init__defaultObjectFormat": "sha256"},
}


@pytest.mark.slow
@pytest.mark.parametrize("name", SETTINGS)
def test_an_update_works_with_unusual_git_settings(
    name: str, project: Path, result: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings(monkeypatch, **SETTINGS[name])
    report = update(project)
    assert report.commit
    assert {
        path: text.replace(b"\r\n", b"\n") for path, text in contents(project).items()
    } == result
    # `Git` would override these settings.
    status = ["git", "status", "--porcelain=v1", "--no-branch"]
    assert not subprocess.run(status, cwd=project, capture_output=True, check=True).stdout


def test_a_recorded_resolution_can_be_repeated(project: Path) -> None:
    git = git_in(project)
    git.run("config", "rerere.enabled", "true")
    shell = project / "src" / "orbit" / "chassis" / "cli" / "shell.py"
    shell.write_text(shell.read_text().replace("from ..console", "from ..my_console"))
    commit_all(project)
    for resolved in (b"from ..my_console import mine\n", None):
        report = update(project)
        assert report.conflicts
        assert report.next[0].startswith("Run `git rerere`")
        git.run("rerere")
        if resolved is not None:
            text = shell.read_bytes()
            begin, end = text.index(b"<<<<<<<"), text.index(b"\n", text.index(b">>>>>>>")) + 1
            shell.write_bytes(text[:begin] + resolved + text[end:])
            git.run("rerere")
            git.run(*str(report.undo).split()[1:])
    assert b"from ..my_console import mine\n" in shell.read_bytes()
    assert b"<<<<<<<" not in shell.read_bytes()


RENAMED = Path("src/orbit/chassis/cli")
OF_MERGES = {
    "no renames": {"merge__renames": "false"},
    "few renames": {"merge__renameLimit": "1"},
    "normalized line endings": {"merge__renormalize": "true"},
    "a merge driver that takes both sides": {"merge__default": "union"},
    "a low limit for large files": {"core__bigFileThreshold": "1"},
}


@pytest.fixture
def renamed(generate: Generate) -> Callable[[str], Path]:
    """A project with renamed files and an edited line that the template changes, too."""

    def arrange(name: str) -> Path:
        project = generate(MINIMAL, version="1.4.0", name=name)
        for file in ("dev", "web"):
            edited = (project / RENAMED / f"{file}.py").read_text() + "# mine\n"
            (project / RENAMED / f"{file}.py").unlink()
            (project / RENAMED / f"my_{file}.py").write_text(edited)
        makefile = project / "Makefile"
        makefile.write_text(makefile.read_text().replace("scripts/update.py", "scripts/mine.py"))
        commit_all(project)
        return project

    return arrange


@pytest.mark.slow
@pytest.mark.parametrize("name", OF_MERGES)
def test_git_settings_do_not_change_the_merge(
    name: str, renamed: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    ordinary = renamed("ordinary")
    assert update(ordinary).conflicts
    project = renamed("project")
    settings(monkeypatch, **OF_MERGES[name])
    update(project)
    assert contents(project) == contents(ordinary)


@pytest.mark.slow
@pytest.mark.parametrize("attributes", ["eol=crlf", "binary", "working-tree-encoding=UTF-16"])
def test_attributes_of_the_user_only_apply_to_the_working_tree(
    attributes: str,
    generate: Generate,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ordinary, project = (
        generate(MINIMAL, version="1.4.0", name=name) for name in ("ordinary", "project")
    )
    update(ordinary)
    (tmp_path / "attributes").write_text(f"*.yml {attributes}\n*.toml {attributes}\n")
    settings(monkeypatch, core__attributesFile=str(tmp_path / "attributes"))
    with Shared() as fresh:
        update(project, shared=fresh)
    assert tree(project) == tree(ordinary)


def tree(project: Path) -> str:
    return git_in(project).text("rev-parse", "HEAD^{tree}")


def test_variables_of_git_hooks_are_ignored(
    project: Path, result: dict[str, bytes], tmp_path: Path
) -> None:
    """In a process that is started with them, like those of hooks."""
    other = tmp_path / "other"
    other.mkdir()
    git_in(other).run("init", "--quiet")
    (other / "mine.txt").write_text("mine\n")
    commit_all(other)
    before = whole(other)
    variables = {
        "GIT_DIR": str(other / ".git"),
        "GIT_WORK_TREE": str(other),
        "GIT_INDEX_FILE": str(other / ".git" / "index"),
        "GIT_OBJECT_DIRECTORY": str(other / ".git" / "objects"),
        "GIT_PREFIX": "src/",
        "GIT_LITERAL_PATHSPECS": "0",
        "GIT_ICASE_PATHSPECS": "1",
        "GIT_DEFAULT_HASH": "sha256",
    }
    done = subprocess.run(
        [sys.executable, "-m", "updating", str(project)],
        cwd=ROOT,
        env={**os.environ, **IDENTITY, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert contents(project) == result
    assert whole(other) == before


def in_worktree(project: Path) -> Path:
    place = project.with_name("worktree")
    git_in(project).run("worktree", "add", "--quiet", "-b", "other", str(place))
    return place


def with_git_folder_elsewhere(project: Path) -> Path:
    git_in(project).run("init", "--quiet", "--separate-git-dir", str(project.with_name("git")))
    return project


def detached(project: Path) -> Path:
    git_in(project).run("switch", "--quiet", "--detach")
    return project


def of_sha256(project: Path) -> Path:
    shutil.rmtree(project / ".git")
    git_in(project).run("init", "--quiet", "--object-format=sha256", "--initial-branch", "main")
    commit_all(project)
    return project


def shallow(project: Path) -> Path:
    return cloned(project, "--depth", "1")


def partial(project: Path) -> Path:
    git_in(project).run("config", "uploadpack.allowFilter", "true")
    return cloned(project, "--filter=blob:none", "--no-checkout")


def sparse(project: Path) -> Path:
    """A sparse checkout of a repository with several projects."""
    (project / "elsewhere").mkdir()
    (project / "elsewhere" / "other.txt").write_text("of others\n")
    commit_all(project)
    place = partial(project)
    git_in(place).run("sparse-checkout", "set", "--no-cone", "/*", "!/elsewhere/")
    return place


def cloned(project: Path, *options: str) -> Path:
    place = project.with_name("clone")
    address = project.as_uri()
    git_in(project.parent).run("clone", "--quiet", *options, address, str(place))
    git_in(place).run("checkout", "--quiet")
    return place


def linked(project: Path) -> Path:
    place = project.with_name("link")
    place.symlink_to(project)
    return place


PLACES: dict[str, Callable[[Path], Path]] = {
    "another working tree": in_worktree,
    "a separate git folder": with_git_folder_elsewhere,
    "a detached HEAD": detached,
    "sha256": of_sha256,
    "a shallow clone": shallow,
    "a partial clone": partial,
    "a sparse checkout of a partial clone": sparse,
    "a symlinked folder": linked,
}


@pytest.mark.slow
@pytest.mark.parametrize("name", PLACES)
def test_an_update_works_in_unusual_repositories(
    name: str, project: Path, result: dict[str, bytes]
) -> None:
    place = PLACES[name](project)
    report = update(place)
    git = git_in(place)
    assert report.commit == git.text("rev-parse", "HEAD")
    found = {path: text for path, text in contents(place).items() if path != ".git"}
    assert found == result
    assert not git.text("status", "--porcelain")
    assert git.text("fsck", "--no-dangling", "--connectivity-only") in ("", "notice: HEAD points")


def test_a_sparse_checkout_is_not_overwritten(project: Path) -> None:
    git_in(project).run("sparse-checkout", "set", "--no-cone", "/*", "!/tests/")
    before = whole(project)
    with pytest.raises(UpdateError, match="`git sparse-checkout disable`"):
        update(project)
    assert whole(project) == before


def test_a_repository_of_another_user_is_refused(
    project: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if os.getuid():
        pytest.skip("only root can give a folder to somebody else")
    monkeypatch.setenv("HOME", str(tmp_path))
    for path in (project, project / ".git"):
        os.chown(path, 12345, 12345)
    with pytest.raises(UpdateError, match=r"`git config --global --add safe\.directory .*project`"):
        update(project)


def test_commits_are_signed_if_the_user_signs(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = tmp_path / "key"
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)]
    subprocess.run(command, check=True)
    settings(monkeypatch, commit__gpgSign="true", gpg__format="ssh", user__signingKey=str(key))
    report = update(project)
    assert b"\ngpgsig -----BEGIN SSH SIGNATURE-----" in git_in(project).raw(
        "cat-file", "commit", str(report.commit)
    )


def test_a_key_that_cannot_sign_changes_nothing(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = whole(project)
    settings(
        monkeypatch,
        commit__gpgSign="true",
        gpg__format="ssh",
        user__signingKey=str(tmp_path / "none"),
    )
    with pytest.raises(UpdateError, match="--no-commit"):
        update(project)
    assert whole(project) == before


def test_large_files_are_neither_copied_nor_read(project: Path) -> None:
    large = project / "model.bin"
    with large.open("wb") as file:
        for _ in range(32):
            file.write(os.urandom(MEBIBYTE))
    commit_all(project)
    size = sum(path.stat().st_size for path in (project / ".git" / "objects").rglob("*"))
    assert update(project).commit
    grown = sum(path.stat().st_size for path in (project / ".git" / "objects").rglob("*")) - size
    assert grown < MEBIBYTE


@pytest.mark.parametrize(
    "options", [(), ("--depth", "1", "--single-branch"), ("--filter=blob:none",)]
)
def test_an_update_without_a_working_tree(
    options: tuple[str, ...], project: Path, tmp_path: Path
) -> None:
    """It can be pushed from there, and equals the command's commit."""
    git_in(project).run("config", "uploadpack.allowFilter", "true")
    git_in(project).run("config", "uploadpack.allowAnySHA1InWant", "true")
    # A content that occurs in no rendering.
    with (project / "Makefile").open("a") as makefile:
        makefile.write("# mine\n")
    commit_all(project)
    bare = tmp_path / "bare"
    git_in(tmp_path).run("clone", "--quiet", "--bare", *options, project.as_uri(), str(bare))
    report = commit_update(bare)
    git = Git(bare, {"GIT_DIR": str(bare)})
    head = git.text("rev-parse", "HEAD")
    assert git.text("rev-parse", f"{report.commit}^") == head
    git.run("push", "--quiet", "origin", f"{report.commit}:refs/heads/template")
    update(project)
    assert (
        git_in(project).text("rev-parse", "HEAD^{tree}", "template^{tree}").split()
        == [git.text("rev-parse", f"{report.commit}^{{tree}}")] * 2
    )
    again = commit_update(bare, parent=str(report.commit))
    assert again.commit is None
    assert again.is_empty


def test_conflicts_without_a_working_tree_are_committed_with_their_markers(project: Path) -> None:
    shell = project / "src" / "orbit" / "chassis" / "cli" / "shell.py"
    shell.write_text(shell.read_text().replace("from ..console", "from ..my_console"))
    commit_all(project)
    before = whole(project)
    report = commit_update(project / ".git")
    assert report.status is Status.CONFLICTS
    place = f"{report.commit}:src/orbit/chassis/cli/shell.py"
    assert b"<<<<<<< " in git_in(project).raw("show", place)
    assert whole(project) == before


def test_a_missing_commit_is_refused(project: Path) -> None:
    with pytest.raises(UpdateError, match="There is no commit nowhere in"):
        commit_update(project / ".git", parent="nowhere")
