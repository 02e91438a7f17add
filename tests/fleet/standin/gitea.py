"""Gitea's REST API."""

from __future__ import annotations

import re
from typing import Any

from litestar import Response, delete, get, patch, post

from .front import user_of
from .pages import Asked, error_response, found, page, root_of
from .world import Missing, Pull, Refused, Repo, World, now

API = "/gitea/api/v1"
_REPO = f"{API}/repos/{{owner:str}}/{{name:str}}"
_DRAFT = re.compile(r"^(wip:|\[wip\])", re.IGNORECASE)


class Payloads:
    """Gitea's JSON for one request.

    Args:
        request: The request, whose URL is the base of links.
        world: State of the stand-in.
    """

    def __init__(self, request: Asked, world: World) -> None:
        self.request = request
        self.world = world
        self.web = f"{root_of(request)}/gitea"

    def user(self, login: str) -> dict[str, Any]:
        """Somebody."""
        return {
            "id": sum(login.encode()),
            "login": login,
            "login_name": "",
            "full_name": "",
            "email": f"{login}@noreply.example.org",
            "avatar_url": f"{self.web}/avatars/{login}",
            "username": login,
            "created": "2024-01-01T00:00:00Z",
            "active": True,
            "visibility": "public",
        }

    def repo(self, repo: Repo) -> dict[str, Any]:
        """A repository."""
        may_write = user_of(self.request.scope).may_write
        return {
            "id": repo.id,
            "owner": self.user(repo.owner),
            "name": repo.short,
            "full_name": repo.name,
            "description": "",
            "empty": repo.git.tip(repo.git.head) is None,
            "private": repo.private,
            "fork": False,
            "mirror": False,
            "size": repo.size,
            "html_url": f"{self.web}/{repo.name}",
            "ssh_url": f"git@example.org:{repo.name}.git",
            "clone_url": f"{self.web}/{repo.name}.git",
            "default_branch": repo.git.head,
            "archived": repo.archived,
            "created_at": repo.created,
            "updated_at": repo.created,
            "permissions": {"admin": False, "push": may_write, "pull": True},
            "topics": repo.topics,
            "allow_merge_commits": True,
            "default_merge_style": "merge",
        }

    def side(self, repo: Repo, branch: str, commit: str) -> dict[str, Any]:
        """One side of a pull request."""
        return {
            "label": branch,
            "ref": branch,
            "sha": commit,
            "repo_id": repo.id,
            "repo": self.repo(repo),
        }

    def label(self, repo: Repo, name: str) -> dict[str, Any]:
        """A label."""
        number = repo.id * 100 + repo.labels.index(name)
        return {"id": number, "name": name, "color": "ededed", "description": ""}

    def pull(self, repo: Repo, pull: Pull) -> dict[str, Any]:
        """A pull request."""
        where = f"{self.web}/{repo.name}/pulls/{pull.number}"
        return {
            "id": repo.id * 1000 + pull.number,
            "url": where,
            "number": pull.number,
            "user": self.user(pull.author),
            "title": pull.title,
            "body": pull.body,
            "labels": [self.label(repo, name) for name in pull.labels],
            "state": "open" if pull.state == "open" else "closed",
            "draft": pull.draft,
            "is_locked": False,
            "comments": len(pull.comments),
            "html_url": where,
            "diff_url": f"{where}.diff",
            "patch_url": f"{where}.patch",
            "mergeable": bool(self.world.mergeable(repo, pull)),
            "merged": pull.state == "merged",
            "merged_at": pull.merged,
            "merge_commit_sha": pull.merge_commit,
            "base": self.side(repo, pull.base, pull.base_head),
            "head": self.side(repo, pull.branch, pull.head),
            "created_at": pull.created,
            "updated_at": pull.updated,
            "closed_at": pull.closed or pull.merged,
        }

    def comment(self, pull: Pull, number: int) -> dict[str, Any]:
        """A comment."""
        return {
            "id": number,
            "body": pull.comments[number - 1],
            "user": self.user(pull.author),
            "created_at": pull.updated,
            "updated_at": pull.updated,
        }


def _repo(request: Asked, world: World, owner: str, name: str) -> Repo:
    return found(request, world, f"{owner}/{name}", "/api/v1/repos/{name}")


def _page(request: Asked, items: Any, shown: Any, wrap: Any = None) -> Response[Any]:
    return page(request, items, shown, size="limit", most=50, wrap=wrap)


@get(f"{API}/version")
async def version() -> dict[str, str]:
    """The release that this claims to be."""
    return {"version": "1.24.0"}


@get(f"{API}/user")
async def user(request: Asked, world: World) -> dict[str, Any]:
    """The token's user; a token with only the scope for repositories may not read it."""
    token = user_of(request.scope)
    if not {"read:user", "write:user"} & set(token.scopes):
        wanted = "token does not have at least one of required scope(s): [read:user]"
        raise error_response(403, message=wanted)
    return Payloads(request, world).user(token.user)


