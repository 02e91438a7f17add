"""Peculiarities of single kinds of forges."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from tests.fleet.clients import VARIABLE, Use
from tests.fleet.standin import Standin
from twelvestar.fleet.forges import (
    Checks,
    Find,
    Forge,
    ForgeError,
    Limits,
    NotAllowed,
    Proposal,
    Repository,
    Throttle,
    github,
    http,
)

BRANCH = "update/1.0"


@pytest.fixture
def pay(forge: Standin, org: str, source: Path) -> str:
    forge.add(f"{org}/pay", source)
    return f"{org}/pay"


async def propose(client: Forge, name: str, **words: Any) -> tuple[Repository, Proposal]:
    repo = await client.repository(name)
    texts = {"title": "Update", "body": "New", **words}
    return repo, await client.propose(repo, branch=BRANCH, base="main", **texts)


# GitHub


def test_github_and_enterprise_servers_have_different_api_urls() -> None:
    def api(url: str) -> tuple[str, str]:
        client = github.GitHub(url, "env:X", Throttle(Limits())).client
        return client.url, client.api

    assert api("") == ("https://github.com", "https://api.github.com")
    assert api("https://github.com/") == ("https://github.com", "https://api.github.com")
    assert api("https://git.acme.example") == (
        "https://git.acme.example",
        "https://git.acme.example/api",
    )


def test_github_returns_no_scopes_of_a_fine_grained_token(forge: Standin) -> None:
    forge.fault(r"GET .*/user$", status=200, data={"login": "bot"})
    Use(forge, "github")(lambda client: client.check_token())


def test_github_has_no_user_for_the_token_of_an_app(forge: Standin) -> None:
    forge.fault(r"GET .*/user$", status=403, body="Resource not accessible by integration")
    Use(forge, "github")(lambda client: client.check_token())


def test_github_requires_a_scope_for_workflows(
    forge: Standin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forge, "token", forge.make_token(scopes=["repo", "read:org"]))
    with pytest.raises(NotAllowed, match=f"token in {VARIABLE} lacks the scope workflow"):
        Use(forge, "github")(lambda client: client.check_token())


def test_github_searches_have_a_limit(
    forge: Standin, org: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(github, "_SEARCHED", 3)
    for number in range(3):
        forge.add(f"{org}/{number}", topics=[org])

    async def act(client: Forge) -> list[Repository]:
        return [repo async for repo in client.find(Find(topic=org))]

    with pytest.raises(ForgeError, match="set an organisation too"):
        Use(forge, "github")(act)


def test_github_lists_private_repositories_only_of_the_token_s_owner(
    forge: Standin, source: Path
) -> None:
    forge.add("bot/mine", source)

    async def act(client: Forge) -> list[str]:
        return [repo.name async for repo in client.find(Find(user="bot"))]

    assert "bot/mine" in Use(forge, "github")(act)
    assert forge.requests("/user/repos?affiliation=owner")


def test_github_uses_an_allowed_merge_method(forge: Standin, pay: str) -> None:
    forge.change(pay, methods=["squash"])

    async def act(client: Forge) -> None:
        await client.merge(*await propose(client, pay))

    Use(forge, "github")(act)
    assert forge.git(pay, "rev-list", "--count", "--merges", "main") == "0"
    assert forge.git(pay, "show", "main:new") == "new"


def test_github_has_no_drafts_in_some_repositories(forge: Standin, pay: str) -> None:
    forge.change(pay, drafts=False)

    async def act(client: Forge) -> Proposal:
        repo, proposal = await propose(client, pay, draft=True)
        return await client.revise(repo, proposal, draft=True)

    assert not Use(forge, "github")(act).draft


@pytest.mark.parametrize("kind", ["RATE_LIMITED", "FORBIDDEN"])
def test_github_returns_graphql_errors_with_status_200(forge: Standin, pay: str, kind: str) -> None:
    use = Use(forge, "github")
    errors = [{"type": kind, "message": f"no, {forge.token}"}]
    forge.fault("POST .*/graphql", status=200, data={"data": None, "errors": errors})

    async def act(client: Forge) -> Proposal:
        repo, proposal = await propose(client, pay, draft=True)
        return await client.revise(repo, proposal, draft=False)

    if kind == "RATE_LIMITED":
        assert not use(act).draft
        assert use.waits.slept == [1]
    else:
        with pytest.raises(ForgeError, match=r"markPullRequestReadyForReview: no, \*\*\*\.$"):
            use(act)


def test_github_limits_the_length_of_texts(forge: Standin, pay: str) -> None:
    async def act(client: Forge) -> None:
        repo, proposal = await propose(client, pay, title="t" * 300, body="b" * 70_000)
        same = await client.revise(repo, proposal, title="t" * 300, body="b" * 70_000)
        assert same is proposal

    Use(forge, "github")(act)
    (pull,) = forge.pulls(pay)
    assert pull.title == "t" * 237 + "..."
    assert pull.body.endswith("b\n\n(Cut here, because the forge does not accept a longer text.)")


# GitLab


def test_gitlab_finds_projects_of_subgroups(forge: Standin, org: str, source: Path) -> None:
    forge.add(f"{org}/deep/er/pay", source)

    async def act(client: Forge) -> list[tuple[str, bool]]:
        return [(repo.name, repo.may_push) async for repo in client.find(Find(org=org))]

    assert Use(forge, "gitlab")(act) == [(f"{org}/deep/er/pay", True)]
    repo, proposal = Use(forge, "gitlab")(lambda client: propose(client, f"{org}/deep/er/pay"))
    assert (repo.name, proposal.number) == (f"{org}/deep/er/pay", 1)


def test_gitlab_has_no_data_about_other_kinds_of_tokens(forge: Standin) -> None:
    forge.fault("GET .*/personal_access_tokens/self", status=404)
    Use(forge, "gitlab")(lambda client: client.check_token())


def test_gitlab_may_not_have_processed_the_push_yet(forge: Standin, pay: str) -> None:
    use = Use(forge, "gitlab")
    forge.fault("POST .*/merge_requests", lost=True, status=201, data={"sha": None, "web_url": "x"})
    _, proposal = use(lambda client: propose(client, pay, labels=["template"]))
    assert proposal.head == forge.git(pay, "rev-parse", BRANCH)
    assert len(forge.pulls(pay)) == 1
    assert use.waits.slept == [1]


def test_gitlab_returns_401_without_the_right_to_merge(forge: Standin, pay: str) -> None:
    forge.fault("PUT .*/merge$", status=401, body="401 Unauthorized")

    async def act(client: Forge) -> None:
        await client.merge(*await propose(client, pay))

    with pytest.raises(NotAllowed, match=f"token in {VARIABLE} lacks the right to merge http"):
        Use(forge, "gitlab")(act)


# Gitea


def test_gitea_accepts_a_token_with_only_the_repository_scope(
    forge: Standin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forge, "token", forge.make_token(scopes=["write:repository"]))
    Use(forge, "gitea")(lambda client: client.check_token())


def test_gitea_gets_no_duplicate_label(forge: Standin, pay: str) -> None:
    forge.commit(pay, {"other": ""}, branch="other")
    forge.fault("POST .*/labels$", lost=True)

    async def act(client: Forge) -> None:
        repo, _ = await propose(client, pay, labels=["template"])
        await client.propose(
            repo, branch="other", base="main", title="T", body="", labels=["template"]
        )

    Use(forge, "gitea")(act)
    assert [pull.labels for pull in forge.pulls(pay)] == [["template"], ["template"]]
    made = [one for one in forge.requests(f"POST /gitea/api/v1/repos/{pay}/labels")]
    assert len(made) == 1


def test_gitea_truncates_the_list_of_statuses(forge: Standin, pay: str) -> None:
    async def act(client: Forge) -> Checks:
        repo, proposal = await propose(client, pay)
        status = {"status": "success", "context": "a"}
        data = {"state": "success", "total_count": 60, "statuses": [status]}
        forge.fault("GET .*/status", status=200, data=data)
        return await client.checks(repo, proposal)

    assert Use(forge, "gitea")(act).state == "pending"


# All of them


@pytest.mark.parametrize("kind", ["github", "gitlab", "gitea"])
def test_no_request_is_sent_after_the_last_one_allowed(forge: Standin, pay: str, kind: str) -> None:
    use = Use(forge, kind)
    prefix = "ratelimit" if kind == "gitlab" else "x-ratelimit"
    reset = str(int(time.time()) + 50)
    headers = {f"{prefix}-remaining": "0", f"{prefix}-reset": reset}
    forge.fault("GET .*/(user|self)$", status=200, data={"scopes": ["api"]}, headers=headers)

    async def act(client: Forge) -> None:
        await client.check_token()
        assert not use.waits.slept
        await client.repository(pay)

    use(act)
    assert sum(use.waits.slept) == pytest.approx(51, abs=5)


def test_endless_pages(forge: Standin, org: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "PAGES", 3)
    link = '<https://x.example>; rel="next"'
    forge.fault("GET .*/orgs/", times=-1, status=200, data=[], headers={"link": link})

    async def act(client: Forge) -> list[Repository]:
        return [repo async for repo in client.find(Find(org=org))]

    with pytest.raises(ForgeError, match="more than 3 pages"):
        Use(forge, "github")(act)


def test_an_endless_response(forge: Standin, pay: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "MOST", 1000)
    with pytest.raises(ForgeError, match="more than 1000 bytes"):
        Use(forge, "github")(lambda client: client.repository(pay))


def test_a_forge_on_this_machine_is_reached_without_a_proxy(
    forge: Standin, pay: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    assert Use(forge, "github")(lambda client: client.repository(pay)).name == pay
