"""Changes of a project while an update of it is computed or asks questions."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from updating import compute as computing
from updating.errors import Status, UpdateError
from updating.lock import only_update
from updating.update import update

from .published import Generate, commit_all, git_in
from .test_copier_update import copier_update
from .test_obstacles import whole

pytestmark = pytest.mark.slow

MINIMAL = {"preset": "minimal"}


@pytest.fixture
def project(generate: Generate) -> Path:
    return generate(MINIMAL)


def meanwhile(
    monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object], *, times: int = 1
) -> None:
    """Call a function between the computation and the writing."""
    compute = computing.compute
    left = [times]

    def compute_and_wait(*arguments: Any, **named: Any) -> Any:
        outcome = compute(*arguments, **named)
        if left[0]:
            left[0] -= 1
            happens()
        return outcome

    monkeypatch.setattr("updating.update.compute", compute_and_wait)


def colleague(project: Path) -> Callable[[], object]:
    def commit() -> None:
        with (project / "colleague.txt").open("a") as file:
            file.write("a colleague's line\n")
        commit_all(project, "A colleague's")

    return commit


def test_an_update_is_computed_again_after_a_colleague_s_commit(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    meanwhile(monkeypatch, colleague(project))
    report = update(project)
    git = git_in(project)
    assert report.commit == git.text("rev-parse", "HEAD")
    assert git.text("log", "-1", "--format=%s", "HEAD^") == "A colleague's"
    assert (project / "colleague.txt").exists()
    assert not git.text("status", "--porcelain")
    git.run(*str(report.undo).split()[1:])
    assert git.text("log", "-1", "--format=%s") == "A colleague's"


def test_an_update_fails_after_too_many_commits_of_colleagues(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    meanwhile(monkeypatch, colleague(project), times=9)
    with pytest.raises(UpdateError, match="somebody else committed to the project each time"):
        update(project)
    git = git_in(project)
    assert git.text("log", "-1", "--format=%s") == "A colleague's"
    assert not git.text("status", "--porcelain")


@pytest.mark.parametrize("stage", [False, True])
def test_an_edit_during_the_update_is_not_overwritten(
    stage: bool, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def edit() -> None:
        with (project / "Makefile").open("a") as file:
            file.write("# mine, meanwhile\n")
        if stage:
            git_in(project).run("add", "Makefile")

    meanwhile(monkeypatch, edit)
    head = git_in(project).text("rev-parse", "HEAD")
    with pytest.raises(UpdateError, match="Makefile was changed during the update"):
        update(project)
    assert (project / "Makefile").read_text().endswith("# mine, meanwhile\n")
    assert git_in(project).text("status", "--porcelain") in ("M Makefile", "M  Makefile")
    assert git_in(project).text("rev-parse", "HEAD") == head


def test_a_file_created_during_the_update_is_not_overwritten(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write() -> None:
        (project / "scripts").mkdir()
        (project / "scripts" / "update.py").write_text("mine, meanwhile\n")

    meanwhile(monkeypatch, write)
    with pytest.raises(UpdateError, match=r"scripts/update\.py is untracked"):
        update(project)
    assert (project / "scripts" / "update.py").read_text() == "mine, meanwhile\n"
    assert git_in(project).text("status", "--porcelain") == "?? scripts/"


def test_concurrent_updates_of_services_in_one_repository(
    generate: Generate, tmp_path: Path
) -> None:
    """More of them than the number of tries of an update."""
    repository = tmp_path / "whole"
    names = ("one", "two", "three", "four", "five")
    services = [generate(MINIMAL, name=f"whole/{name}") for name in names]
    for service in services:
        (service / ".git").rename(service / "gone")
        subprocess.run(["rm", "-r", service / "gone"], check=True)
    git_in(repository).run("init", "--quiet", "--initial-branch", "main")
    commit_all(repository)
    errors = []

    def run(service: Path) -> None:
        try:
            assert update(service).commit
        except (UpdateError, AssertionError) as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(service,)) for service in services]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    git = git_in(repository)
    assert not errors
    assert git.text("rev-list", "--count", "HEAD") == str(1 + len(names))
    assert not git.text("status", "--porcelain")
    assert all((service / "scripts" / "update.py").exists() for service in services)


def test_concurrent_updates_of_one_project(project: Path) -> None:
    before = whole(project)
    with only_update(project / ".git", ""):
        for _ in range(2):
            with pytest.raises(UpdateError, match=f"running \\(process {os.getpid()}\\)") as error:
                update(project)
            assert error.value.status is Status.REFUSED
        done = copier_update(project)
        assert done.returncode == 1
        assert "Another update of this project is running" in done.stderr
        assert update(project, preview=True).changed
        assert whole(project) == before
    assert update(project).commit


def test_the_lock_of_a_dead_process_does_not_block(project: Path) -> None:
    program = (
        "import os, signal, sys; from pathlib import Path; from updating.lock import only_update\n"
        "with only_update(Path(sys.argv[1]), ''):\n    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    root = str(Path(__file__).parents[2])
    command = [sys.executable, "-c", program, str(project / ".git")]
    subprocess.run(command, env={**os.environ, "PYTHONPATH": root}, check=False)
    assert update(project).commit


def ask(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object]) -> None:
    """Call a function while Copier asks questions."""
    from copier._main import Worker

    asking = Worker._ask

    def ask(self: Worker) -> None:
        monkeypatch.setattr(Worker, "_ask", asking)
        happens()
        asking(self)

    monkeypatch.setattr(Worker, "_ask", ask)


@pytest.mark.parametrize("hidden", [False, True])
def test_copier_update_keeps_files_created_while_it_asks(
    hidden: bool, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import copier

    git = git_in(project)
    if hidden:
        git.run("config", "status.showUntrackedFiles", "no")
        (project / "before.txt").write_text("mine, before\n")

    def work() -> None:
        (project / "notes.txt").write_text("mine, meanwhile\n")
        (project / "src" / "orbit" / "draft.py").write_text("mine = 1\n")
        (project / "README.md").write_text("mine, and no file of the template's any more\n")

    ask(monkeypatch, work)
    copier.run_update(project, defaults=True, overwrite=True, unsafe=True)
    assert (project / "notes.txt").read_text() == "mine, meanwhile\n"
    assert (project / "src" / "orbit" / "draft.py").read_text() == "mine = 1\n"
    assert (project / "README.md").read_text().startswith("mine, and no file")
    assert not hidden or (project / "before.txt").read_text() == "mine, before\n"
    assert (project / "scripts" / "update.py").exists()


def test_copier_update_does_not_overwrite_files_changed_while_it_asks(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import copier
    from copier.errors import UserMessageError

    def work() -> None:
        (project / "Makefile").write_text("mine, meanwhile\n")

    ask(monkeypatch, work)
    with pytest.raises(UserMessageError, match="Makefile was changed during the update"):
        copier.run_update(project, defaults=True, overwrite=True, unsafe=True)
    assert (project / "Makefile").read_text() == "mine, meanwhile\n"
    assert git_in(project).text("status", "--porcelain") == "M Makefile"


def test_copier_update_includes_a_commit_made_while_it_asks(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import copier

    ask(monkeypatch, colleague(project))
    copier.run_update(project, defaults=True, overwrite=True, unsafe=True)
    git = git_in(project)
    assert git.text("log", "-1", "--format=%s") == "A colleague's"
    assert (project / "colleague.txt").exists()
    assert git.text("diff", "--cached", "--name-only")
    assert not git.text("diff", "--name-only")
    assert "colleague.txt" not in git.text("diff", "--cached", "--name-only")


def test_a_pretended_copier_update_changes_nothing(project: Path) -> None:
    before = whole(project)
    done = copier_update(project, "--pretend")
    assert done.returncode == 0, done.stderr
    assert "(preview: nothing was changed)" in done.stderr
    assert whole(project) == before


def test_a_quiet_copier_update_is_refused_before_anything_happens(project: Path) -> None:
    before = whole(project)
    done = copier_update(project, "--quiet")
    assert done.returncode == 1
    assert "update without --quiet" in done.stderr
    assert whole(project) == before