@get([f"{API}/orgs/{{owner:str}}/repos", f"{API}/users/{{owner:str}}/repos"])
async def repos_of(request: Asked, world: World, owner: str) -> Response[Any]:
    """Repositories of an organisation or a user."""
    if not (repos := world.of(owner)):
        raise Missing(owner)
    return _page(request, repos, Payloads(request, world).repo)


@get(f"{API}/orgs/{{owner:str}}/labels")
async def labels_of(owner: str) -> list[Any]:
    """Labels of an organisation: none."""
    return []


@get(f"{API}/repos/search")
async def search(request: Asked, world: World) -> Response[Any]:
    """Repositories with a topic."""
    token = user_of(request.scope)
    if not {"read:repository", "write:repository"} & set(token.scopes):
        wanted = "token does not have at least one of required scope(s): [read:repository]"
        raise error_response(403, message=wanted)
    query = request.query_params
    topic = query.get("q", "") if query.get("topic") == "true" else None
    repos = [
        repo
        for repo in world.repos.values()
        if (query.get("q", "") in repo.name if topic is None else topic in repo.topics)
    ]
    return _page(
        request, repos, Payloads(request, world).repo, lambda items, _: {"ok": True, "data": items}
    )


@get(_REPO)
async def repository(request: Asked, world: World, owner: str, name: str) -> dict[str, Any]:
    """One repository."""
    return Payloads(request, world).repo(_repo(request, world, owner, name))


@get(f"{_REPO}/pulls")
async def pulls(request: Asked, world: World, owner: str, name: str) -> Response[Any]:
    """Pull requests."""
    repo, state = _repo(request, world, owner, name), request.query_params.get("state", "open")
    shown = [
        pull
        for pull in world.refreshed(repo)[::-1]
        if state in ("all", "open" if pull.state == "open" else "closed")
    ]
    return _page(request, shown, lambda one: Payloads(request, world).pull(repo, one))


@post(f"{_REPO}/pulls")
async def open_pull(
    request: Asked, world: World, owner: str, name: str, data: dict[str, Any]
) -> dict[str, Any]:
    """Open a pull request."""
    repo = _repo(request, world, owner, name)
    try:
        made = world.open(
            repo,
            branch=data["head"],
            base=data["base"],
            title=data["title"],
            body=data.get("body") or "",
            draft=bool(_DRAFT.match(data["title"])),
            author=user_of(request.scope).user,
        )
    except Refused as error:
        if error.rule == "exists":
            said = f"pull request already exists for these targets [id: {error.detail}]"
            raise error_response(409, message=said) from error
        if error.rule in ("branch", "base"):
            raise Missing(error.detail) from error
        raise
    return Payloads(request, world).pull(repo, made)


@get(f"{_REPO}/pulls/{{number:int}}")
async def a_pull(
    request: Asked, world: World, owner: str, name: str, number: int
) -> dict[str, Any]:
    """One pull request."""
    repo = _repo(request, world, owner, name)
    return Payloads(request, world).pull(repo, world.pull(repo, number))


@patch(f"{_REPO}/pulls/{{number:int}}", status_code=201)
async def change_pull(
    request: Asked, world: World, owner: str, name: str, number: int, data: dict[str, Any]
) -> dict[str, Any]:
    """Change a pull request, or close it."""
    repo = _repo(request, world, owner, name)
    pull = world.pull(repo, number)
    changes: dict[str, Any] = {}
    if data.get("title"):
        changes |= {"title": data["title"], "draft": bool(_DRAFT.match(data["title"]))}
    if data.get("body") is not None:
        changes["body"] = data["body"]
    if changes:
        world.edit(repo, pull, **changes)
    if data.get("state") == "closed":
        if pull.state == "merged":
            said = "cannot change state of this pull request, it was already merged"
            raise error_response(412, message=said)
        world.close_pull(repo, pull)
    return Payloads(request, world).pull(repo, pull)


@post(f"{_REPO}/pulls/{{number:int}}/merge", status_code=200)
async def merge_pull(
    request: Asked, world: World, owner: str, name: str, number: int, data: dict[str, Any]
) -> None:
    """Merge a pull request."""
    repo = _repo(request, world, owner, name)
    pull = world.pull(repo, number)
    if pull.state == "closed":
        raise Missing(str(number))
    try:
        world.merge(repo, pull, data.get("head_commit_id"))
    except Refused as error:
        match error.rule:
            case "moved":
                raise error_response(409, message="head out of date") from error
            case "draft":
                said = "Work in progress PRs cannot be merged"
            case "conflicts":
                said = "Please try again later"
            case _:
                said = ""
        raise error_response(405, message=said) from error


@get(f"{_REPO}/pulls/{{number:int}}/reviews")
async def reviews(
    request: Asked, world: World, owner: str, name: str, number: int
) -> Response[Any]:
    """Reviews of a pull request, oldest first."""
    pull, payloads = (
        world.pull(_repo(request, world, owner, name), number),
        Payloads(request, world),
    )

    def shown(review: tuple[str, bool]) -> dict[str, Any]:
        who, approved = review
        return {
            "id": 1,
            "user": payloads.user(who),
            "state": "APPROVED" if approved else "REQUEST_CHANGES",
            "body": "",
            "commit_id": pull.head,
            "dismissed": False,
            "stale": False,
            "official": True,
        }

    return _page(request, pull.reviews, shown)


