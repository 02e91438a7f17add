from __future__ import annotations

import socket
from pathlib import Path

import pytest

from benchmarks.scorecard import delivery, source
from benchmarks.scorecard.cards import ROWS, Card, decide, fill_in, reasons, table
from benchmarks.scorecard.description import Description, read
from benchmarks.scorecard.gate import gate
from benchmarks.scorecard.subject import Subject
from benchmarks.scorecard.verdict import Row, Verdict, judge, no

from ..updates.published import commit_all, git_in


def subject(folder: Path, **description: object) -> Subject:
    """A project whose checks need no servers."""
    made = Description.of({"name": "Orbit", **description})
    return Subject(made, folder, folder, None)  # type: ignore[arg-type]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    git_in(tmp_path).run("init", "--quiet")
    (tmp_path / ".gitignore").write_text(".env\n.venv/\ndist/\n__pycache__/\n")
    commit_all(tmp_path)
    return tmp_path


def test_there_are_46_different_claims() -> None:
    assert len({row.claim for row in ROWS}) == len(ROWS) == 46


def test_a_row_without_what_it_needs_is_no(project: Path) -> None:
    row = Row("", "x", "y", lambda _: Verdict("yes"), ("commands.worker",))
    assert decide(subject(project), row) == no("it has no worker")
    assert decide(subject(project, commands={"worker": "x"}), row).answer == "yes"


def test_processes_of_a_package_are_not_checked(project: Path) -> None:
    row = Row("", "x", "y", lambda _: Verdict("yes"), ("commands.start",))
    assert decide(subject(project, service=False), row).answer == "not checked"


def test_the_database_of_a_project_without_one_is_not_checked(project: Path) -> None:
    row = Row("", "x", "y", lambda _: Verdict("yes"), ("commands.migrate",))
    assert decide(subject(project), row) == Verdict("not checked", "it has no database")


def test_a_check_that_breaks_is_no_verdict(project: Path) -> None:
    def check(_: Subject) -> Verdict:
        raise ValueError("broken")

    verdict = decide(subject(project), Row("", "x", "y", check))
    assert verdict == Verdict("not checked", "ValueError: broken")


def test_a_card_counts_what_is_true_and_says_why_not(project: Path) -> None:
    rows = [
        Row("I", "good", "a look", lambda _: judge(True, "x")),
        Row("", "bad", "a look", lambda _: no("because")),
    ]
    card = fill_in(subject(project), rows=rows)
    assert card.score == 1
    assert Card.of(card.as_json()) == card
    assert "| 2 |  | bad | a look | **no** |" in table([card], rows=rows)
    assert reasons(card, rows=rows) == "- 2, bad: because"


def test_files_that_git_does_not_ignore_are_named(project: Path) -> None:
    assert source.ignores(subject(project)).answer == "yes"
    (project / ".gitignore").write_text(".venv/\ndist/\n__pycache__/\n")
    assert source.ignores(subject(project)) == no("git does not ignore .env")


def test_tracked_secrets_are_named(project: Path) -> None:
    assert source.tracks_no_secrets(subject(project)).answer == "yes"
    (project / "server.key").write_text("x")
    commit_all(project)
    assert source.tracks_no_secrets(subject(project)) == no("git tracks server.key")


def test_actions_must_be_named_by_their_commit(project: Path) -> None:
    assert source.pins_actions(subject(project)) == no("there are no workflows")
    workflow = project / ".github/workflows/ci.yml"
    workflow.parent.mkdir(parents=True)
    pinned = f"steps:\n  - uses: actions/checkout@{'a' * 40} # v7\n  - uses: ./local\n"
    workflow.write_text(pinned)
    assert source.pins_actions(subject(project)).answer == "yes"
    workflow.write_text(f"{pinned}  - uses: actions/cache@v5\n")
    assert source.pins_actions(subject(project)) == no("1 of 3 by tag, such as actions/cache@v5")


@pytest.mark.parametrize(
    ("dockerfile", "check", "reason"),
    [
        ("FROM a\nUSER 10001\n", delivery.not_root, ""),
        ("FROM a\nUSER x\nFROM b\n", delivery.not_root, "it has no USER"),
        ("FROM a\nUSER root\n", delivery.not_root, "USER root"),
        ("FROM a@sha256:1 AS x\nFROM x\n", delivery.pinned, ""),
        ("FROM a:1 AS x\nFROM x\n", delivery.pinned, "by tag: a:1"),
        ('FROM a\nCMD ["run"]\n', delivery.exec_form, ""),
        ("FROM a\nCMD run x\n", delivery.exec_form, "a shell runs run x"),
        ('FROM a\nCMD ["bash", "run"]\n', delivery.exec_form, "a shell runs bash run"),
        ("FROM a\n", delivery.exec_form, "the last stage has no command"),
    ],
)
def test_images_are_judged_by_their_last_stage(
    project: Path, dockerfile: str, check: object, reason: str
) -> None:
    (project / "Dockerfile").write_text(dockerfile)
    verdict = check(subject(project, dockerfile="Dockerfile"))  # type: ignore[operator]
    assert verdict == (no(reason) if reason else Verdict("yes"))


@pytest.mark.parametrize(
    ("ignored", "reason"),
    [
        (None, "there is no .dockerignore"),
        ("*\n!src\n", ""),
        (".git\n**/.env\n", ""),
        (".git\n", "it does not exclude .env"),
        ("*\n!.env\n", "it does not exclude .env"),
    ],
)
def test_what_builds_get_is_judged(project: Path, ignored: str | None, reason: str) -> None:
    (project / "Dockerfile").write_text("FROM a\n")
    if ignored is not None:
        (project / ".dockerignore").write_text(ignored)
    verdict = delivery.excludes(subject(project, dockerfile="Dockerfile"))
    assert verdict == (no(reason) if reason else Verdict("yes"))


def test_a_description_without_its_table_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text("[peer]\n")
    with pytest.raises(ValueError, match=r"there is no table \[project\]"):
        read(tmp_path / "x.toml")


def test_a_gate_refuses_and_accepts_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, gate(server.getsockname()[1]) as door:
        with connected(door.port) as near, server.accept()[0] as far:
            near.sendall(b"ping")
            assert far.recv(4) == b"ping"
            door.close()
            assert near.recv(1) == b""
        with pytest.raises(ConnectionRefusedError):
            connected(door.port)
        door.open()
        with connected(door.port) as near, server.accept()[0] as far:
            far.sendall(b"pong")
            assert near.recv(4) == b"pong"


def connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), 5)
