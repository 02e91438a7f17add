"""Functions of the stand-in other than its APIs: git, counts and faults."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from tests.fleet.clients import Use
from tests.fleet.standin import Standin
from tests.fleet.standin.repos import environment
from twelvestar.fleet.forges import Forge

KINDS = ("github", "gitlab", "gitea")


class Clone:
    """A clone of a repository on the stand-in."""

    def __init__(self, forge: Standin, name: str, folder: Path, kind: str, token: str) -> None:
        self.folder = folder
        self.run("clone", "--quiet", forge.clone_url(kind, name, token), str(folder), check=True)

    def run(self, *words: str, check: bool = False) -> subprocess.CompletedProcess[str]:
        where = self.folder if self.folder.exists() else self.folder.parent
        return subprocess.run(
            ["git", *words],
            cwd=where,
            env={**environment(self.folder.parent), "GIT_TERMINAL_PROMPT": "0"},
            capture_output=True,
            text=True,
            check=check,
        )

    def commit(self, text: str) -> None:
        (self.folder / "text").write_text(text)
        self.run("add", "text", check=True)
        self.run("commit", "--quiet", "--message", "Change", check=True)


@pytest.fixture
def pay(forge: Standin, org: str, source: Path) -> str:
    forge.add(f"{org}/pay", source)
    return f"{org}/pay"


@pytest.mark.parametrize("kind", KINDS)
def test_git_pushes_are_counted(forge: Standin, pay: str, tmp_path: Path, kind: str) -> None:
    clone = Clone(forge, pay, tmp_path / "clone", kind, forge.token)
    # Larger than git sends in one request.
    clone.commit(os.urandom(1_500_000).hex())
    for _ in range(2):
        done = clone.run("push", "origin", "main:template-1.0")
        assert done.returncode == 0, done.stderr
    assert forge.writes()[pay] == {"push": 1}
    assert (
        forge.git(pay, "rev-parse", "template-1.0") == clone.run("rev-parse", "main").stdout.strip()
    )


def test_a_push_with_a_lease_loses_to_another(forge: Standin, pay: str, tmp_path: Path) -> None:
    clone = Clone(forge, pay, tmp_path / "clone", "github", forge.token)
    clone.commit("mine")
    seen = clone.run("rev-parse", "origin/update/1.0").stdout.strip()
    forge.commit(pay, {"theirs": ""}, branch="update/1.0")
    lease = f"--force-with-lease=update/1.0:{seen}"
    done = clone.run("push", lease, "origin", "main:update/1.0")
    assert done.returncode == 1
    assert "stale info" in done.stderr
    assert forge.git(pay, "show", "update/1.0:theirs") == ""


def test_a_protected_branch_refuses_pushes(forge: Standin, pay: str, tmp_path: Path) -> None:
    forge.change(pay, protected=["main"])
    clone = Clone(forge, pay, tmp_path / "clone", "github", forge.token)
    clone.commit("mine")
    done = clone.run("push", "origin", "main")
    assert done.returncode == 1
    assert "Protected branch update failed" in done.stderr
    assert clone.run("push", "origin", "main:other").returncode == 0


def test_who_may_push_and_who_may_read(
    forge: Standin, pay: str, tmp_path: Path, org: str, source: Path
) -> None:
    weak = forge.make_token(may_write=False)
    clone = Clone(forge, pay, tmp_path / "weak", "github", weak)
    clone.commit("mine")
    assert "403" in clone.run("push", "origin", "main").stderr
    for token in (forge.make_token(expired=True), "unknown"):
        with pytest.raises(subprocess.CalledProcessError, match="128"):
            Clone(forge, pay, tmp_path / "none", "github", token)
    forge.add(f"{org}/public", source, private=False)
    done = clone.run("ls-remote", forge.clone_url("github", f"{org}/public"))
    assert done.returncode == 0
    forge.change(pay, archived=True)
    full = Clone(forge, pay, tmp_path / "full", "github", forge.token)
    full.commit("mine")
    assert "403" in full.run("push", "origin", "main").stderr
    assert pay not in forge.writes()


def test_an_old_name_leads_to_the_repository(
    forge: Standin, pay: str, org: str, tmp_path: Path
) -> None:
    clone = Clone(forge, pay, tmp_path / "clone", "github", forge.token)
    forge.rename(pay, f"{org}/paid")
    clone.commit("mine")
    assert clone.run("push", "origin", "main:other").returncode == 0
    assert forge.git(f"{org}/paid", "rev-parse", "other")


def test_a_push_whose_response_is_lost(forge: Standin, pay: str, tmp_path: Path) -> None:
    clone = Clone(forge, pay, tmp_path / "clone", "github", forge.token)
    clone.commit("mine")
    forge.fault("POST .*git-receive-pack", lost=True, drop=True)
    assert clone.run("push", "origin", "main:other").returncode != 0
    assert forge.git(pay, "rev-parse", "other") == clone.run("rev-parse", "main").stdout.strip()
    assert forge.writes()[pay] == {"push": 1}


def test_the_owner_is_not_counted(forge: Standin, pay: str) -> None:
    async def act(client: Forge) -> None:
        repo = await client.repository(pay)
        await client.propose(repo, branch="update/1.0", base="main", title="T", body="")

    Use(forge, "github")(act)
    before = forge.writes()[pay]
    assert before == {"pull": 1}
    forge.merge(pay, 1)
    forge.commit(pay, {"more": ""}, branch="update/1.0")
    Use(forge, "github")(act)
    forge.close(pay, 2)
    assert [pull.state for pull in forge.pulls(pay)] == ["merged", "closed"]
    assert forge.writes()[pay] == {"pull": 2}
    assert forge.git(pay, "log", "--format=%s", "--first-parent", "-1", "main").startswith("Merge")


def test_pushes_update_pull_requests(forge: Standin, pay: str) -> None:
    async def act(client: Forge) -> None:
        repo = await client.repository(pay)
        for branch in ("update/1.0", "other"):
            await client.propose(repo, branch=branch, base="main", title="T", body="")

    forge.commit(pay, {"other": ""}, branch="other")
    Use(forge, "github")(act)
    forge.git(pay, "update-ref", "refs/heads/main", "refs/heads/update/1.0")
    forge.git(pay, "update-ref", "-d", "refs/heads/other")
    assert [pull.state for pull in forge.pulls(pay)] == ["merged", "closed"]


def test_a_forge_recovers_after_an_outage(forge: Standin, pay: str, tmp_path: Path) -> None:
    clone = Clone(forge, pay, tmp_path / "clone", "github", forge.token)
    forge.down()
    assert clone.run("fetch", "origin").returncode != 0
    forge.clear_faults()
    assert clone.run("fetch", "origin").returncode == 0


def test_a_delayed_request(forge: Standin, pay: str) -> None:
    forge.fault(f"GET .*{pay}", delay=0.5)
    begun = time.monotonic()
    Use(forge, "github")(lambda client: client.repository(pay))
    assert time.monotonic() - begun >= 0.5
    assert forge.requests(pay)[-1]["status"] == 200


def test_a_wrong_request_of_a_test_is_explained(forge: Standin) -> None:
    with pytest.raises(RuntimeError, match="there is no nobody/nothing"):
        forge.pulls("nobody/nothing")
