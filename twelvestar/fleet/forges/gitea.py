"""Gitea and Forgejo, their REST API."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any, Literal
from urllib.parse import quote

from .base import (
    STATUS_CONTEXT,
    Checks,
    Find,
    ForgeError,
    NotAllowed,
    NotFound,
    Proposal,
    Repository,
)
from .http import Client, Response
from .limits import Throttle
from .names import branch_name, clone_address, commit_id, forge_address, repository_name
from .shared import SharedForge, Wanted, moment, shortened, without_prefix, worst

_PAGE = 50
_DRAFT = "WIP: "
_DRAFTS = ("wip:", "[wip]")
_PASSED = ("success", "warning", "skipped")
_STYLES = ("merge", "rebase", "rebase-merge", "squash", "fast-forward-only")
_COLOUR = "#ededed"


class Gitea(SharedForge):
    """Gitea, Forgejo, or Codeberg.

    Args:
        url: URL of the forge.
        token: `env:NAME` or `file:PATH`.
        throttle: Enforces its rate limits.
    """

    kind = "gitea"

    def __init__(self, url: str, token: str, throttle: Throttle) -> None:
        url = forge_address(url)
        super().__init__(Client(url, f"{url}/api/v1", token, _token, throttle))

    async def check_token(self) -> None:
        """See `Forge.check_token`.

        Gitea does not show the scopes of a token, so a read-only token is only detected at the
        first write.
        """
        try:
            await self.client.get("user")
        except NotAllowed as error:
            if error.status != 403:
                raise
            # A token with only the scope for repositories may not read the user.
            await self.client.get("repos/search", limit=1)

    async def find(self, query: Find) -> AsyncIterator[Repository]:
        """See `Forge.find`."""
        if query.org or query.user:
            owner = quote(query.org or query.user, safe="")
            path = f"orgs/{owner}/repos" if query.org else f"users/{owner}/repos"
            pages = self.client.pages(path, limit=_PAGE)
        elif query.topic:
            # `topic` searches for topics instead of text.
            pages = self.client.pages(
                "repos/search", "data", q=query.topic, topic="true", limit=_PAGE
            )
        else:
            raise ForgeError(
                "There is nothing to search for: set an organisation, a user or a topic."
            )
        async for data in pages:
            repository = self._repository(data)
            if not query.topic or query.topic in repository.topics:
                yield repository

    async def repository(self, name: str) -> Repository:
        """See `Forge.repository`."""
        response = await self.client.get(f"repos/{repository_name(name)}")
        return self._repository(response.data)

    async def proposals(self, repo: Repository, branch: str) -> list[Proposal]:
        """See `Forge.proposals`."""
        branch_name(branch)
        # There is no filter by branch.
        pages = self.client.pages(self._path(repo, "pulls"), state="all", limit=_PAGE)
        found = [self._proposal(data) async for data in pages if self._is_of(data, branch)]
        return sorted(found, key=lambda one: one.number, reverse=True)

    async def read(self, repo: Repository, number: int) -> Proposal:
        """See `SharedForge.read`."""
        return self._proposal((await self.client.get(self._path(repo, "pulls", number))).data)

    async def create(self, repo: Repository, wanted: Wanted) -> Proposal:
        """See `SharedForge.create`."""
        body = {
            "title": f"{_DRAFT}{wanted.title}" if wanted.draft else wanted.title,
            "body": wanted.body,
            "head": wanted.branch,
            "base": wanted.base,
        }
        response = await self.client.send("POST", self._path(repo, "pulls"), body)
        return self._proposal(response.data)

    async def label(self, repo: Repository, proposal: Proposal, labels: Sequence[str]) -> None:
        """See `SharedForge.label`."""
        path = self._path(repo, "issues", proposal.number, "labels")
        data = (await self.client.get(path)).data
        with self.client.reading(path):
            has = {label["name"] for label in data or ()}
        missing = [label for label in labels if label not in has]
        if not missing:
            return

        async def act() -> Response:
            # Gitea assigns labels by number, and would create a second one with the same name.
            known = await self._labels(repo)
            numbers = [
                known[name] if name in known else await self._make_label(repo, name)
                for name in missing
            ]
            return await self.client.send("POST", path, {"labels": numbers})

        await self.client.writing(act)

    async def _labels(self, repo: Repository) -> dict[str, int]:
        owner = repo.name.partition("/")[0]
        known: dict[str, int] = {}
        for path in (f"orgs/{owner}/labels", self._path(repo, "labels")):
            try:
                async for data in self.client.pages(path, limit=_PAGE):
                    with self.client.reading(path):
                        known[data["name"]] = int(data["id"])
            except (NotFound, NotAllowed):
                # The owner may be a user, and the token may lack the scope for organisations.
                if not path.startswith("orgs/"):
                    raise
        return known

    async def _make_label(self, repo: Repository, name: str) -> int:
        path = self._path(repo, "labels")
        response = await self.client.send("POST", path, {"name": name, "color": _COLOUR})
        with self.client.reading(path):
            return int(response.data["id"])

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
        changes = {} if body is None else {"body": body}
        if title is not None or draft is not None:
            prefix = _DRAFT if (proposal.draft if draft is None else draft) else ""
            changes["title"] = prefix + (proposal.title if title is None else title)
        await self.client.send("PATCH", self._path(repo, "pulls", proposal.number), changes)

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
        # This list has no pages.
        path = self._path(repo, "issues", proposal.number, "comments")
        data = (await self.client.get(path)).data
        with self.client.reading(path):
            return [str(comment["body"]) for comment in data or ()]

    async def say(self, repo: Repository, proposal: Proposal, text: str) -> None:
        """See `SharedForge.say`."""
        path = self._path(repo, "issues", proposal.number, "comments")
        await self.client.send("POST", path, {"body": text})

    async def checks(self, repo: Repository, proposal: Proposal) -> Checks:
        """See `Forge.checks`."""
        path = self._path(repo, "pulls", proposal.number)
        status = self._path(repo, "commits", commit_id(proposal.head), "status")
        data = (await self.client.get(path)).data
        combined = (await self.client.get(status, limit=_PAGE)).data
        with self.client.reading(path):
            statuses = combined["statuses"] or []
            states = [_state(one["status"]) for one in statuses]
            if combined["total_count"] > len(statuses):
                # With more statuses than one page, do not merge rather than overlook one.
                states.append("pending")
            reviews: dict[int, str] = {}
            async for review in self.client.pages(f"{path}/reviews", limit=_PAGE):
                if review["state"] in ("APPROVED", "REQUEST_CHANGES") and review["user"]:
                    state = "" if review.get("dismissed") else review["state"]
                    reviews[review["user"]["id"]] = state
            return Checks(
                state=worst(states),
                approved=_approved(list(reviews.values())),
                mergeable=data["mergeable"],
            )

    async def send_merge(self, repo: Repository, proposal: Proposal) -> None:
        """See `SharedForge.send_merge`."""
        settings = (await self.client.get(self._path(repo))).data
        with self.client.reading(repo.name):
            style = settings.get("default_merge_style")
        wanted = {
            "Do": style if style in _STYLES else "merge",
            "head_commit_id": commit_id(proposal.head),
        }
        await self.client.send("POST", self._path(repo, "pulls", proposal.number, "merge"), wanted)

    async def send_close(self, repo: Repository, proposal: Proposal) -> None:
        """See `SharedForge.send_close`."""
        path = self._path(repo, "pulls", proposal.number)
        await self.client.send("PATCH", path, {"state": "closed"})

    async def delete(self, repo: Repository, branch: str) -> None:
        """See `SharedForge.delete`."""
        await self.client.send("DELETE", self._path(repo, "branches", quote(branch)))

    def _path(self, repo: Repository, *parts: str | int) -> str:
        return "/".join([f"repos/{repository_name(repo.name)}", *map(str, parts)])

    def _repository(self, data: Any) -> Repository:
        with self.client.reading("a repository"):
            branch = "" if data.get("empty") else data["default_branch"]
            return Repository(
                name=repository_name(data["full_name"]),
                clone_url=clone_address(data["clone_url"], self.url),
                branch=branch_name(branch) if branch else "",
                archived=bool(data["archived"]),
                may_push=bool((data.get("permissions") or {}).get("push")),
                size=data.get("size"),
                topics=tuple(data.get("topics") or ()),
            )

    def _is_of(self, data: Any, branch: str) -> bool:
        with self.client.reading("a pull request"):
            head = data["head"]
            return bool(head["ref"] == branch and head["repo_id"] == data["base"]["repo_id"])

    def _proposal(self, data: Any) -> Proposal:
        with self.client.reading("a pull request"):
            title, draft = without_prefix(str(data["title"]), _DRAFTS)
            closed: Literal["merged", "closed"] = "merged" if data["merged"] else "closed"
            return Proposal(
                number=int(data["number"]),
                url=str(data["html_url"]),
                branch=branch_name(data["head"]["ref"]),
                base=branch_name(data["base"]["ref"]),
                head=commit_id(data["head"]["sha"]),
                state="open" if data["state"] == "open" else closed,
                draft=draft,
                title=title,
                body=str(data["body"] or ""),
                updated=moment(data.get("updated_at")),
            )


def _token(token: str) -> tuple[str, str]:
    return "Authorization", f"token {token}"


def _state(status: str) -> str:
    return "success" if status in _PASSED else status


def _approved(reviews: Sequence[str]) -> bool | None:
    if "REQUEST_CHANGES" in reviews:
        return False
    return True if "APPROVED" in reviews else None
