"""GitLab's REST API."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

from litestar import Response, delete, get, post, put

from .front import user_of
from .pages import Asked, error_response, found, page, root_of
from .world import Missing, Pull, Refused, Repo, Token, World

API = "/gitlab/api/v4"
_PROJECT = f"{API}/projects/{{project:str}}"
_REQUEST = f"{_PROJECT}/merge_requests/{{number:int}}"
_DRAFT = re.compile(r"^\s*(\[draft\]|\(draft\)|draft:)\s*", re.IGNORECASE)
_DEVELOPER = 30


class Payloads:
    """GitLab's JSON for one request.

    Args:
        request: The request, whose URL is the base of links.
        world: State of the stand-in.
    """

    def __init__(self, request: Asked, world: World) -> None:
        self.request = request
        self.world = world
        self.web = f"{root_of(request)}/gitlab"

    def user(self, login: str) -> dict[str, Any]:
        """Somebody."""
        return {
            "id": sum(login.encode()),
            "username": login,
            "name": login.title(),
            "state": "active",
            "web_url": f"{self.web}/{login}",
        }

    def repo(self, repo: Repo) -> dict[str, Any]:
        """A project in a list, without the token's permissions."""
        empty = repo.git.tip(repo.git.head) is None
        return {
            "id": repo.id,
            "name": repo.short,
            "path": repo.short,
            "path_with_namespace": repo.name,
            "web_url": f"{self.web}/{repo.name}",
            "http_url_to_repo": f"{self.web}/{repo.name}.git",
            "ssh_url_to_repo": f"git@example.org:{repo.name}.git",
            "default_branch": None if empty else repo.git.head,
            "empty_repo": empty,
            "archived": repo.archived,
            "visibility": "private" if repo.private else "public",
            "topics": repo.topics,
            "tag_list": repo.topics,
        }

    def full_repo(self, repo: Repo) -> dict[str, Any]:
        """A project requested by name."""
        data = self.repo(repo)
        level = _DEVELOPER if user_of(self.request.scope).may_write else 20
        data["permissions"] = {"project_access": None, "group_access": {"access_level": level}}
        if self.request.query_params.get("statistics", "").lower() == "true":
            data["statistics"] = {"repository_size": repo.size * 1024}
        return data

    def pull(self, repo: Repo, pull: Pull) -> dict[str, Any]:
        """A merge request."""
        mergeable = self.world.mergeable(repo, pull)
        status = {None: "unchecked", True: "can_be_merged", False: "cannot_be_merged"}[mergeable]
        return {
            "id": repo.id * 1000 + pull.number,
            "iid": pull.number,
            "project_id": repo.id,
            "source_project_id": repo.id,
            "target_project_id": repo.id,
            "title": pull.title,
            "description": pull.body or None,
            "state": "opened" if pull.state == "open" else pull.state,
            "draft": pull.draft,
            "work_in_progress": pull.draft,
            "source_branch": pull.branch,
            "target_branch": pull.base,
            "sha": pull.head,
            "merge_commit_sha": pull.merge_commit,
            "web_url": f"{self.web}/{repo.name}/-/merge_requests/{pull.number}",
            "author": self.user(pull.author),
            "labels": pull.labels,
            "created_at": pull.created,
            "updated_at": pull.updated,
            "merged_at": pull.merged,
            "closed_at": pull.closed,
            "merge_status": status,
            "has_conflicts": mergeable is False,
        }

    def full_pull(self, repo: Repo, pull: Pull) -> dict[str, Any]:
        """A merge request requested by number."""
        states = list(repo.runs.get(pull.head, {}).values())
        worst = next((one for one in ("failure", "pending") if one in states), "success")
        words = {"failure": "failed", "pending": "running", "success": "success"}
        pipeline = {"id": 1, "sha": pull.head, "status": words[worst]} if states else None
        return {**self.pull(repo, pull), "head_pipeline": pipeline}


def _repo(request: Asked, world: World, project: str) -> Repo:
    name = unquote(project)
    if name.isdecimal():
        return world.by_id(int(name))
    return found(request, world, name, "/api/v4/projects/{id}")


