"""GitHub's REST API, and the two GraphQL mutations for drafts, which REST lacks."""

from __future__ import annotations

import re
from typing import Any

from litestar import Response, delete, get, patch, post, put

from .front import user_of
from .pages import Asked, error_response, found, page, root_of
from .world import Missing, Pull, Refused, Repo, World, now

API = "/github/api/v3"
_REPO = f"{API}/repos/{{owner:str}}/{{name:str}}"


class Payloads:
    """GitHub's JSON for one request.

    Args:
        request: The request, whose URL is the base of links.
        world: State of the stand-in.
    """

    def __init__(self, request: Asked, world: World) -> None:
        self.request = request
        self.world = world
        self.root = root_of(request)
        self.web = f"{self.root}/github"
        self.api = f"{self.root}{API}"

    def user(self, login: str) -> dict[str, Any]:
        """Somebody."""
        where = f"{self.api}/users/{login}"
        number = sum(login.encode()) + 1
        plain = ("followers", "subscriptions", "organizations", "repos", "received_events")
        return {
            "login": login,
            "id": number,
            "node_id": f"U_{number}",
            "avatar_url": f"{self.web}/avatars/{login}",
            "gravatar_id": "",
            "url": where,
            "html_url": f"{self.web}/{login}",
            **{f"{name}_url": f"{where}/{name}" for name in plain},
            "following_url": f"{where}/following{{/other_user}}",
            "gists_url": f"{where}/gists{{/gist_id}}",
            "starred_url": f"{where}/starred{{/owner}}{{/repo}}",
            "events_url": f"{where}/events{{/privacy}}",
            "type": "User",
            "site_admin": False,
        }

    def full_user(self, login: str) -> dict[str, Any]:
        """A user requested by name."""
        told = ("name", "company", "blog", "location", "email", "hireable", "bio")
        counts = ("public_repos", "public_gists", "followers", "following")
        return {
            **self.user(login),
            **dict.fromkeys(told),
            **dict.fromkeys(counts, 0),
            "created_at": "2024-01-01T00:00:00Z",
            "updated_at": "2024-01-01T00:00:00Z",
        }

    def branch(self, repo: Repo, name: str, tip: str) -> dict[str, Any]:
        """A branch."""
        where = f"{self.api}/repos/{repo.name}"
        commit: dict[str, Any] = {
            "sha": tip,
            "node_id": f"C_{tip}",
            "url": f"{where}/commits/{tip}",
            "html_url": f"{self.web}/{repo.name}/commit/{tip}",
            "comments_url": f"{where}/commits/{tip}/comments",
            "commit": {
                "url": f"{where}/git/commits/{tip}",
                "author": None,
                "committer": None,
                "message": repo.git("show", "--no-patch", "--format=%B", tip),
                "comment_count": 0,
                "tree": {"sha": repo.git("rev-parse", f"{tip}^{{tree}}"), "url": where},
            },
            "author": None,
            "committer": None,
            "parents": [],
        }
        return {
            "name": name,
            "commit": commit,
            "_links": {"self": f"{where}/branches/{name}", "html": f"{self.web}/{repo.name}"},
            "protected": name in repo.protected,
            "protection": {"enabled": name in repo.protected},
            "protection_url": f"{where}/branches/{name}/protection",
        }

    def repo(self, repo: Repo) -> dict[str, Any]:
        """A repository."""
        where = f"{self.api}/repos/{repo.name}"
        token = user_of(self.request.scope)
        times = dict.fromkeys(("created_at", "updated_at", "pushed_at"), repo.created)
        rights = {"admin": False, "maintain": False, "push": token.may_write, "pull": True}
        return {
            "id": repo.id,
            "node_id": f"R_{repo.id}",
            "name": repo.short,
            "full_name": repo.name,
            "private": repo.private,
            "owner": self.user(repo.owner),
            "html_url": f"{self.web}/{repo.name}",
            "clone_url": f"{self.web}/{repo.name}.git",
            "git_url": f"git://example.org/{repo.name}.git",
            "ssh_url": f"git@example.org:{repo.name}.git",
            "svn_url": f"{self.web}/{repo.name}",
            "url": where,
            "description": None,
            "fork": False,
            **{f"{name}_url": f"{where}/{path}" for name, path in _LINKS.items()},
            "mirror_url": None,
            "homepage": None,
            "language": None,
            "license": None,
            "default_branch": repo.git.head,
            "size": repo.size,
            "topics": repo.topics,
            "archived": repo.archived,
            "disabled": False,
            "visibility": "private" if repo.private else "public",
            "permissions": {**rights, "triage": token.may_write},
            **dict.fromkeys(("has_issues", "has_projects", "has_downloads", "has_wiki"), True),
            **dict.fromkeys(("has_pages", "has_discussions", "is_template"), False),
            **dict.fromkeys(("forks", "forks_count", "watchers", "watchers_count"), 0),
            **dict.fromkeys(("stargazers_count", "open_issues", "open_issues_count"), 0),
            "allow_merge_commit": "merge" in repo.methods,
            "allow_squash_merge": "squash" in repo.methods,
            "allow_rebase_merge": "rebase" in repo.methods,
            **times,
        }

    def full_repo(self, repo: Repo) -> dict[str, Any]:
        """A repository requested by name."""
        return {**self.repo(repo), "network_count": 0, "subscribers_count": 0}

    def side(self, repo: Repo, branch: str, commit: str) -> dict[str, Any]:
        """One side of a pull request."""
        return {
            "label": f"{repo.owner}:{branch}",
            "ref": branch,
            "sha": commit,
            "user": self.user(repo.owner),
            "repo": self.repo(repo),
        }

    def label(self, name: str) -> dict[str, Any]:
        """A label."""
        return {
            "id": sum(name.encode()),
            "node_id": f"LA_{name}",
            "url": f"{self.api}/labels/{name}",
            "name": name,
            "color": "ededed",
            "default": False,
            "description": None,
            "archived_at": None,
            "archived_by": None,
        }

    def pull(self, repo: Repo, pull: Pull) -> dict[str, Any]:
        """A pull request in a list."""
        where = f"{self.api}/repos/{repo.name}/pulls/{pull.number}"
        issue = where.replace("/pulls/", "/issues/")
        html = f"{self.web}/{repo.name}/pull/{pull.number}"
        links = {
            "self": where,
            "html": html,
            "issue": issue,
            "comments": f"{issue}/comments",
            "review_comments": f"{where}/comments",
            "review_comment": f"{where}/comments{{/number}}",
            "commits": f"{where}/commits",
            "statuses": f"{self.api}/repos/{repo.name}/statuses/{pull.head}",
        }
        named = {name: links[name] for name in ("comments", "review_comments", "commits")}
        return {
            "url": where,
            "id": repo.id * 1000 + pull.number,
            "node_id": f"PR_{repo.id}_{pull.number}",
            "html_url": html,
            "diff_url": f"{html}.diff",
            "patch_url": f"{html}.patch",
            "issue_url": issue,
            **{f"{name}_url": link for name, link in named.items()},
            "review_comment_url": links["review_comment"],
            "statuses_url": links["statuses"],
            "number": pull.number,
            "state": "open" if pull.state == "open" else "closed",
            "locked": False,
            "active_lock_reason": None,
            "title": pull.title,
            "user": self.user(pull.author),
            "body": pull.body or None,
            "labels": [self.label(name) for name in pull.labels],
            "milestone": None,
            "assignee": None,
            "assignees": [],
            "requested_reviewers": [],
            "requested_teams": [],
            "created_at": pull.created,
            "updated_at": pull.updated,
            "closed_at": pull.closed or pull.merged,
            "merged_at": pull.merged,
            "merge_commit_sha": pull.merge_commit,
            "head": self.side(repo, pull.branch, pull.head),
            "base": self.side(repo, pull.base, pull.base_head),
            "_links": {name: {"href": link} for name, link in links.items()},
            "author_association": "MEMBER",
            "auto_merge": None,
            "draft": pull.draft,
        }

    def full_pull(self, repo: Repo, pull: Pull) -> dict[str, Any]:
        """A pull request requested by number."""
        mergeable = self.world.mergeable(repo, pull)
        counts = ("review_comments", "commits", "additions", "deletions", "changed_files")
        return {
            **self.pull(repo, pull),
            "merged": pull.state == "merged",
            "mergeable": mergeable,
            "mergeable_state": {None: "unknown", True: "clean", False: "dirty"}[mergeable],
            "rebaseable": mergeable,
            "merged_by": self.user("owner") if pull.merged else None,
            "maintainer_can_modify": False,
            "comments": len(pull.comments),
            **dict.fromkeys(counts, 0),
        }

    def comment(self, repo: Repo, pull: Pull, number: int) -> dict[str, Any]:
        """A comment."""
        issue = f"{self.api}/repos/{repo.name}/issues/{pull.number}"
        return {
            "id": pull.number * 1000 + number,
            "node_id": f"IC_{pull.number}_{number}",
            "url": f"{issue}/comments/{number}",
            "html_url": f"{self.web}/{repo.name}/pull/{pull.number}#issuecomment-{number}",
            "issue_url": issue,
            "body": pull.comments[number - 1],
            "user": self.user(pull.author),
            "created_at": pull.updated,
            "updated_at": pull.updated,
            "author_association": "MEMBER",
        }

    def status(self, repo: Repo, commit: str, status: dict[str, str]) -> dict[str, Any]:
        """A status of a commit."""
        number = sum(status["context"].encode())
        return {
            "url": f"{self.api}/repos/{repo.name}/statuses/{commit}",
            "avatar_url": None,
            "id": number,
            "node_id": f"SC_{number}",
            "state": status["state"],
            "description": status["description"],
            "target_url": None,
            "context": status["context"],
            "created_at": status["at"],
            "updated_at": status["at"],
        }

    def run(self, repo: Repo, commit: str, name: str, state: str) -> dict[str, Any]:
        """A check run."""
        done = state != "pending"
        number = sum(name.encode())
        where = f"{self.api}/repos/{repo.name}/check-runs/{number}"
        return {
            "id": number,
            "node_id": f"CR_{number}",
            "head_sha": commit,
            "external_id": "",
            "url": where,
            "html_url": None,
            "details_url": None,
            "status": "completed" if done else "in_progress",
            "conclusion": state if done else None,
            "started_at": now(),
            "completed_at": now() if done else None,
            "output": {
                "title": None,
                "summary": None,
                "text": None,
                "annotations_count": 0,
                "annotations_url": f"{where}/annotations",
            },
            "name": name,
            "check_suite": {"id": 1},
            "app": None,
            "pull_requests": [],
        }


