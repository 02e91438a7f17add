"""The client of Pagure with a real Pagure, which `make test-forge` starts."""

from __future__ import annotations

import asyncio
import os
import subprocess
import time
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import httpx
import pytest

from tests.fleet.standin.repos import environment
from twelvestar.fleet.forges import (
    Checks,
    Conflict,
    Find,
    Forge,
    ForgeError,
    NotAllowed,
    NotFound,
    Proposal,
    make_forge,
)

pytestmark = [
    pytest.mark.forge,
    pytest.mark.skipif(
        "FORGE_URL" not in os.environ,
        reason="there is no Pagure, so its client is NOT tried: run make test-forge",
    ),
]

T = TypeVar("T")
BRANCHES = [f"refs/heads/update/{number}" for number in range(4)]
FRESH = [ref.removeprefix("refs/heads/") for ref in BRANCHES]


@pytest.fixture(scope="module")
def url() -> str:
    return os.environ["FORGE_URL"]


@pytest.fixture(scope="module")
def pay(url: str, source: Path) -> str:
    """A project with branches to propose; shared, because Pagure needs seconds to create one."""
    name = f"pay-{uuid.uuid4().hex[:12]}"
    made = httpx.post(
        f"{url}/api/0/new",
        data={"name": name, "description": "Pay"},
        headers={"authorization": f"token {os.environ['FORGE_TOKEN']}"},
        timeout=120,
        trust_env=False,
    )
    assert made.status_code == 200, made.text
    push(url, name, source, "main", *(f"update/1.0:{branch}" for branch in BRANCHES))
    return name


@pytest.fixture
def branch() -> str:
    """A branch that no other test uses."""
    return FRESH.pop()


def push(url: str, name: str, source: Path, *branches: str) -> None:
    where = url.replace("//", f"//bot:{os.environ['FORGE_TOKEN']}@") + f"/{name}.git"
    done = subprocess.run(
        ["git", "push", "--quiet", where, *branches],
        cwd=source,
        env=environment(source),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()[-500:]


def use(url: str, act: Callable[[Forge], Awaitable[T]], token: str = "env:FORGE_TOKEN") -> T:
    async def run() -> T:
        client = make_forge("pagure", url, token)
        try:
            return await act(client)
        finally:
            await client.aclose()

    return asyncio.run(run())


async def propose(client: Forge, name: str, branch: str, draft: bool = False) -> Proposal:
    repo = await client.repository(name)
    return await client.propose(
        repo, branch=branch, base="main", title="Update to 1.0", body="New:\n\n- much", draft=draft
    )


def test_a_project(url: str, pay: str) -> None:
    repo = use(url, lambda client: client.repository(pay))
    assert (repo.name, repo.branch, repo.may_push) == (pay, "main", True)
    assert repo.clone_url == f"{url}/{pay}.git"


def test_find(url: str, pay: str) -> None:
    async def act(client: Forge) -> list[str]:
        return [repo.name async for repo in client.find(Find(user="bot"))]

    assert pay in use(url, act)


def test_missing_objects(url: str) -> None:
    with pytest.raises(NotFound):
        use(url, lambda client: client.repository("nothing"))


def test_a_rejected_token_is_an_error(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    use(url, lambda client: client.check_token())
    monkeypatch.setenv("FLEET_WRONG", "wrong")
    with pytest.raises(NotAllowed, match="token in FLEET_WRONG is wrong, expired or revoked"):
        use(url, lambda client: client.check_token(), "env:FLEET_WRONG")


def test_proposing_at_once_opens_one(url: str, pay: str, branch: str) -> None:
    """Although this forge allows a second pull request for a branch."""

    async def act(client: Forge) -> list[Proposal]:
        await asyncio.gather(*[propose(client, pay, branch, draft=True) for _ in range(3)])
        return await client.proposals(await client.repository(pay), branch)

    (proposal,) = use(url, act)
    assert (proposal.state, proposal.draft, proposal.title) == ("open", True, "Update to 1.0")
    assert proposal.body == "New:\n\n- much"
    assert proposal.url.startswith(f"{url}/{pay}/")


def test_a_missing_branch(url: str, pay: str) -> None:
    async def act(client: Forge) -> None:
        repo = await client.repository(pay)
        await client.propose(repo, branch="gone", base="main", title="T", body="")

    with pytest.raises(ForgeError, match="gone does not exist"):
        use(url, act)


def test_revising_commenting_and_closing(url: str, pay: str, branch: str) -> None:
    async def act(client: Forge) -> list[Proposal]:
        repo = await client.repository(pay)
        first = await propose(client, pay, branch, draft=True)
        ready = await client.revise(repo, first, draft=False, body="More")
        assert await client.revise(repo, ready, draft=False, body="More\n") is ready
        await client.comment(repo, ready, "Somebody pushed.")
        for _ in range(2):
            await client.close(repo, ready, delete_branch=False)
        second = await propose(client, pay, branch)
        return [ready, second, *await client.proposals(repo, branch)]

    ready, second, *found = use(url, act)
    assert (ready.draft, ready.title, ready.body) == (False, "Update to 1.0", "More")
    assert [(one.number, one.state) for one in found] == [
        (second.number, "open"),
        (ready.number, "closed"),
    ]


def test_a_status_of_a_commit(url: str, pay: str, branch: str) -> None:
    async def act(client: Forge) -> list[Checks]:
        repo = await client.repository(pay)
        proposal = await propose(client, pay, branch)
        seen = [await client.checks(repo, proposal)]
        await client.set_status(repo, proposal.head, state="failure", description="Conflicts")
        seen.append(await client.checks(repo, proposal))
        await client.set_status(repo, proposal.head, state="success", description="")
        return [*seen, await client.checks(repo, proposal)]

    assert [checks.state for checks in use(url, act)] == ["none", "failure", "success"]


def test_merging_requires_the_commit_that_was_read(
    url: str, pay: str, branch: str, source: Path
) -> None:
    async def act(client: Forge) -> None:
        repo = await client.repository(pay)
        proposal = await propose(client, pay, branch)
        push(url, pay, source, f"+main:refs/heads/{branch}")
        ends = time.monotonic() + 10
        while (await client.proposals(repo, branch))[0].head == proposal.head:
            assert time.monotonic() < ends
            await asyncio.sleep(0.1)
        await client.merge(repo, proposal)

    with pytest.raises(Conflict, match="has moved"):
        use(url, act)
