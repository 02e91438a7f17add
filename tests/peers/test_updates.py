from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.peers.peer import Edit
from benchmarks.peers.stages import NotDone, run_stage
from benchmarks.peers.updates import apply, outcome
from benchmarks.processes import environment

from ..updates.published import commit_all, git_in

EDITS = (
    Edit(file="README.md", text="\nOurs.\n"),
    Edit(file="app.py", find="port = 1", text="port = 2"),
    Edit(file="new/hello.py", text='"Hello."\n'),
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "README.md").write_text("# Orbit\n")
    (tmp_path / "app.py").write_text("port = 1\nhost = 2\n")
    git_in(tmp_path).run("init", "--quiet")
    commit_all(tmp_path)
    return tmp_path


def test_edits_are_applied_and_found_again(project: Path) -> None:
    apply(EDITS, project)
    assert (project / "app.py").read_text() == "port = 2\nhost = 2\n"
    assert (project / "README.md").read_text() == "# Orbit\n\nOurs.\n"
    assert outcome(EDITS, project) == (3, [])


def test_a_lost_edit_is_not_kept(project: Path) -> None:
    apply(EDITS, project)
    (project / "app.py").write_text("port = 1\n")
    (project / "new/hello.py").unlink()
    assert outcome(EDITS, project) == (1, [])


def test_an_edit_in_a_conflict_is_not_kept(project: Path) -> None:
    apply(EDITS, project)
    text = "<<<<<<< before updating\nport = 2\n=======\nport = 3\n>>>>>>> after updating\n"
    (project / "app.py").write_text(text)
    (project / "README.md.rej").write_text("+Ours.\n")
    assert outcome(EDITS, project) == (1, ["README.md", "app.py"])


def test_an_edit_of_text_that_is_not_there_is_an_error(project: Path) -> None:
    with pytest.raises(NotDone, match=r"app\.py does not contain 'port = 9'"):
        apply((Edit(file="app.py", find="port = 9", text=""),), project)


def test_a_stage_ends_with_the_first_command_that_fails(tmp_path: Path) -> None:
    commands = ["touch {name}", "ls no-such-file", "touch never"]
    stage = run_stage(commands, {"name": "first"}, tmp_path, environment())
    assert not stage.done and "no-such-file" in stage.outcome
    assert [path.name for path in tmp_path.iterdir()] == ["first"]


def test_a_stage_has_the_time_of_its_commands(tmp_path: Path) -> None:
    stage = run_stage(["python3 -c 'sum(range(5_000_000))'"], {}, tmp_path, environment())
    assert stage.done and min(stage.cpu, stage.wall) > 0