# Links of every repository, by GitHub's names.
_LINKS = {
    "archive": "{archive_format}{/ref}",
    "assignees": "assignees{/user}",
    "blobs": "git/blobs{/sha}",
    "branches": "branches{/branch}",
    "collaborators": "collaborators{/collaborator}",
    "comments": "comments{/number}",
    "commits": "commits{/sha}",
    "compare": "compare/{base}...{head}",
    "contents": "contents/{+path}",
    "contributors": "contributors",
    "deployments": "deployments",
    "downloads": "downloads",
    "events": "events",
    "forks": "forks",
    "git_commits": "git/commits{/sha}",
    "git_refs": "git/refs{/sha}",
    "git_tags": "git/tags{/sha}",
    "hooks": "hooks",
    "issue_comment": "issues/comments{/number}",
    "issue_events": "issues/events{/number}",
    "issues": "issues{/number}",
    "keys": "keys{/key_id}",
    "labels": "labels{/name}",
    "languages": "languages",
    "merges": "merges",
    "milestones": "milestones{/number}",
    "notifications": "notifications{?since,all,participating}",
    "pulls": "pulls{/number}",
    "releases": "releases{/id}",
    "stargazers": "stargazers",
    "statuses": "statuses/{sha}",
    "subscribers": "subscribers",
    "subscription": "subscription",
    "tags": "tags",
    "teams": "teams",
    "trees": "git/trees{/sha}",
}


