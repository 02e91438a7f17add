"""The step that writes: after any failure, the project is unchanged."""

from __future__ import annotations

import errno
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

from updating import apply, index_lock, moving, write, writer
from updating.end import DONE, FAILED, IN_THE_WAY, MOVED, End
from updating.errors import Status, UpdateError
from updating.git import Git
from updating.interrupted import undo
from updating.lock import only_update
from updating.plan import FOLDER, PLAN, Plan
from updating.shared import Shared
from updating.update import update

from .published import Generate, commit_all, git_in, release
from .test_obstacles import whole

MINIMAL = {"preset": "minimal"}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository with a file of each kind."""
    project = tmp_path / "project"
    project.mkdir()
    git_in(project).run("init", "--quiet", "--initial-branch", "main")
    (project / "changed.txt").write_text("one\n")
    (project / "script.sh").write_text("#!/bin/sh\n")
    (project / "script.sh").chmod(0o755)
    (project / "link").symlink_to("changed.txt")
    (project / "becomes-folder").write_text("file\n")
    (project / "becomes-file").mkdir()
    (project / "becomes-file" / "inner.txt").write_text("inner\n")
    (project / "becomes-link").write_text("plain\n")
    (project / "dropped" / "deep").mkdir(parents=True)
    (project / "dropped" / "deep" / "file.txt").write_text("gone\n")
    (project / "stays.txt").write_text("mine\n")
    commit_all(project)
    return project


def plan_for(project: Path, *, commit: bool = True) -> Plan:
    """A plan that changes each file of the project."""
    git = git_in(project)
    head = git.text("rev-parse", "HEAD")
    (project / "changed.txt").write_text("two\n")
    (project / "script.sh").chmod(0o644)
    (project / "link").unlink()
    (project / "link").write_text("a file now\n")
    (project / "becomes-folder").unlink()
    (project / "becomes-folder").mkdir()
    (project / "becomes-folder" / "inner.txt").write_text("inner\n")
    (project / "becomes-file" / "inner.txt").unlink()
    (project / "becomes-file").rmdir()
    (project / "becomes-file").write_text("file\n")
    (project / "becomes-link").unlink()
    (project / "becomes-link").symlink_to("stays.txt")
    (project / "dropped" / "deep" / "file.txt").unlink()
    (project / "new").mkdir()
    (project / "new" / "naïve file\n.txt").write_text("new\n")
    after = commit_all(project)
    tree = git.text("rev-parse", "HEAD^{tree}")
    listing = git.raw("diff-tree", "-r", "-z", "--no-renames", "--name-status", head, after)
    words = listing.decode().split("\0")[:-1]
    changes = list(zip(words[::2], words[1::2], strict=True))
    git.run("reset", "--quiet", "--hard", head)
    return Plan(
        top=str(project),
        head=head,
        tree=tree,
        commit=after if commit else None,
        written=sorted(name for status, name in changes if status != "D"),
        removed=sorted(name for status, name in changes if status == "D"),
        branch="refs/heads/main",
        format=2,
    )


def carry_out(project: Path, plan: Plan) -> End:
    plan.save(project / ".git" / PLAN)
    return apply.carry_out(project / ".git")


def is_tidy(project: Path) -> bool:
    kept = {path.name for path in (project / ".git" / FOLDER).iterdir()}
    return kept <= {"write.lock", "project.lock", "plan.lock"} and not any(
        (project / ".git" / name).exists() for name in (PLAN, "index.lock")
    )


@pytest.mark.parametrize("commit", [True, False])
def test_every_kind_of_change_is_written(commit: bool, project: Path) -> None:
    plan = plan_for(project, commit=commit)
    assert carry_out(project, plan) == End(DONE)
    git = git_in(project)
    assert git.text("rev-parse", "HEAD") == (plan.commit if commit else plan.head)
    assert git.text("write-tree") == plan.tree
    assert not git.text("diff", "--name-only")
    assert not git.text("ls-files", "--others")
    assert not (project / "dropped").exists()
    assert is_tidy(project)


class StepFailed(OSError):
    """A simulated error, such as a full disk."""

    def __init__(self) -> None:
        super().__init__(errno.ENOSPC, "No space left on device")


def failing_at(step: int, error: type[BaseException]) -> Callable[[Path, Path], None]:
    """A replacement for `move` that fails at a step."""
    steps = count()
    moved = moving.move

    def move(source: Path, target: Path) -> None:
        if next(steps) == step:
            raise error
        moved(source, target)

    return move


@pytest.mark.parametrize("commit", [True, False])
def test_everything_is_restored_whichever_step_fails(
    commit: bool, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each move of a file, and the swap of HEAD, fails once, in this process."""
    plan = plan_for(project, commit=commit)
    before = whole(project)
    failures = 0
    for failing in range(100):
        with monkeypatch.context() as patch:
            patch.setattr(writer, "move", failing_at(failing, StepFailed))
            plan.save(project / ".git" / PLAN)
            end = writer.perform("write", project / ".git")
        if end.how == DONE:
            break
        failures += 1
        assert end.how == FAILED
        assert "No space left on device" in end.why
        assert whole(project) == before
        assert is_tidy(project)
    assert failures > len(plan.removed) + len(plan.written)