@get(f"{_REPO}/issues/{{number:int}}/comments")
async def comments(
    request: Asked, world: World, owner: str, name: str, number: int
) -> list[dict[str, Any]]:
    """Comments on a pull request, without pages."""
    pull = world.pull(_repo(request, world, owner, name), number)
    payloads = Payloads(request, world)
    return [payloads.comment(pull, count) for count in range(1, len(pull.comments) + 1)]


@post(f"{_REPO}/issues/{{number:int}}/comments")
async def say(
    request: Asked, world: World, owner: str, name: str, number: int, data: dict[str, Any]
) -> dict[str, Any]:
    """Comment on a pull request."""
    repo = _repo(request, world, owner, name)
    pull = world.pull(repo, number)
    return Payloads(request, world).comment(pull, world.say(repo, pull, data["body"]))


@get(f"{_REPO}/labels")
async def labels(request: Asked, world: World, owner: str, name: str) -> Response[Any]:
    """Labels of a repository."""
    repo = _repo(request, world, owner, name)
    return _page(request, repo.labels, lambda one: Payloads(request, world).label(repo, one))


@post(f"{_REPO}/labels")
async def make_label(
    request: Asked, world: World, owner: str, name: str, data: dict[str, Any]
) -> dict[str, Any]:
    """Create a label."""
    repo = _repo(request, world, owner, name)
    if not re.fullmatch(r"#?[0-9a-fA-F]{6}", data["color"]):
        raise error_response(422, message="bad color")
    repo.labels.append(data["name"])
    repo.writes["label"] += 1
    return Payloads(request, world).label(repo, data["name"])


@get(f"{_REPO}/issues/{{number:int}}/labels")
async def labels_of_pull(
    request: Asked, world: World, owner: str, name: str, number: int
) -> list[dict[str, Any]]:
    """Labels of a pull request."""
    repo = _repo(request, world, owner, name)
    return [Payloads(request, world).label(repo, one) for one in world.pull(repo, number).labels]


@post(f"{_REPO}/issues/{{number:int}}/labels", status_code=200)
async def add_labels(
    request: Asked, world: World, owner: str, name: str, number: int, data: dict[str, Any]
) -> list[dict[str, Any]]:
    """Add labels to a pull request, by their numbers."""
    repo = _repo(request, world, owner, name)
    pull, payloads = world.pull(repo, number), Payloads(request, world)
    known = {payloads.label(repo, one)["id"]: one for one in repo.labels}
    world.label(repo, pull, [known[one] for one in data["labels"] if one in known])
    return [payloads.label(repo, one) for one in pull.labels]


@post(f"{_REPO}/statuses/{{commit:str}}")
async def set_status(
    request: Asked, world: World, owner: str, name: str, commit: str, data: dict[str, Any]
) -> dict[str, Any]:
    """Set a status of a commit."""
    repo = _repo(request, world, owner, name)
    told = {"context": data.get("context") or "default", "state": data["state"]}
    world.set_status(repo, commit, {**told, "description": data.get("description") or ""})
    return _status(world.latest(repo, commit)[told["context"]])


@get(f"{_REPO}/commits/{{commit:str}}/status")
async def combined_status(
    request: Asked, world: World, owner: str, name: str, commit: str
) -> dict[str, Any]:
    """The last status of each context; runs of Gitea's own CI are statuses too."""
    repo = _repo(request, world, owner, name)
    runs = repo.runs.get(commit, {})
    made = [
        {"context": context, "state": state, "description": "", "at": now()}
        for context, state in runs.items()
    ]
    statuses = [_status(status) for status in [*world.latest(repo, commit).values(), *made]]
    return {
        "state": statuses[0]["status"] if statuses else "",
        "sha": commit,
        "total_count": len(statuses),
        "statuses": statuses or None,
        "repository": Payloads(request, world).repo(repo),
    }


@delete(f"{_REPO}/branches/{{branch:path}}")
async def delete_branch(request: Asked, world: World, owner: str, name: str, branch: str) -> None:
    """Delete a branch."""
    try:
        world.delete_branch(_repo(request, world, owner, name), branch.strip("/"))
    except Refused as error:
        if error.rule == "branch":
            raise Missing(branch) from error
        raise


def _status(status: dict[str, str]) -> dict[str, Any]:
    return {
        "id": sum(status["context"].encode()),
        "status": status["state"],
        "context": status["context"],
        "description": status["description"],
        "target_url": "",
        "created_at": status["at"],
        "updated_at": status["at"],
    }


GITEA = [
    version,
    user,
    repos_of,
    labels_of,
    search,
    repository,
    pulls,
    open_pull,
    a_pull,
    change_pull,
    merge_pull,
    reviews,
    comments,
    say,
    labels,
    make_label,
    labels_of_pull,
    add_labels,
    set_status,
    combined_status,
    delete_branch,
]