def _repo(request: Asked, world: World, owner: str, name: str) -> Repo:
    return found(request, world, f"{owner}/{name}", "/api/v3/repositories/{id}")


def _invalid(**error: str) -> Exception:
    return error_response(422, message="Validation Failed", errors=[error], status="422")


@get(f"{API}/user")
async def user(request: Asked, world: World) -> dict[str, Any]:
    """The token's user."""
    return Payloads(request, world).full_user(user_of(request.scope).user)


@get([f"{API}/orgs/{{owner:str}}/repos", f"{API}/users/{{owner:str}}/repos"])
async def repos_of(request: Asked, world: World, owner: str) -> Response[Any]:
    """Repositories of an organisation or a user."""
    if not (repos := world.of(owner)):
        raise Missing(owner)
    return page(request, repos, Payloads(request, world).repo)


@get(f"{API}/installation/repositories")
async def installed(request: Asked, world: World) -> Response[Any]:
    """Repositories in which an app is installed."""
    repos = list(world.repos.values())
    return page(
        request,
        repos,
        Payloads(request, world).repo,
        wrap=lambda items, count: {"total_count": count, "repositories": items},
    )


@get(f"{API}/user/repos")
async def own_repos(request: Asked, world: World) -> Response[Any]:
    """Repositories of the token's owner."""
    return page(request, world.of(user_of(request.scope).user), Payloads(request, world).repo)


