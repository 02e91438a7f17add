"""Each client with the stand-in for its forge."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import httpx
import pytest

from tests.fleet.clients import VARIABLE, Use
from tests.fleet.standin import Standin
from twelvestar.fleet.forges import (
    STATUS_CONTEXT,
    Checks,
    Conflict,
    Find,
    Forge,
    NotAllowed,
    NotFound,
    Proposal,
    Repository,
    make_forge,
)

BRANCH = "update/1.0"
KINDS = ["github", "gitlab", "gitea"]


@pytest.fixture(params=KINDS)
def use(forge: Standin, request: pytest.FixtureRequest) -> Use:
    return Use(forge, request.param)


@pytest.fixture
def pay(forge: Standin, org: str, source: Path) -> str:
    forge.add(f"{org}/pay", source)
    return f"{org}/pay"


async def propose(client: Forge, name: str, draft: bool = False) -> tuple[Repository, Proposal]:
    repo = await client.repository(name)
    proposal = await client.propose(
        repo,
        branch=BRANCH,
        base="main",
        title="Update to 1.0",
        body="What is new:\n\n- much\n",
        draft=draft,
        labels=["template"],
    )
    return repo, proposal


def test_the_token_has_the_required_permissions(use: Use) -> None:
    use(lambda client: client.check_token())


def test_find_reads_all_pages_of_an_organisation(
    use: Use, org: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"twelvestar.fleet.forges.{use.kind}._PAGE", 3)
    names = [f"{org}/r{number}" for number in range(7)]
    for name in names:
        use.forge.add(name)

    async def act(client: Forge) -> list[str]:
        return [repo.name async for repo in client.find(Find(org=org))]

    assert sorted(use(act)) == names
    assert [one for one in use.forge.requests(f"{org}/") if one["line"].endswith("&page=3")]


def test_find_by_topic(use: Use, org: str, source: Path) -> None:
    use.forge.add(f"{org}/pay", source, topics=["litestar", org])
    use.forge.add(f"{org}/ship", source, topics=["other"])
    use.forge.add(f"{org}-2/elsewhere", source, topics=[org], archived=True)

    async def act(client: Forge, query: Find) -> list[tuple[str, bool]]:
        found = [repo async for repo in client.find(query)]
        assert all(org in repo.topics for repo in found)
        return sorted((repo.name, repo.archived) for repo in found)

    assert use(lambda client: act(client, Find(org=org, topic=org))) == [(f"{org}/pay", False)]
    assert use(lambda client: act(client, Find(topic=org))) == [
        (f"{org}-2/elsewhere", True),
        (f"{org}/pay", False),
    ]


def test_find_by_user(use: Use, source: Path, org: str) -> None:
    use.forge.add(f"{org}/pay", source)

    async def act(client: Forge) -> list[str]:
        return [repo.name async for repo in client.find(Find(user=org))]

    assert use(act) == [f"{org}/pay"]


def test_find_reports_a_missing_organisation(use: Use) -> None:
    async def act(client: Forge) -> list[Repository]:
        return [repo async for repo in client.find(Find(org="nobody"))]

    with pytest.raises(NotFound, match="nobody"):
        use(act)


def test_a_repository(use: Use, pay: str) -> None:
    assert use(lambda client: client.repository(pay)) == Repository(
        name=pay,
        clone_url=use.forge.clone_url(use.kind, pay),
        branch="main",
        archived=False,
        may_push=True,
        size=100,
        topics=(),
    )


def test_a_repository_without_commits_has_no_branch(use: Use, org: str) -> None:
    use.forge.add(f"{org}/empty", branch="trunk")
    assert use(lambda client: client.repository(f"{org}/empty")).branch == ""


def test_a_renamed_repository_is_found_under_its_new_name(use: Use, pay: str, org: str) -> None:
    use.forge.rename(pay, f"{org}/paid")
    repo = use(lambda client: client.repository(pay))
    assert repo.name == f"{org}/paid"
    assert repo.clone_url.endswith(f"/{org}/paid.git")


def test_a_missing_repository(use: Use, org: str) -> None:
    with pytest.raises(NotFound, match="pay"):
        use(lambda client: client.repository(f"{org}/pay"))


def test_proposing_twice_opens_one_pull_request(use: Use, pay: str) -> None:
    async def act(client: Forge) -> list[Proposal]:
        return [(await propose(client, pay, draft=True))[1] for _ in range(2)]

    first, second = use(act)
    assert first == second
    (pull,) = use.forge.pulls(pay)
    assert (first.number, first.branch, first.base) == (pull.number, BRANCH, "main")
    assert first.head == pull.head == use.forge.git(pay, "rev-parse", BRANCH)
    assert (first.state, first.draft, first.title) == ("open", True, "Update to 1.0")
    assert first.body == pull.body.strip() or first.body == pull.body
    assert first.updated is not None
    assert f"/{pay}/" in first.url
    assert pull.draft
    assert pull.labels == ["template"]
    assert use.forge.writes()[pay]["pull"] == 1


def test_concurrent_proposals_open_one_even_if_duplicates_are_allowed(use: Use, pay: str) -> None:
    use.forge.allow_duplicates()

    async def act(client: Forge) -> None:
        await asyncio.gather(*[propose(client, pay) for _ in range(4)])

    use(act)
    assert len(use.forge.pulls(pay)) == 1


@pytest.mark.parametrize("duplicates", [False, True])
@pytest.mark.parametrize("drop", [False, True])
def test_proposing_after_a_lost_response_opens_one(
    use: Use, pay: str, drop: bool, duplicates: bool
) -> None:
    use.forge.allow_duplicates(duplicates)
    use.forge.fault(r"^POST .*/(pulls|merge_requests)", lost=True, drop=drop)
    use(lambda client: propose(client, pay))
    assert len(use.forge.pulls(pay)) == 1
    assert use.forge.pulls(pay)[0].labels == ["template"]
    assert use.waits.slept == [1.0]


def test_proposing_finds_a_pull_request_opened_meanwhile(use: Use, pay: str) -> None:
    async def act(client: Forge) -> tuple[Proposal, Proposal]:
        _, theirs = await propose(client, pay)
        # The client's search before it opens one.
        use.forge.fault(r"^GET .*/(pulls|merge_requests)\?", status=200, data=[])
        _, found = await propose(client, pay)
        return theirs, found

    theirs, found = use(act)
    assert theirs == found
    assert len(use.forge.pulls(pay)) == 1
    assert len(use.forge.requests(f"POST /{use.kind}/")) >= 2


def test_proposing_a_missing_branch(use: Use, pay: str) -> None:
    async def act(client: Forge) -> None:
        repo = await client.repository(pay)
        await client.propose(repo, branch="gone", base="main", title="T", body="")

    with pytest.raises(Exception, match=r"refused|has no") as caught:
        use(act)
    assert not getattr(caught.value, "transient", True)
    assert not use.forge.pulls(pay)


def test_proposals_in_every_state(use: Use, pay: str) -> None:
    async def act(client: Forge) -> list[tuple[int, str]]:
        for what in ("close", "merge"):
            repo, proposal = await propose(client, pay)
            getattr(use.forge, what)(pay, proposal.number)
            use.forge.commit(pay, {what: what}, branch=BRANCH)
        await propose(client, pay)
        use.forge.commit(pay, {"other": ""}, branch="update/1.0.1")
        await client.propose(repo, branch="update/1.0.1", base="main", title="T", body="")
        return [(one.number, one.state) for one in await client.proposals(repo, BRANCH)]

    assert use(act) == [(3, "open"), (2, "merged"), (1, "closed")]


def test_proposals_of_forks_and_of_other_branches_do_not_count(use: Use, pay: str) -> None:
    paths = {
        "github": f"/api/v3/repos/{pay}/pulls?state=all",
        "gitlab": f"/api/v4/projects/{quote(pay, safe='')}/merge_requests",
        "gitea": f"/api/v1/repos/{pay}/pulls?state=all",
    }

    async def act(client: Forge) -> list[Proposal]:
        repo, _ = await propose(client, pay)
        headers = {"authorization": f"Bearer {use.forge.token}"}
        (data,) = httpx.get(
            use.forge.url(use.kind) + paths[use.kind], headers=headers, trust_env=False
        ).json()
        changes: list[dict[str, Any]]
        if use.kind == "gitlab":
            changes = [{"source_project_id": 7}, {"source_branch": "other"}]
        else:
            fork = {"full_name": "other/pay", "id": 7}
            sides: list[dict[str, Any]] = [
                {"repo": fork, "repo_id": 7},
                {"repo": None, "repo_id": 8},
                {"ref": "other"},
            ]
            changes = [{"head": {**data["head"], **side}} for side in sides]
        # The response of a forge that ignores the filter.
        listing = [{**data, **change} for change in changes]
        use.forge.fault(r"^GET .*/(pulls|merge_requests)\?", status=200, data=listing)
        return await client.proposals(repo, BRANCH)

    assert use(act) == []


def test_revising_sends_only_differences(use: Use, pay: str) -> None:
    async def act(client: Forge) -> list[Proposal]:
        repo, proposal = await propose(client, pay, draft=True)
        ready = await client.revise(repo, proposal, draft=False)
        retitled = await client.revise(repo, ready, title="Update to 1.0, again")
        drafted = await client.revise(repo, retitled, body="More", draft=True)
        same = await client.revise(
            repo, drafted, title=drafted.title, body=drafted.body + "\n", draft=True
        )
        assert same is drafted
        return [proposal, ready, retitled, drafted]

    proposals = use(act)
    assert [one.draft for one in proposals] == [True, False, False, True]
    assert [one.title for one in proposals] == ["Update to 1.0"] * 2 + ["Update to 1.0, again"] * 2
    assert proposals[-1].body == "More"
    (pull,) = use.forge.pulls(pay)
    assert pull.draft
    assert pull.body == "More"


def test_a_status_of_a_commit(use: Use, pay: str) -> None:
    async def act(client: Forge) -> list[Checks]:
        repo, proposal = await propose(client, pay)
        seen = [await client.checks(repo, proposal)]
        for state in ("failure", "success"):
            await client.set_status(
                repo,
                proposal.head,
                state="failure" if state == "failure" else "success",
                description=f"Conflicts in {'many ' * 100}files",
            )
            seen.append(await client.checks(repo, proposal))
        return seen

    assert [checks.state for checks in use(act)] == ["none", "failure", "success"]
    (pull,) = use.forge.pulls(pay)
    assert use.forge.statuses(pay, pull.head) == {STATUS_CONTEXT: "success"}


def test_checks_and_reviews(use: Use, pay: str) -> None:
    async def act(client: Forge) -> list[Checks]:
        repo, proposal = await propose(client, pay)
        seen = []
        states: list[tuple[Literal["pending", "success", "failure"], bool]]
        states = [("pending", False), ("success", True), ("failure", True)]
        for state, approved in states:
            use.forge.check(pay, proposal.head, state)
            use.forge.review(pay, proposal.number, approved=approved)
            seen.append(await client.checks(repo, proposal))
        use.forge.commit(pay, {"new": "other\n"})
        seen.append(await client.checks(repo, proposal))
        return seen

    seen = use(act)
    assert [checks.state for checks in seen] == ["pending", "success", "failure", "failure"]
    assert [checks.approved for checks in seen[1:]] == [True, True, True]
    assert not seen[0].approved
    assert [checks.mergeable for checks in seen] == [True, True, True, False]


def test_a_comment_is_written_once(use: Use, pay: str) -> None:
    use.forge.fault(r"^POST .*/(comments|notes)", lost=True)

    async def act(client: Forge) -> None:
        repo, proposal = await propose(client, pay)
        await client.comment(repo, proposal, "Somebody pushed.\n")
        await client.comment(repo, proposal, "Said on purpose again.")
        await client.comment(repo, proposal, "Said on purpose again.")

    use(act)
    assert [text.strip() for text in use.forge.pulls(pay)[0].comments] == [
        "Somebody pushed.",
        "Said on purpose again.",
        "Said on purpose again.",
    ]


def test_merging(use: Use, pay: str) -> None:
    use.forge.fault(r"^(PUT|POST) .*/merge", lost=True)

    async def act(client: Forge) -> str:
        repo, proposal = await propose(client, pay)
        await client.merge(repo, proposal)
        await client.merge(repo, proposal)
        return proposal.head

    head = use(act)
    assert [pull.state for pull in use.forge.pulls(pay)] == ["merged"]
    assert use.forge.git(pay, "merge-base", "main", BRANCH) == head
    assert use.forge.writes()[pay]["merge"] == 1


@pytest.mark.parametrize("late", [False, True])
def test_merging_requires_the_commit_that_was_read(use: Use, pay: str, late: bool) -> None:
    async def act(client: Forge) -> None:
        repo, proposal = await propose(client, pay)
        if late:
            # Somebody pushes between the client's check and its merge.
            use.forge.fault(r"^(PUT|POST) .*/merge", delay=3.0)
            merging = asyncio.create_task(client.merge(repo, proposal))
            org = pay.partition("/")[0]
            while not any(one["line"].endswith("/merge") for one in use.forge.requests(org)):
                await asyncio.sleep(0.02)
            use.forge.commit(pay, {"mine": ""}, branch=BRANCH)
            await merging
        else:
            use.forge.commit(pay, {"mine": ""}, branch=BRANCH)
            await client.merge(repo, proposal)

    with pytest.raises(Conflict):
        use(act)
    assert [pull.state for pull in use.forge.pulls(pay)] == ["open"]


def test_merging_a_pull_request_with_conflicts(use: Use, pay: str) -> None:
    async def act(client: Forge) -> None:
        repo, proposal = await propose(client, pay)
        use.forge.commit(pay, {"new": "other\n"})
        await client.merge(repo, proposal)

    with pytest.raises(Exception, match="refused"):
        use(act)
    assert [pull.state for pull in use.forge.pulls(pay)] == ["open"]


@pytest.mark.parametrize("delete_branch", [False, True])
def test_closing(use: Use, pay: str, delete_branch: bool) -> None:
    async def act(client: Forge) -> None:
        repo, proposal = await propose(client, pay)
        for _ in range(2):
            await client.close(repo, proposal, delete_branch=delete_branch)

    use(act)
    assert [pull.state for pull in use.forge.pulls(pay)] == ["closed"]
    branches = use.forge.git(pay, "branch", "--format", "%(refname:short)").splitlines()
    assert (BRANCH in branches) is not delete_branch


def test_closing_keeps_a_branch_with_new_commits(use: Use, pay: str) -> None:
    async def act(client: Forge) -> None:
        repo, proposal = await propose(client, pay)
        use.forge.commit(pay, {"mine": ""}, branch=BRANCH)
        await client.close(repo, proposal, delete_branch=True)

    with pytest.raises(Conflict, match="has moved"):
        use(act)
    assert [pull.state for pull in use.forge.pulls(pay)] == ["open"]
    assert use.forge.git(pay, "show", f"{BRANCH}:mine") == ""


def test_an_archived_repository_refuses_changes(use: Use, pay: str) -> None:
    use.forge.change(pay, archived=True)
    assert use(lambda client: client.repository(pay)).archived
    with pytest.raises(NotAllowed, match="archived"):
        use(lambda client: propose(client, pay))


def test_a_rejected_token_is_an_error(use: Use, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(use.forge, "token", use.forge.make_token(expired=True))
    with pytest.raises(NotAllowed, match=rf"token in {VARIABLE} is wrong, expired or revoked"):
        use(lambda client: client.check_token())


def test_a_token_without_a_required_scope(use: Use, monkeypatch: pytest.MonkeyPatch) -> None:
    weak = use.forge.make_token(scopes=["read_api", "read:org"], may_write=False)
    monkeypatch.setattr(use.forge, "token", weak)
    with pytest.raises(NotAllowed, match=rf"token in {VARIABLE} lacks the (scope|right)"):
        use(lambda client: client.check_token())


def test_a_read_only_token(use: Use, pay: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(use.forge, "token", use.forge.make_token(may_write=False))
    assert not use(lambda client: client.repository(pay)).may_push
    with pytest.raises(NotAllowed, match=rf"token in {VARIABLE} lacks the right to POST"):
        use(lambda client: propose(client, pay))


@pytest.mark.parametrize("kind", KINDS)
def test_a_missing_token(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FLEET_NO_TOKEN", raising=False)
    client = make_forge(kind, "https://git.example.org", "env:FLEET_NO_TOKEN")
    with pytest.raises(NotAllowed, match="variable FLEET_NO_TOKEN is empty: set it"):
        asyncio.run(client.check_token())