def _filtered(request: Asked, repos: list[Repo]) -> list[Repo]:
    query = request.query_params
    if int(query.get("min_access_level", 0)) >= _DEVELOPER:
        repos = repos if user_of(request.scope).may_write else []
    wanted = set(filter(None, query.get("topic", "").split(",")))
    return [repo for repo in repos if wanted <= set(repo.topics)]


@get(f"{API}/user")
async def user(request: Asked, world: World) -> dict[str, Any]:
    """The token's user."""
    return Payloads(request, world).user(user_of(request.scope).user)


@get(f"{API}/personal_access_tokens/self")
async def token_itself(request: Asked) -> dict[str, Any]:
    """The token's scopes."""
    token: Token = user_of(request.scope)
    return {"id": 1, "name": "fleet", "revoked": False, "active": True, "scopes": token.scopes}


@get([f"{API}/groups/{{owner:str}}/projects", f"{API}/users/{{owner:str}}/projects"])
async def projects_of(request: Asked, world: World, owner: str) -> Response[Any]:
    """Projects of a group, with those of subgroups if requested."""
    if not (repos := world.of(unquote(owner))):
        raise Missing(owner)
    if request.query_params.get("include_subgroups", "").lower() != "true":
        repos = [repo for repo in repos if repo.owner.lower() == unquote(owner).lower()]
    return page(request, _filtered(request, repos), Payloads(request, world).repo, standard=20)


@get(f"{API}/projects")
async def projects(request: Asked, world: World) -> Response[Any]:
    """All projects."""
    repos = _filtered(request, list(world.repos.values()))
    return page(request, repos, Payloads(request, world).repo, standard=20)


@get(_PROJECT)
async def a_project(request: Asked, world: World, project: str) -> dict[str, Any]:
    """One project."""
    return Payloads(request, world).full_repo(_repo(request, world, project))


@get(f"{_PROJECT}/merge_requests")
async def merge_requests(request: Asked, world: World, project: str) -> Response[Any]:
    """Merge requests, filtered."""
    repo, query = _repo(request, world, project), request.query_params
    state, branch = query.get("state", "all"), query.get("source_branch")
    shown = [
        pull
        for pull in world.refreshed(repo)
        if state in ("all", "opened" if pull.state == "open" else pull.state)
        and branch in (None, pull.branch)
    ]
    shown.sort(key=lambda pull: pull.number, reverse=query.get("sort", "desc") == "desc")
    return page(request, shown, lambda one: Payloads(request, world).pull(repo, one), standard=20)


@post(f"{_PROJECT}/merge_requests")
async def open_request(
    request: Asked, world: World, project: str, data: dict[str, Any]
) -> dict[str, Any]:
    """Open a merge request."""
    repo = _repo(request, world, project)
    try:
        made = world.open(
            repo,
            branch=data["source_branch"],
            base=data["target_branch"],
            title=data["title"],
            body=data.get("description") or "",
            draft=bool(_DRAFT.match(data["title"])),
            author=user_of(request.scope).user,
        )
    except Refused as error:
        if error.rule == "exists":
            said = (
                f"Another open merge request already exists for this source branch: !{error.detail}"
            )
            raise error_response(409, message=[said]) from error
        if error.rule in ("branch", "base"):
            field = "source_branch" if error.rule == "branch" else "target_branch"
            raise error_response(
                400, message={field: [f'"{error.detail}" does not exist']}
            ) from error
        raise
    if labels := _names(data.get("labels")):
        world.label(repo, made, labels)
    return Payloads(request, world).full_pull(repo, made)


@get(_REQUEST)
async def a_request(request: Asked, world: World, project: str, number: int) -> dict[str, Any]:
    """One merge request."""
    repo = _repo(request, world, project)
    return Payloads(request, world).full_pull(repo, world.pull(repo, number))


@put(_REQUEST)
async def change_request(
    request: Asked, world: World, project: str, number: int, data: dict[str, Any]
) -> dict[str, Any]:
    """Change a merge request, or close it."""
    repo = _repo(request, world, project)
    pull = world.pull(repo, number)
    changes: dict[str, Any] = {}
    if "title" in data:
        changes |= {"title": data["title"], "draft": bool(_DRAFT.match(data["title"]))}
    if "description" in data:
        changes["body"] = data["description"] or ""
    if changes:
        world.edit(repo, pull, **changes)
    if labels := _names(data.get("add_labels")):
        world.label(repo, pull, labels)
    if data.get("state_event") == "close":
        world.close_pull(repo, pull)
    return Payloads(request, world).full_pull(repo, pull)