@get(f"{API}/search/repositories")
async def search(request: Asked, world: World, q: str) -> Response[Any]:
    """Repositories with a topic."""
    topics = re.findall(r"topic:(\S+)", q)
    repos = [repo for repo in world.repos.values() if set(topics) <= set(repo.topics)]

    def wrap(items: list[Any], count: int) -> dict[str, Any]:
        # Results of a search also have a score.
        scored = [{**item, "score": 1.0} for item in items]
        return {"total_count": count, "incomplete_results": False, "items": scored}

    return page(request, repos, Payloads(request, world).repo, wrap=wrap)


@get(_REPO)
async def repository(request: Asked, world: World, owner: str, name: str) -> Any:
    """One repository."""
    return Payloads(request, world).full_repo(_repo(request, world, owner, name))


@get(f"{API}/repositories/{{number:int}}")
async def repository_by_id(request: Asked, world: World, number: int) -> Any:
    """One repository, whatever its name."""
    return Payloads(request, world).full_repo(world.by_id(number))


@get(f"{_REPO}/branches/{{branch:path}}")
async def a_branch(request: Asked, world: World, owner: str, name: str, branch: str) -> Any:
    """One branch."""
    repo = _repo(request, world, owner, name)
    if (tip := repo.git.tip(branch.strip("/"))) is None:
        raise error_response(404, message="Branch not found", status="404")
    return Payloads(request, world).branch(repo, branch.strip("/"), tip)


@get(f"{_REPO}/pulls")
async def pulls(request: Asked, world: World, owner: str, name: str) -> Response[Any]:
    """Pull requests, filtered."""
    repo, query = _repo(request, world, owner, name), request.query_params
    state, head, base = query.get("state", "open"), query.get("head", ""), query.get("base")
    shown = [
        pull
        for pull in world.refreshed(repo)
        if state in ("all", "open" if pull.state == "open" else "closed")
        # GitHub ignores a filter without an owner.
        and (":" not in head or head == f"{repo.owner}:{pull.branch}")
        and base in (None, pull.base)
    ]
    newest = query.get("direction", "asc" if query.get("sort") else "desc") == "desc"
    shown.sort(key=lambda pull: pull.number, reverse=newest)
    return page(request, shown, lambda one: Payloads(request, world).pull(repo, one))


@post(f"{_REPO}/pulls")
async def open_pull(
    request: Asked, world: World, owner: str, name: str, data: dict[str, Any]
) -> Any:
    """Open a pull request."""
    repo = _repo(request, world, owner, name)
    if len(data.get("body") or "") > 65_536 or len(data["title"]) > 256:
        said = "is too long"
        raise _invalid(resource="PullRequest", code="custom", field="body", message=said)
    if data.get("draft") and not repo.drafts:
        said = "Draft pull requests are not supported in this repository."
        raise error_response(422, message=said, status="422")
    try:
        made = world.open(
            repo,
            branch=data["head"].removeprefix(f"{repo.owner}:"),
            base=data["base"],
            title=data["title"],
            body=data.get("body") or "",
            draft=bool(data.get("draft")),
            author=user_of(request.scope).user,
        )
    except Refused as error:
        custom = {"resource": "PullRequest", "code": "custom"}
        match error.rule:
            case "exists":
                who = f"{repo.owner}:{data['head'].removeprefix(f'{repo.owner}:')}"
                said = f"A pull request already exists for {who}."
                raise _invalid(**custom, message=said) from error
            case "empty":
                said = f"No commits between {error.detail}"
                raise _invalid(**custom, message=said) from error
            case "branch" | "base":
                field = "head" if error.rule == "branch" else "base"
                raise _invalid(resource="PullRequest", field=field, code="invalid") from error
        raise
    return Payloads(request, world).full_pull(repo, made)


