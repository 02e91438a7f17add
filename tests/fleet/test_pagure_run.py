"""The life of pull requests on a real Pagure, which allows duplicates."""

from __future__ import annotations

import asyncio
import json
import os
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest

from tests.updates.published import Generate, commit_all, git_in, release
from twelvestar.fleet.forges import Forge, Proposal, make_forge

from .command import Command
from .remotes import edit, follow
from .test_proposals import NEWEST, changed_template

pytestmark = [
    pytest.mark.forge,
    pytest.mark.skipif(
        "FORGE_URL" not in os.environ,
        reason="there is no Pagure, so the fleet is NOT tried on it: run make test-forge",
    ),
]

T = TypeVar("T")
NAMES = ("clean", "conflict", "closed", "taken", "moved")


def ask(act: Callable[[Forge], Awaitable[T]]) -> T:
    async def run() -> T:
        client = make_forge("pagure", os.environ["FORGE_URL"], "env:FORGE_TOKEN")
        try:
            return await act(client)
        finally:
            await client.aclose()

    return asyncio.run(run())


def pulls(name: str, branch: str) -> list[Proposal]:
    async def act(client: Forge) -> list[Proposal]:
        return await client.proposals(await client.repository(name), branch)

    return ask(act)


def test_the_life_of_updates(
    fleet: Command, published: Path, generate: Generate, tmp_path: Path
) -> None:
    url, token = os.environ["FORGE_URL"], os.environ["FORGE_TOKEN"]
    template = changed_template(published, tmp_path)
    run = uuid.uuid4().hex[:8]
    names = {short: f"{short}-{run}" for short in NAMES}
    works: dict[str, Path] = {}
    for short, name in names.items():
        made = httpx.post(
            f"{url}/api/0/new",
            data={"name": name, "description": "A service"},
            headers={"authorization": f"token {token}"},
            timeout=120,
            trust_env=False,
        )
        assert made.status_code == 200, made.text
        work = works[short] = generate({"preset": "minimal"}, version="1.5.0", name=short)
        follow(work, template)
        edit(work, "conflict" if short == "conflict" else "none", 7)
        where = f"{url.replace('//', f'//bot:{token}@')}/{name}.git"
        git_in(work).run("remote", "add", "origin", where)
        git_in(work).run("push", "--quiet", "origin", "main")
    repos = ", ".join(repr(name) for name in names.values())
    (tmp_path / "fleet.toml").write_text(
        f"template = {str(template)!r}\n[[forge]]\nkind = 'pagure'\nurl = '{url}'\n"
        f"token = 'env:FORGE_TOKEN'\nuser = 'bot'\npace = 0\nrepos = [{repos}]\n"
    )
    branch = f"template-{NEWEST}"

    def rows() -> dict[str, Any]:
        assert fleet("report", "--json", "report.json").returncode == 0
        found = json.loads((tmp_path / "report.json").read_text())["rows"]
        return {row["name"].rpartition("-")[0]: row for row in found}

    first = fleet("run")
    assert first.returncode == 2, first.stderr
    assert {row["state"] for row in rows().values()} == {"proposed"}
    (pull,) = pulls(names["conflict"], branch)
    assert pull.draft
    assert "Makefile:" in pull.body

    second = fleet("run", "--state", "lost")
    assert second.returncode == 2, second.stderr
    assert [len(pulls(name, branch)) for name in names.values()] == [1] * len(NAMES)

    async def close(client: Forge) -> None:
        repo = await client.repository(names["closed"])
        (known,) = await client.proposals(repo, branch)
        await client.close(repo, known, delete_branch=False)

    ask(close)
    git = git_in(works["taken"])
    git.run("fetch", "--quiet", "origin", branch)
    git.run("checkout", "--quiet", "-b", branch, "FETCH_HEAD")
    (works["taken"] / "ours.txt").write_text("Ours.\n")
    theirs = commit_all(works["taken"])
    git.run("push", "--quiet", "origin", branch)
    (works["moved"] / "ours.txt").write_text("Ours.\n")
    base = commit_all(works["moved"])
    git_in(works["moved"]).run("push", "--quiet", "origin", "main")
    third = fleet("run")
    assert third.returncode == 2, third.stderr
    states = {name: row["state"] for name, row in rows().items()}
    assert states == {
        "clean": "proposed",
        "conflict": "proposed",
        "closed": "closed-by-owner",
        "taken": "theirs",
        "moved": "proposed",
    }
    assert git.text("ls-remote", "origin", branch).split()[0] == theirs
    moved = git_in(works["moved"])
    moved.run("fetch", "--quiet", "origin", branch)
    assert moved.text("rev-parse", "FETCH_HEAD^") == base

    release(template, "9.0.0")
    fourth = fleet("run")
    assert fourth.returncode == 2, fourth.stderr
    (old,) = pulls(names["clean"], branch)
    assert old.body.startswith("**Template 9.0.0 is proposed in ")
    (new,) = pulls(names["clean"], "template-9.0.0")
    assert new.title == "Update the template to 9.0.0"
    print({name: row["state"] for name, row in rows().items()})