@contextmanager
def files_up_to(size: int) -> Iterator[None]:
    """Simulate a full disk: longer files cannot be written."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("size", [0, 100, 4000])
def test_a_full_disk_leaves_the_project_as_it_was(size: int, generate: Generate) -> None:
    project = generate(MINIMAL)
    before = whole(project)
    carried_out = apply.carry_out

    def with_full_disk(folder: Path) -> End:
        with files_up_to(size):
            return carried_out(folder)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(apply, "carry_out", with_full_disk)
        with pytest.raises(UpdateError) as failed:
            update(project)
    assert failed.value.status is Status.FAILED
    assert whole(project) == before
    # Files that could not be removed then are no obstacle now.
    assert update(project).commit


def test_a_disk_that_is_full_at_the_start_is_explained(generate: Generate) -> None:
    project = generate(MINIMAL)
    before = whole(project)
    with files_up_to(0), only_update(project / ".git", ""):
        pass
    with files_up_to(0), pytest.raises(UpdateError, match="Nothing was changed") as failed:
        update(project, shared=Shared())
    assert failed.value.status is Status.FAILED
    assert whole(project) == before


@pytest.fixture
def elsewhere() -> Iterator[Path]:
    """A folder on another file system."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        yield Path(folder)


def test_a_move_to_another_file_system_is_atomic(elsewhere: Path, tmp_path: Path) -> None:
    if elsewhere.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("There is one file system here.")
    source, target = tmp_path / "file", elsewhere / "file"
    source.write_bytes(b"mine\n" * 1000)
    with files_up_to(100), pytest.raises(OSError, match="too large"):
        moving.move(source, target)
    assert list(elsewhere.iterdir()) == []
    moving.move(source, target)
    assert target.read_bytes() == b"mine\n" * 1000
    assert not source.exists()
    assert list(elsewhere.iterdir()) == [target]