@get(f"{_REPO}/pulls/{{number:int}}")
async def a_pull(request: Asked, world: World, owner: str, name: str, number: int) -> Any:
    """One pull request."""
    repo = _repo(request, world, owner, name)
    return Payloads(request, world).full_pull(repo, world.pull(repo, number))


@patch(f"{_REPO}/pulls/{{number:int}}")
async def change_pull(
    request: Asked, world: World, owner: str, name: str, number: int, data: dict[str, Any]
) -> Any:
    """Change a pull request, or close it."""
    repo = _repo(request, world, owner, name)
    pull = world.pull(repo, number)
    if changes := {key: data[key] or "" for key in ("title", "body", "base") if key in data}:
        world.edit(repo, pull, **changes)
    if data.get("state") == "closed":
        world.close_pull(repo, pull)
    return Payloads(request, world).full_pull(repo, pull)


@put(f"{_REPO}/pulls/{{number:int}}/merge")
async def merge_pull(
    request: Asked, world: World, owner: str, name: str, number: int, data: dict[str, Any]
) -> Any:
    """Merge a pull request."""
    repo = _repo(request, world, owner, name)
    pull = world.pull(repo, number)
    if (method := data.get("merge_method", "merge")) not in repo.methods:
        said = f"{method.title()} commits are not allowed on this repository."
        raise error_response(405, message=said, status="405")
    try:
        made = world.merge(repo, pull, data.get("sha"), method)
    except Refused as error:
        match error.rule:
            case "moved":
                said = "Head branch was modified. Review and try the merge again."
                raise error_response(409, message=said, status="409") from error
            case "draft":
                said = "Pull Request is still a draft"
            case _:
                said = "Pull Request is not mergeable"
        raise error_response(405, message=said, status="405") from error
    return {"sha": made, "merged": True, "message": "Pull Request successfully merged"}


@get(f"{_REPO}/pulls/{{number:int}}/reviews")
async def reviews(
    request: Asked, world: World, owner: str, name: str, number: int
) -> Response[Any]:
    """Reviews of a pull request, oldest first."""
    repo = _repo(request, world, owner, name)
    pull, payloads = world.pull(repo, number), Payloads(request, world)
    where = payloads.pull(repo, pull)["url"]

    def shown(review: tuple[int, tuple[str, bool]]) -> dict[str, Any]:
        count, (who, approved) = review
        return {
            "id": count,
            "node_id": f"PRR_{count}",
            "user": payloads.user(who),
            "body": "",
            "state": "APPROVED" if approved else "CHANGES_REQUESTED",
            "html_url": f"{where}#{count}",
            "pull_request_url": where,
            "_links": {"html": {"href": where}, "pull_request": {"href": where}},
            "submitted_at": now(),
            "commit_id": pull.head,
            "author_association": "MEMBER",
        }

    return page(request, list(enumerate(pull.reviews, 1)), shown)


@get(f"{_REPO}/issues/{{number:int}}/comments")
async def comments(
    request: Asked, world: World, owner: str, name: str, number: int
) -> Response[Any]:
    """Comments on a pull request."""
    repo = _repo(request, world, owner, name)
    pull, payloads = world.pull(repo, number), Payloads(request, world)
    counted = range(1, len(pull.comments) + 1)
    return page(request, counted, lambda count: payloads.comment(repo, pull, count))


@post(f"{_REPO}/issues/{{number:int}}/comments")
async def say(
    request: Asked, world: World, owner: str, name: str, number: int, data: dict[str, Any]
) -> Any:
    """Comment on a pull request."""
    repo = _repo(request, world, owner, name)
    pull = world.pull(repo, number)
    return Payloads(request, world).comment(repo, pull, world.say(repo, pull, data["body"]))


@get(f"{_REPO}/issues/{{number:int}}/labels")
async def labels(request: Asked, world: World, owner: str, name: str, number: int) -> Any:
    """Labels of a pull request."""
    pull = world.pull(_repo(request, world, owner, name), number)
    return page(request, pull.labels, Payloads(request, world).label)