@put(f"{_REQUEST}/merge")
async def merge_request(
    request: Asked, world: World, project: str, number: int, data: dict[str, Any]
) -> dict[str, Any]:
    """Merge a merge request."""
    repo = _repo(request, world, project)
    pull = world.pull(repo, number)
    try:
        # Clients may send this parameter in the query or in the body.
        world.merge(repo, pull, data.get("sha") or request.query_params.get("sha"))
    except Refused as error:
        match error.rule:
            case "moved":
                raise error_response(
                    409, message="SHA does not match HEAD of source branch"
                ) from error
            case "conflicts":
                raise error_response(422, message="Branch cannot be merged") from error
        raise error_response(405, message="405 Method Not Allowed") from error
    return Payloads(request, world).full_pull(repo, pull)


@get(f"{_REQUEST}/approvals")
async def approvals_of(request: Asked, world: World, project: str, number: int) -> dict[str, Any]:
    """Approvals of a merge request."""
    pull = world.pull(_repo(request, world, project), number)
    payloads = Payloads(request, world)
    who = [name for name, approved in dict(pull.reviews).items() if approved]
    return {"approved": bool(who), "approved_by": [{"user": payloads.user(name)} for name in who]}


@get(f"{_REQUEST}/notes")
async def notes(request: Asked, world: World, project: str, number: int) -> Response[Any]:
    """Comments on a merge request, newest first."""
    pull = world.pull(_repo(request, world, project), number)
    texts = list(enumerate(pull.comments, 1))[::-1]
    return page(request, texts, lambda one: {"id": one[0], "body": one[1]}, standard=20)


@post(f"{_REQUEST}/notes")
async def say(
    request: Asked, world: World, project: str, number: int, data: dict[str, Any]
) -> dict[str, Any]:
    """Comment on a merge request."""
    repo = _repo(request, world, project)
    count = world.say(repo, world.pull(repo, number), data["body"])
    return {"id": count, "body": data["body"]}


@post(f"{_PROJECT}/statuses/{{commit:str}}")
async def set_status(
    request: Asked, world: World, project: str, commit: str, data: dict[str, Any]
) -> dict[str, Any]:
    """Set a status of a commit."""
    if data["state"] not in ("pending", "running", "success", "failed", "canceled"):
        raise error_response(400, error="state does not have a valid value")
    name = data.get("name") or data.get("context") or "default"
    # Stored with the names of the other forges, so that tests need not distinguish them.
    state = "failure" if data["state"] == "failed" else data["state"]
    status = {"context": name, "state": state, "description": data.get("description", "")}
    world.set_status(_repo(request, world, project), commit, status)
    return {"id": 1, "sha": commit, "name": name, "status": data["state"]}


@get(f"{_PROJECT}/repository/commits/{{commit:str}}/statuses")
async def statuses(request: Asked, world: World, project: str, commit: str) -> Response[Any]:
    """The last status of each name."""
    latest = list(world.latest(_repo(request, world, project), commit).values())

    def shown(status: dict[str, str]) -> dict[str, Any]:
        return {
            "id": 1,
            "sha": commit,
            "name": status["context"],
            "status": "failed" if status["state"] == "failure" else status["state"],
            "description": status["description"],
            "allow_failure": False,
        }

    return page(request, latest, shown, standard=20)


@delete(f"{_PROJECT}/repository/branches/{{branch:str}}")
async def delete_branch(request: Asked, world: World, project: str, branch: str) -> None:
    """Delete a branch."""
    try:
        world.delete_branch(_repo(request, world, project), unquote(branch))
    except Refused as error:
        if error.rule == "branch":
            raise error_response(404, message="404 Branch Not Found") from error
        raise


def _names(labels: Any) -> list[str]:
    names = labels.split(",") if isinstance(labels, str) else labels or []
    return [name.strip() for name in names if name.strip()]


GITLAB = [
    user,
    token_itself,
    projects_of,
    projects,
    a_project,
    merge_requests,
    open_request,
    a_request,
    change_request,
    merge_request,
    approvals_of,
    notes,
    say,
    set_status,
    statuses,
    delete_branch,
]
