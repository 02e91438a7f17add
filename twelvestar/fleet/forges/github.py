"""GitHub, its REST API, and GraphQL for what that lacks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any, Literal
from urllib.parse import quote, urlsplit

from .base import (
    STATUS_CONTEXT,
    Checks,
    Conflict,
    Find,
    ForgeError,
    NotAllowed,
    NotFound,
    Proposal,
    Repository,
    Unavailable,
)
from .http import Client
from .limits import Throttle
from .names import branch_name, clone_address, commit_id, forge_address, repository_name
from .shared import SharedForge, Wanted, moment, shortened, worst

GITHUB = "https://github.com"

# Without this header, GitHub responds in its newest API version.
_HEADERS = {"accept": "application/vnd.github+json", "x-github-api-version": "2022-11-28"}
_PAGE = 100
# A search returns at most this many results.
_SEARCHED = 1_000
_PASSED = ("success", "neutral", "skipped")
# Private repositories of some plans have none.
_NO_DRAFTS = "raft pull requests are not supported"


class GitHub(SharedForge):
    """GitHub, or GitHub Enterprise Server.

    Args:
        url: URL of the forge; `https://github.com` if empty.
        token: `env:NAME` or `file:PATH`: a personal token, or one of an app.
        throttle: Enforces its rate limits.
    """

    kind = "github"

    def __init__(self, url: str, token: str, throttle: Throttle) -> None:
        url = forge_address(url or GITHUB)
        public = urlsplit(url).hostname == urlsplit(GITHUB).hostname
        self._rest = "" if public else "v3/"
        api = "https://api.github.com" if public else f"{url}/api"
        super().__init__(Client(url, api, token, _bearer, throttle, _HEADERS))

    async def check_token(self) -> None:
        """See `Forge.check_token`."""
        try:
            response = await self.client.get(f"{self._rest}user")
        except NotAllowed as error:
            if error.status != 403 or "integration" not in str(error):
                raise
            # An app's token has no user; its permissions are those of the app.
            await self.client.get(f"{self._rest}installation/repositories", per_page=1)
            return
        if (given := response.headers.get("x-oauth-scopes")) is None:
            # GitHub does not return the permissions of a fine-grained token.
            return
        scopes = {scope.strip() for scope in given.split(",")}
        for scope, wanted in (("repo", {"repo", "public_repo"}), ("workflow", {"workflow"})):
            if not scopes & wanted:
                raise NotAllowed(
                    f"The token in {self.client.token_name} lacks the scope {scope}: give it repo"
                    " and workflow, because updates change files under .github/workflows too."
                )

    async def find(self, query: Find) -> AsyncIterator[Repository]:
        """See `Forge.find`."""
        if not (query.org or query.user):
            async for repository in self._search(query.topic):
                yield repository
            return
        path, filters = await self._listing(query)
        async for data in self.client.pages(path, **filters, per_page=_PAGE):
            repository = await self._repository(data)
            if not query.topic or query.topic in repository.topics:
                yield repository

    async def _listing(self, query: Find) -> tuple[str, dict[str, str]]:
        """API URL of the repositories of an organisation or a user."""
        if query.org:
            return f"{self._rest}orgs/{quote(query.org, safe='')}/repos", {}
        response = await self.client.get(f"{self._rest}user")
        with self.client.reading("user"):
            if response.data["login"].lower() == query.user.lower():
                # Only this list contains private repositories.
                return f"{self._rest}user/repos", {"affiliation": "owner"}
        return f"{self._rest}users/{quote(query.user, safe='')}/repos", {}

    async def _search(self, topic: str) -> AsyncIterator[Repository]:
        if not topic:
            raise ForgeError(
                "There is nothing to search for: set an organisation, a user or a topic."
            )
        path = f"{self._rest}search/repositories"
        words = f"topic:{topic} fork:true"
        count = 0
        async for data in self.client.pages(path, "items", q=words, per_page=_PAGE):
            count += 1
            if count >= _SEARCHED:
                raise ForgeError(
                    f"{self.url} lists only {_SEARCHED} repositories with the topic {topic}: set "
                    "an organisation too."
                )
            yield await self._repository(data)

    async def repository(self, name: str) -> Repository:
        """See `Forge.repository`."""
        response = await self.client.get(f"{self._rest}repos/{repository_name(name)}")
        return await self._repository(response.data)

    async def proposals(self, repo: Repository, branch: str) -> list[Proposal]:
        """See `Forge.proposals`."""
        owner = repo.name.partition("/")[0]
        pages = self.client.pages(
            self._path(repo, "pulls"),
            head=f"{owner}:{branch_name(branch)}",
            state="all",
            sort="created",
            direction="desc",
            per_page=_PAGE,
        )
        # GitHub ignores an invalid filter.
        found = [self._proposal(data) async for data in pages if self._is_of(data, repo, branch)]
        return sorted(found, key=lambda one: one.number, reverse=True)

    async def read(self, repo: Repository, number: int) -> Proposal:
        """See `SharedForge.read`."""
        return self._proposal((await self.client.get(self._path(repo, "pulls", number))).data)

    async def create(self, repo: Repository, wanted: Wanted) -> Proposal:
        """See `SharedForge.create`."""
        body = {
            "title": wanted.title,
            "body": wanted.body,
            "head": wanted.branch,
            "base": wanted.base,
            "draft": wanted.draft,
        }
        try:
            response = await self.client.send("POST", self._path(repo, "pulls"), body)
        except ForgeError as error:
            if error.status == 422 and "already exists" in str(error):
                raise Conflict(str(error), error.status) from error
            if not wanted.draft or _NO_DRAFTS not in str(error):
                raise
            return await self.create(repo, replace(wanted, draft=False))
        return self._proposal(response.data)

    async def label(self, repo: Repository, proposal: Proposal, labels: Sequence[str]) -> None:
        """See `SharedForge.label`."""
        path = self._path(repo, "issues", proposal.number, "labels")
        with self.client.reading(path):
            has = {data["name"] async for data in self.client.pages(path, per_page=_PAGE)}
        if missing := [label for label in labels if label not in has]:
            await self.client.write("POST", path, {"labels": missing})

    async def change(
        self,
        repo: Repository,
        proposal: Proposal,
        *,
        title: str | None,
        body: str | None,
        draft: bool | None,
    ) -> None:
        """See `SharedForge.change`."""
        path = self._path(repo, "pulls", proposal.number)
        texts = {"title": title, "body": body}
        if changes := {key: value for key, value in texts.items() if value is not None}:
            await self.client.send("PATCH", path, changes)
        if draft is not None:
            data = (await self.client.get(path)).data
            with self.client.reading(path):
                node, is_draft = str(data["node_id"]), bool(data["draft"])
            if draft != is_draft:
                await self._mark(node, draft=draft)

    async def _mark(self, node: str, *, draft: bool) -> None:
        name = "convertPullRequestToDraft" if draft else "markPullRequestReadyForReview"
        query = (
            f"mutation($id: ID!) {{ {name}(input: {{pullRequestId: $id}})"
            " { pullRequest { isDraft } } }"
        )
        body = {"query": query, "variables": {"id": node}}
        response = await self.client.send("POST", "graphql", body)
        with self.client.reading("graphql"):
            errors = response.data.get("errors") or []
            said = self.client.redact("; ".join(str(one["message"]) for one in errors))
            limited = any(one.get("type") == "RATE_LIMITED" for one in errors)
        if limited:
            raise Unavailable(f"{self.url} asks to retry later: {said}.")
        if errors and _NO_DRAFTS not in said:
            raise ForgeError(f"{self.url} refused {name}: {said}.")

    async def set_status(
        self,
        repo: Repository,
        commit: str,
        *,
        state: Literal["success", "failure"],
        description: str,
        context: str = STATUS_CONTEXT,
    ) -> None:
        """See `Forge.set_status`."""
        await self.client.write(
            "POST",
            self._path(repo, "statuses", commit_id(commit)),
            {"state": state, "description": shortened(description), "context": context},
        )

    async def comments(self, repo: Repository, proposal: Proposal) -> list[str]:
        """See `SharedForge.comments`."""
        path = self._path(repo, "issues", proposal.number, "comments")
        with self.client.reading(path):
            pages = self.client.pages(path, per_page=_PAGE)
            return [str(data["body"]) async for data in pages]

    async def say(self, repo: Repository, proposal: Proposal, text: str) -> None:
        """See `SharedForge.say`."""
        path = self._path(repo, "issues", proposal.number, "comments")
        await self.client.send("POST", path, {"body": text})

    async def checks(self, repo: Repository, proposal: Proposal) -> Checks:
        """See `Forge.checks`."""
        pull = self._path(repo, "pulls", proposal.number)
        commit = self._path(repo, "commits", commit_id(proposal.head))
        data = (await self.client.get(pull)).data
        combined = (await self.client.get(f"{commit}/status")).data
        with self.client.reading(pull):
            states = [str(combined["state"])] if combined["total_count"] else []
            pages = self.client.pages(f"{commit}/check-runs", "check_runs", per_page=_PAGE)
            states += [_run_state(run) async for run in pages]
            reviews: dict[int, str] = {}
            async for review in self.client.pages(f"{pull}/reviews", per_page=_PAGE):
                if review["state"] in ("APPROVED", "CHANGES_REQUESTED", "DISMISSED"):
                    reviews[(review["user"] or {}).get("id", 0)] = review["state"]
            return Checks(
                state=worst(states),
                approved=_approved(list(reviews.values())),
                mergeable=data["mergeable"],
            )

    async def send_merge(self, repo: Repository, proposal: Proposal) -> None:
        """See `SharedForge.send_merge`."""
        settings = (await self.client.get(self._path(repo))).data
        methods = (("merge", "allow_merge_commit"), ("squash", "allow_squash_merge"))
        with self.client.reading(repo.name):
            method = next((name for name, key in methods if settings.get(key, True)), "rebase")
        wanted = {"sha": commit_id(proposal.head), "merge_method": method}
        await self.client.send("PUT", self._path(repo, "pulls", proposal.number, "merge"), wanted)

    async def send_close(self, repo: Repository, proposal: Proposal) -> None:
        """See `SharedForge.send_close`."""
        path = self._path(repo, "pulls", proposal.number)
        await self.client.send("PATCH", path, {"state": "closed"})

    async def delete(self, repo: Repository, branch: str) -> None:
        """See `SharedForge.delete`."""
        try:
            await self.client.send("DELETE", self._path(repo, "git/refs/heads", quote(branch)))
        except ForgeError as error:
            if error.status == 422 and "does not exist" in str(error):
                raise NotFound(str(error), error.status) from error
            raise

    def _path(self, repo: Repository, *parts: str | int) -> str:
        return "/".join([f"{self._rest}repos/{repository_name(repo.name)}", *map(str, parts)])

    async def _repository(self, data: Any) -> Repository:
        with self.client.reading("a repository"):
            name = repository_name(data["full_name"])
            branch = branch_name(data["default_branch"])
            if not data.get("size"):
                # Size 0 is either a nearly empty repository, or one without a commit, whose default
                # branch does not exist yet.
                try:
                    await self.client.get(f"{self._rest}repos/{name}/branches/{quote(branch)}")
                except NotFound:
                    branch = ""
            return Repository(
                name=name,
                clone_url=clone_address(data["clone_url"], self.url),
                branch=branch,
                archived=bool(data["archived"]),
                may_push=bool((data.get("permissions") or {}).get("push")),
                size=data.get("size"),
                topics=tuple(data.get("topics") or ()),
            )

    def _is_of(self, data: Any, repo: Repository, branch: str) -> bool:
        with self.client.reading("a pull request"):
            head = data["head"]
            # None if the fork was deleted.
            source = (head["repo"] or {}).get("full_name", "")
            return bool(head["ref"] == branch and source.lower() == repo.name.lower())

    def _proposal(self, data: Any) -> Proposal:
        with self.client.reading("a pull request"):
            merged = data["merged_at"] is not None
            return Proposal(
                number=int(data["number"]),
                url=str(data["html_url"]),
                branch=branch_name(data["head"]["ref"]),
                base=branch_name(data["base"]["ref"]),
                head=commit_id(data["head"]["sha"]),
                state="merged" if merged else "open" if data["state"] == "open" else "closed",
                draft=bool(data.get("draft")),
                title=str(data["title"]),
                body=str(data["body"] or ""),
                updated=moment(data.get("updated_at")),
            )


def _bearer(token: str) -> tuple[str, str]:
    return "Authorization", f"Bearer {token}"


def _run_state(run: Any) -> str:
    if run["status"] != "completed":
        return "pending"
    return "success" if run["conclusion"] in _PASSED else "failure"


def _approved(reviews: Sequence[str]) -> bool | None:
    if "CHANGES_REQUESTED" in reviews:
        return False
    return True if "APPROVED" in reviews else None