@post(f"{_REPO}/issues/{{number:int}}/labels", status_code=200)
async def add_labels(request: Asked, world: World, owner: str, name: str, number: int) -> Any:
    """Add labels to a pull request."""
    repo = _repo(request, world, owner, name)
    pull, data = world.pull(repo, number), await request.json()
    world.label(repo, pull, data if isinstance(data, list) else data["labels"])
    return [Payloads(request, world).label(label) for label in pull.labels]


@post(f"{_REPO}/statuses/{{commit:str}}")
async def set_status(
    request: Asked, world: World, owner: str, name: str, commit: str, data: dict[str, Any]
) -> Any:
    """Set a status of a commit."""
    repo = _repo(request, world, owner, name)
    if len(data.get("description") or "") > 140:
        raise _invalid(resource="Status", code="custom", message="description is too long")
    told = {"context": data.get("context", "default"), "state": data["state"]}
    world.set_status(repo, commit, {**told, "description": data.get("description") or ""})
    payloads = Payloads(request, world)
    status = world.latest(repo, commit)[told["context"]]
    return {**payloads.status(repo, commit, status), "creator": payloads.user("bot")}


@get(f"{_REPO}/commits/{{commit:str}}/status")
async def combined_status(
    request: Asked, world: World, owner: str, name: str, commit: str
) -> dict[str, Any]:
    """The combined status of a commit; pending without statuses."""
    repo, payloads = _repo(request, world, owner, name), Payloads(request, world)
    statuses = list(world.latest(repo, commit).values())
    states = {status["state"] for status in statuses}
    bad, waits = states & {"failure", "error"}, not states or "pending" in states
    return {
        "state": "failure" if bad else "pending" if waits else "success",
        "statuses": [payloads.status(repo, commit, status) for status in statuses],
        "sha": commit,
        "total_count": len(statuses),
        "repository": payloads.repo(repo),
        "commit_url": f"{payloads.api}/repos/{repo.name}/commits/{commit}",
        "url": f"{payloads.api}/repos/{repo.name}/commits/{commit}/status",
    }


@get(f"{_REPO}/commits/{{commit:str}}/check-runs")
async def check_runs(
    request: Asked, world: World, owner: str, name: str, commit: str
) -> Response[Any]:
    """Check runs of a commit."""
    repo, payloads = _repo(request, world, owner, name), Payloads(request, world)
    return page(
        request,
        list(repo.runs.get(commit, {}).items()),
        lambda run: payloads.run(repo, commit, *run),
        wrap=lambda items, count: {"total_count": count, "check_runs": items},
    )


@delete(f"{_REPO}/git/refs/heads/{{branch:path}}")
async def delete_branch(request: Asked, world: World, owner: str, name: str, branch: str) -> None:
    """Delete a branch."""
    try:
        world.delete_branch(_repo(request, world, owner, name), branch.strip("/"))
    except Refused as error:
        if error.rule == "branch":
            raise error_response(422, message="Reference does not exist", status="422") from error
        raise


@post("/github/api/graphql", status_code=200)
async def graphql(world: World, data: dict[str, Any]) -> dict[str, Any]:
    """Convert a pull request to a draft, or mark it as ready."""
    name = re.search(r"(convertPullRequestToDraft|markPullRequestReadyForReview)", data["query"])
    node = re.fullmatch(r"PR_(\d+)_(\d+)", str(data["variables"].get("id")))
    if name is None or node is None:
        return {"data": None, "errors": [{"type": "NOT_FOUND", "message": "No such node"}]}
    repo = world.by_id(int(node[1]))
    pull = world.pull(repo, int(node[2]))
    draft = name[1] == "convertPullRequestToDraft"
    if draft and not repo.drafts:
        said = "Draft pull requests are not supported in this repository."
        return {"data": None, "errors": [{"type": "UNPROCESSABLE", "message": said}]}
    world.edit(repo, pull, draft=draft)
    return {"data": {name[1]: {"pullRequest": {"isDraft": draft}}}}


GITHUB = [
    user,
    repos_of,
    own_repos,
    installed,
    search,
    repository,
    repository_by_id,
    a_branch,
    pulls,
    open_pull,
    a_pull,
    change_pull,
    merge_pull,
    reviews,
    comments,
    say,
    labels,
    add_labels,
    set_status,
    combined_status,
    check_runs,
    delete_branch,
    graphql,
]
