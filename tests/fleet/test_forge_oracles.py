"""The stand-in with clients of other authors.

Those of GitHub and Forgejo are generated from the API description of the forge, and refuse
responses that do not fit it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gitlab
import httpx
import pytest
from githubkit import GitHub
from githubkit.exception import RequestFailed
from pyforgejo import PyforgejoApi
from pyforgejo.core.api_error import ApiError

from tests.fleet.standin import Standin

BRANCH = "update/1.0"


@pytest.fixture
def pay(forge: Standin, org: str, source: Path) -> str:
    forge.add(f"{org}/pay", source, topics=["litestar", org])
    return f"{org}/pay"


@pytest.fixture
def hub(forge: Standin) -> Iterator[GitHub[Any]]:
    url = f"{forge.url('github')}/api/v3/"
    with GitHub(forge.token, base_url=url, auto_retry=False, http_cache=False) as client:
        yield client


@pytest.fixture
def lab(forge: Standin) -> Iterator[gitlab.Gitlab]:
    with gitlab.Gitlab(forge.url("gitlab"), private_token=forge.token) as client:
        yield client


@pytest.fixture
def tea(forge: Standin) -> Iterator[PyforgejoApi]:
    url = f"{forge.url('gitea')}/api/v1"
    with httpx.Client(trust_env=False) as http:
        yield PyforgejoApi(base_url=url, api_key=forge.token, httpx_client=http)


def refused(status: int, act: Callable[[], Any]) -> str:
    with pytest.raises((RequestFailed, gitlab.GitlabError, ApiError)) as caught:
        act()
    error: Any = caught.value
    if isinstance(error, RequestFailed):
        assert error.response.status_code == status
        return error.response.text
    assert getattr(error, "status_code", None) == status or error.response_code == status
    return str(error)


def test_github(forge: Standin, hub: GitHub[Any], pay: str, org: str) -> None:
    # mypy cannot infer the types of its lists.
    rest: Any = hub.rest
    assert rest.users.get_authenticated().parsed_data.login == "bot"
    assert [one.full_name for one in rest.repos.list_for_org(org).parsed_data] == [pay]
    found = rest.search.repos(q=f"topic:{org} fork:true").parsed_data
    assert [one.full_name for one in found.items] == [pay]
    repo = rest.repos.get(org, "pay").parsed_data
    assert repo.permissions.push
    assert (repo.default_branch, repo.archived, repo.size) == ("main", False, 100)
    tip = rest.repos.get_branch(org, "pay", "main").parsed_data.commit.sha
    assert tip == forge.git(pay, "rev-parse", "main")
    refused(404, lambda: rest.repos.get_branch(org, "pay", "gone"))

    words: dict[str, Any] = {"head": BRANCH, "base": "main", "title": "T", "body": "B"}
    pull = rest.pulls.create(org, "pay", **words, draft=True).parsed_data
    assert (pull.number, pull.draft, pull.state, pull.merged_at) == (1, True, "open", None)
    said = refused(422, lambda: rest.pulls.create(org, "pay", **words))
    assert f"A pull request already exists for {org}:{BRANCH}" in said
    words["head"] = "gone"
    assert "invalid" in refused(422, lambda: rest.pulls.create(org, "pay", **words))
    words["head"], words["base"] = "main", BRANCH
    assert "No commits between" in refused(422, lambda: rest.pulls.create(org, "pay", **words))
    head = f"{org}:{BRANCH}"
    listed = rest.pulls.list(org, "pay", head=head, state="all").parsed_data
    assert [one.head.sha for one in listed] == [pull.head.sha]
    assert rest.pulls.list(org, "pay", head=f"{org}:other", state="all").parsed_data == []
    refused(405, lambda: rest.pulls.merge(org, "pay", 1))

    mark = "mutation($id: ID!) { markPullRequestReadyForReview(input: {pullRequestId: $id})"
    hub.graphql(f"{mark} {{ pullRequest {{ isDraft }} }} }}", {"id": pull.node_id})
    assert rest.pulls.update(org, "pay", 1, title="T2").parsed_data.title == "T2"
    (label,) = rest.issues.add_labels(org, "pay", 1, labels=["template"]).parsed_data
    assert rest.issues.list_labels_on_issue(org, "pay", 1).parsed_data == [label]
    assert rest.issues.create_comment(org, "pay", 1, body="C").parsed_data.body == "C"
    assert [one.body for one in rest.issues.list_comments(org, "pay", 1).parsed_data] == ["C"]

    status = rest.repos.get_combined_status_for_ref(org, "pay", pull.head.sha).parsed_data
    assert (status.state, status.total_count) == ("pending", 0)
    made = rest.repos.create_commit_status(
        org, "pay", pull.head.sha, state="failure", context="c", description="d"
    )
    assert made.parsed_data.context == "c"
    status = rest.repos.get_combined_status_for_ref(org, "pay", pull.head.sha).parsed_data
    assert (status.state, status.total_count) == ("failure", 1)
    forge.check(pay, pull.head.sha, "success")
    (run,) = rest.checks.list_for_ref(org, "pay", pull.head.sha).parsed_data.check_runs
    assert (run.status, run.conclusion) == ("completed", "success")
    forge.review(pay, 1)
    assert [one.state for one in rest.pulls.list_reviews(org, "pay", 1).parsed_data] == ["APPROVED"]

    refused(409, lambda: rest.pulls.merge(org, "pay", 1, sha="0" * 40))
    assert rest.pulls.merge(org, "pay", 1, sha=pull.head.sha).parsed_data.merged
    assert rest.pulls.get(org, "pay", 1).parsed_data.merged
    assert rest.git.delete_ref(org, "pay", f"heads/{BRANCH}").status_code == 204
    refused(422, lambda: rest.git.delete_ref(org, "pay", f"heads/{BRANCH}"))
    forge.rename(pay, f"{org}/paid")
    assert rest.repos.get(org, "pay").parsed_data.full_name == f"{org}/paid"


def test_gitlab(forge: Standin, lab: gitlab.Gitlab, pay: str, org: str, source: Path) -> None:
    forge.add(f"{org}/deep/er", source)
    lab.auth()
    assert "api" in lab.personal_access_tokens.get("self").scopes
    group = lab.groups.get(org, lazy=True)
    names = [
        [one.path_with_namespace for one in group.projects.list(iterator=True, **words)]
        for words in ({}, {"include_subgroups": True, "per_page": 1}, {"topic": org})
    ]
    assert names == [[pay], [pay, f"{org}/deep/er"], [pay]]
    project = lab.projects.get(pay, statistics=True)
    assert project.default_branch == "main"
    assert project.permissions["group_access"]["access_level"] == 30

    words = {"source_branch": BRANCH, "target_branch": "main", "title": "Draft: T"}
    opened = project.mergerequests.create({**words, "labels": ["template"]})
    assert (opened.iid, opened.draft, opened.state) == (1, True, "opened")
    assert opened.labels == ["template"]
    said = refused(409, lambda: project.mergerequests.create(words))
    assert "Another open merge request already exists" in said
    refused(405, lambda: opened.merge())
    opened.title, opened.description = "T2", "More"
    opened.save()
    (listed,) = project.mergerequests.list(source_branch=BRANCH, state="all", get_all=True)
    assert (listed.title, listed.draft, listed.sha) == ("T2", False, opened.sha)
    opened.notes.create({"body": "N"})
    assert [note.body for note in opened.notes.list(get_all=True)] == ["N"]
    commit = project.commits.get(opened.sha, lazy=True)
    commit.statuses.create({"state": "failed", "name": "c"})
    assert [one.status for one in commit.statuses.list(get_all=True)] == ["failed"]
    assert not opened.approvals.get().approved
    refused(409, lambda: project.mergerequests.get(1).merge(sha="0" * 40))
    merged = project.mergerequests.get(1)
    merged.merge(sha=opened.sha)
    assert project.mergerequests.get(1).state == "merged"
    project.branches.delete(BRANCH)
    refused(404, lambda: project.branches.delete(BRANCH))
    forge.rename(pay, f"{org}/paid")
    assert lab.projects.get(pay).path_with_namespace == f"{org}/paid"


def test_gitea(forge: Standin, tea: PyforgejoApi, pay: str, org: str) -> None:
    assert tea.user.get_current().login == "bot"
    assert [one.full_name for one in tea.organization.org_list_repos(org)] == [pay]
    found = tea.repository.repo_search(q=org, topic=True).data
    assert [one.full_name for one in found or ()] == [pay]
    repo = tea.repository.repo_get(org, "pay")
    assert repo.permissions is not None and repo.permissions.push
    assert (repo.default_branch, repo.empty, repo.archived) == ("main", False, False)

    words: dict[str, Any] = {"head": BRANCH, "base": "main", "title": "WIP: T", "body": "B"}
    pull = tea.repository.repo_create_pull_request(org, "pay", **words)
    assert (pull.number, pull.state, pull.merged, pull.draft) == (1, "open", False, True)
    assert pull.head is not None and pull.base is not None
    once: Any = {"request_options": {"max_retries": 0}}
    refused(409, lambda: tea.repository.repo_create_pull_request(org, "pay", **words, **once))
    words["head"] = "gone"
    refused(404, lambda: tea.repository.repo_create_pull_request(org, "pay", **words))
    refused(405, lambda: tea.repository.repo_merge_pull_request(org, "pay", 1, do="merge"))
    edited = tea.repository.repo_edit_pull_request(org, "pay", 1, title="T2")
    assert (edited.title, edited.draft) == ("T2", False)
    listed = tea.repository.repo_list_pull_requests(org, "pay", state="all")
    assert [one.number for one in listed] == [1]
    label = tea.issue.create_label(org, "pay", name="template", color="#ededed")
    assert label.id is not None
    (given,) = tea.issue.add_label(org, "pay", 1, labels=[label.id])
    assert given.name == "template"
    tea.issue.create_comment(org, "pay", 1, body="C")
    assert [one.body for one in tea.issue.get_comments(org, "pay", 1)] == ["C"]

    sha = str(pull.head.sha)
    tea.repository.repo_create_status(org, "pay", sha, state="failure", context="c")
    status = tea.repository.repo_get_combined_status_by_ref(org, "pay", sha)
    assert [one.status for one in status.statuses or ()] == ["failure"]
    forge.review(pay, 1)
    assert [one.state for one in tea.repository.repo_list_pull_reviews(org, "pay", 1)] == [
        "APPROVED"
    ]
    merge = tea.repository.repo_merge_pull_request
    refused(409, lambda: merge(org, "pay", 1, do="merge", head_commit_id="0" * 40, **once))
    merge(org, "pay", 1, do="merge", head_commit_id=sha)
    assert tea.repository.repo_get_pull_request(org, "pay", 1).merged
    tea.repository.repo_delete_branch(org, "pay", BRANCH)
    refused(404, lambda: tea.repository.repo_delete_branch(org, "pay", BRANCH))
    forge.change(pay, archived=True)
    refused(423, lambda: tea.issue.create_comment(org, "pay", 1, body="C"))