def test_a_git_folder_on_another_file_system(
    elsewhere: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk there is detected before the first move, because files could not be restored."""
    if elsewhere.stat().st_dev == project.stat().st_dev:
        pytest.skip("There is one file system here.")
    plan = plan_for(project)
    folder = elsewhere / "git"
    shutil.move(project / ".git", folder)
    plan.save(folder / PLAN)
    space = os.statvfs(project)
    with monkeypatch.context() as patch:
        nothing = os.statvfs_result((*space[:4], 0, *space[5:]))
        patch.setattr(os, "statvfs", lambda _: nothing)
        patch.setattr(writer, "move", failing_at(1, AssertionError))
        end = writer.perform("write", folder)
    assert (end.how, end.why) == (FAILED, f"{project}: No space left on device")
    plan.save(folder / PLAN)
    assert writer.perform("write", folder) == End(DONE)
    assert Git(project, {"GIT_DIR": str(folder)}).text("write-tree") == plan.tree


def test_a_full_disk_before_the_plan_leaves_the_project_as_it_was(generate: Generate) -> None:
    project = generate(MINIMAL)
    before = whole(project)
    for step in ("pack", "plan"):
        with pytest.MonkeyPatch.context() as patch:
            full(patch, step)
            with pytest.raises(UpdateError, match="Nothing was changed") as failed:
                update(project)
        assert failed.value.status is Status.FAILED
        assert whole(project) == before


def full(patch: pytest.MonkeyPatch, step: str) -> None:
    owner, name = {"pack": (write, "_copy_objects"), "plan": (Plan, "save")}[step]
    function = getattr(owner, name)

    def limited(*arguments: object) -> None:
        with files_up_to(64):
            function(*arguments)

    patch.setattr(owner, name, limited)


def test_a_moved_head_is_detected(project: Path) -> None:
    plan = plan_for(project)
    (project / "stays.txt").write_text("a colleague's\n")
    theirs = commit_all(project)
    before = whole(project)
    assert carry_out(project, plan) == End(MOVED)
    assert whole(project) == before
    assert git_in(project).text("rev-parse", "HEAD") == theirs
    assert is_tidy(project)


def test_another_branch_at_the_same_commit_is_detected(project: Path) -> None:
    plan = plan_for(project)
    git_in(project).run("switch", "--quiet", "--create", "other")
    before = whole(project)
    assert carry_out(project, plan) == End(MOVED)
    assert whole(project) == before


def test_head_is_swapped_atomically(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = plan_for(project)
    git = git_in(project)
    theirs = git.text("commit-tree", "HEAD^{tree}", "-p", "HEAD", stdin=b"theirs")
    replace = writer.Writer._replace

    def moving(self: writer.Writer, *arguments: object) -> None:
        replace(self, *arguments)  # type: ignore[arg-type]
        git.run("update-ref", "HEAD", theirs)

    monkeypatch.setattr(writer.Writer, "_replace", moving)
    plan.save(project / ".git" / PLAN)
    assert writer.perform("write", project / ".git") == End(MOVED)
    assert git.text("rev-parse", "HEAD") == theirs
    assert not git.text("status", "--porcelain")


def test_the_index_is_locked_while_it_writes(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_for(project)
    replace = writer.Writer._replace
    said = []

    def looking(self: writer.Writer, *arguments: object) -> None:
        (project / "stays.txt").write_text("in a hurry\n")
        command = ["git", "commit", "--all", "--message", "mine"]
        done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
        said.append((done.returncode, done.stderr))
        replace(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(writer.Writer, "_replace", looking)
    plan.save(project / ".git" / PLAN)
    assert writer.perform("write", project / ".git") == End(DONE)
    assert said[0][0] != 0
    assert "index.lock" in said[0][1]
    assert git_in(project).text("status", "--porcelain") == "M stays.txt"


def test_a_locked_index_is_waited_for_and_then_reported(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_for(project)
    before = whole(project)
    monkeypatch.setattr(index_lock, "SECONDS", 0.2)
    lock = project / ".git" / "index.lock"
    lock.touch()
    plan.save(project / ".git" / PLAN)
    end = writer.perform("write", project / ".git")
    assert end.how == IN_THE_WAY
    assert str(lock) in end.why
    assert lock.exists()
    lock.unlink()
    assert whole(project) == before
    assert carry_out(project, plan).how == DONE


@pytest.mark.parametrize("name", ["changed.txt", "new/naïve file\n.txt"])
def test_a_file_saved_at_the_last_moment_is_kept(
    name: str, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_for(project)
    prepare = writer.Writer._prepare

    def saving(self: writer.Writer) -> None:
        prepare(self)
        (project / name).parent.mkdir(exist_ok=True)
        (project / name).write_text("mine, in the last moment\n")

    monkeypatch.setattr(writer.Writer, "_prepare", saving)
    plan.save(project / ".git" / PLAN)
    end = writer.perform("write", project / ".git")
    assert end.how == IN_THE_WAY
    assert (project / name).read_text() == "mine, in the last moment\n"
    status = git_in(project).text("status", "--porcelain", "--untracked-files=no")
    assert status == ("M changed.txt" if name == "changed.txt" else "")


def cut_off(project: Path, plan: Plan, after: int, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Write a plan up to a move, as if killed then; return False if it ended before."""
    plan.save(project / ".git" / PLAN)
    with monkeypatch.context() as patch:
        patch.setattr(writer, "move", failing_at(after, KeyboardInterrupt))
        try:
            writer.perform("write", project / ".git")
        except KeyboardInterrupt:
            return True
    return False


@pytest.mark.slow
def test_a_killed_write_can_be_undone_at_any_step(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_for(project)
    before = whole(project)
    replaced = [name for name in plan.written if os.path.lexists(project / name)]
    steps = 0
    while cut_off(project, plan, steps, monkeypatch):
        absent = [name for name in replaced if not os.path.lexists(project / name)]
        assert len(absent) <= 1, "other files may be needed to undo it"
        assert apply.undo(project / ".git") == End(DONE)
        assert whole(project) == before
        assert not git_in(project).text("status", "--porcelain")
        assert is_tidy(project)
        steps += 1
    assert steps > len(plan.written)


def test_it_can_be_undone_after_head_was_swapped(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_for(project)
    before = whole(project)
    git = git_in(project)

    def swapped(self: writer.Writer) -> None:
        git.run("update-ref", "HEAD", str(plan.commit), plan.head)
        raise KeyboardInterrupt

    plan.save(project / ".git" / PLAN)
    with monkeypatch.context() as patch:
        patch.setattr(writer.Writer, "_commit", swapped)
        with pytest.raises(KeyboardInterrupt):
            writer.perform("write", project / ".git")
    assert apply.undo(project / ".git") == End(DONE)
    assert whole(project) == before
    assert not git.text("status", "--porcelain")


def test_later_edits_are_kept_when_an_interrupted_write_is_undone(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_for(project)
    assert cut_off(project, plan, 2 * len(plan.written) - 2, monkeypatch)
    (project / "becomes-file").write_text("mine, afterwards\n")
    end = apply.undo(project / ".git")
    assert end.how == DONE
    assert "becomes-file" in end.left
    assert (project / "becomes-file").read_text() == "mine, afterwards\n"
    assert is_tidy(project)


def test_a_moved_or_copied_project_is_undone_in_place(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_for(project)
    assert cut_off(project, plan, len(plan.written), monkeypatch)
    copy = tmp_path / "copy"
    shutil.copytree(project, copy, symlinks=True)
    half = whole(project)
    assert undo(copy) == "The interrupted update was undone."
    assert not git_in(copy).text("status", "--porcelain")
    assert whole(project) == half


def test_undoing_says_when_there_is_nothing_to_undo(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_for(project)
    plan.save(project / ".git" / PLAN)
    finish = apply.undo

    def finished_meanwhile(folder: Path, top: Path | None = None) -> End:
        assert apply.carry_out(folder) == End(DONE)
        return finish(folder, top)

    with monkeypatch.context() as patch:
        patch.setattr(apply, "undo", finished_meanwhile)
        assert undo(project).startswith("No update was interrupted")
    git_in(project).run("reset", "--quiet", "--hard", plan.head)
    assert cut_off(project, plan, len(plan.written), monkeypatch)
    git_in(project).run("update-ref", "HEAD", git_in(project).text("commit-tree", plan.tree))
    with pytest.raises(UpdateError, match="HEAD has moved since"):
        undo(project)
    assert is_tidy(project)


def test_an_invalid_plan_is_reported(project: Path) -> None:
    for text in ("", "[]", '{"top": "x"}'):
        (project / ".git" / PLAN).write_text(text)
        with pytest.raises(UpdateError, match=rf"{PLAN} is not the plan of an update: delete it"):
            undo(project)


@pytest.mark.slow
def test_unwritable_references_are_reported(project: Path) -> None:
    plan = plan_for(project)
    before = whole(project)
    plan.save(project / ".git" / PLAN)
    (project / ".git" / "refs" / "heads" / "main.lock").touch()
    end = writer.perform("write", project / ".git")
    assert end.how == FAILED
    assert "main.lock" in end.why
    assert whole(project) == before


@pytest.mark.slow
def test_a_preview_does_not_undo_an_interrupted_update(
    generate: Generate, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = generate(MINIMAL)
    half_way(project, monkeypatch)
    before = whole(project)
    with pytest.raises(UpdateError, match="or only restore them with --undo"):
        update(project, preview=True)
    assert whole(project) == before
    command = [sys.executable, "-m", "updating", "--undo"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    for said in ("The interrupted update was undone.\n", "No update was interrupted. "):
        done = subprocess.run(
            command, cwd=project, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith(said)
        assert not git_in(project).text("status", "--porcelain")


def half_way(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(folder: Path) -> End:
        plan = Plan(**json.loads((folder / PLAN).read_text()))
        assert cut_off(project, plan, 5, monkeypatch)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(apply, "carry_out", stop)
        with pytest.raises(KeyboardInterrupt):
            update(project)
    assert git_in(project).text("status", "--porcelain")


@pytest.mark.slow
def test_symlinks_can_become_files_and_the_reverse(
    generate: Generate, published: Path, tmp_path: Path
) -> None:
    """For a fork whose template preserves symlinks."""
    fork = tmp_path / "fork"
    git_in(published).run("clone", "--quiet", str(published), str(fork))
    questions = fork / "copier.yml"
    questions.write_text(f"{questions.read_text()}\n_preserve_symlinks: true\n")
    (fork / "template" / "overview.md").symlink_to("README.md")
    (fork / "template" / "notes.md").write_text("notes\n")
    release(fork, "9.0.0")
    project = generate(MINIMAL, version="9.0.0", template=fork)
    assert (project / "overview.md").is_symlink()
    (fork / "template" / "overview.md").unlink()
    (fork / "template" / "overview.md").write_text("a file now\n")
    (fork / "template" / "notes.md").unlink()
    (fork / "template" / "notes.md").symlink_to("README.md")
    release(fork, "9.1.0")
    before = whole(project)
    report = update(project)
    assert report.status is Status.CLEAN
    assert (project / "overview.md").read_text() == "a file now\n"
    assert (project / "notes.md").is_symlink()
    assert not git_in(project).text("status", "--porcelain")
    git_in(project).run(*str(report.undo).split()[1:])
    assert whole(project) == before
