"""Pagure, which only tests use, because the server is available as a package."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

from .base import STATUS_CONTEXT, Checks, Find, ForgeError, Proposal, Repository
from .http import Client, Response
from .limits import Throttle
from .names import branch_name, clone_address, commit_id, forge_address, repository_name
from .shared import SharedForge, Wanted, shortened, without_prefix, worst

_PAGE = 100
# Pagure has no drafts, so a title prefix marks them, as on GitLab.
_DRAFT = "Draft: "
_DRAFTS = ("draft:",)
_MERGEABLE = {"FFORWARD": True, "MERGE": True, "CONFLICTS": False}


class Pagure(SharedForge):
    """Pagure.

    It has no labels and reviews for pull requests, and its API cannot delete branches.

    Args:
        url: URL of the forge.
        token: `env:NAME` or `file:PATH`.
        throttle: Enforces its rate limits.
    """

    kind = "pagure"

    def __init__(self, url: str, token: str, throttle: Throttle) -> None:
        url = forge_address(url)
        super().__init__(Client(url, f"{url}/api/0", token, _token, throttle))
        self._user = ""

    async def check_token(self) -> None:
        """See `Forge.check_token`."""
        await self._whoami()

    async def find(self, query: Find) -> AsyncIterator[Repository]:
        """See `Forge.find`."""
        wanted = {"namespace": query.org, "owner": query.user, "tags": query.topic}
        filters: dict[str, str | int] = {key: value for key, value in wanted.items() if value}
        if not filters:
            raise ForgeError("There is nothing to search for: set a namespace, a user or a tag.")
        async for data in self.client.pages(
            "projects", "projects", **filters, fork="false", per_page=_PAGE
        ):
            yield await self._repository(data)

    async def repository(self, name: str) -> Repository:
        """See `Forge.repository`."""
        return await self._repository((await self.client.get(repository_name(name))).data)

    async def proposals(self, repo: Repository, branch: str) -> list[Proposal]:
        """See `Forge.proposals`."""
        branch_name(branch)
        branches = await self._branches(repo.name)
        pages = self.client.pages(
            self._path(repo, "pull-requests"), "requests", status="all", per_page=_PAGE
        )
        found = [
            self._proposal(data, branches)
            async for data in pages
            if self._is_of(data, repo, branch)
        ]
        return sorted(found, key=lambda one: one.number, reverse=True)

    async def read(self, repo: Repository, number: int) -> Proposal:
        """See `SharedForge.read`."""
        response = await self.client.get(self._path(repo, "pull-request", number))
        return self._proposal(response.data, await self._branches(repo.name))

    async def create(self, repo: Repository, wanted: Wanted) -> Proposal:
        """See `SharedForge.create`."""
        form = {
            "title": f"{_DRAFT}{wanted.title}" if wanted.draft else wanted.title,
            "initial_comment": wanted.body,
            "branch_from": wanted.branch,
            "branch_to": wanted.base,
        }
        path = self._path(repo, "pull-request/new")
        response = await self.client.send("POST", path, form, form=True)
        return self._proposal(response.data, {})

    async def label(self, repo: Repository, proposal: Proposal, labels: Sequence[str]) -> None:
        """See `SharedForge.label`; Pagure has none to give."""

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
        prefix = _DRAFT if (proposal.draft if draft is None else draft) else ""
        # Pagure empties fields that are not sent.
        form = {
            "title": prefix + (proposal.title if title is None else title),
            "initial_comment": proposal.body if body is None else body,
        }
        path = self._path(repo, "pull-request", proposal.number)
        await self.client.send("POST", path, form, form=True)

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
        form = {
            "username": context,
            "status": state,
            "comment": shortened(description) or state,
            "url": f"{self.url}/{repo.name}",
            # A later flag with the same id replaces this one.
            "uid": hashlib.sha256(f"{commit} {context}".encode()).hexdigest()[:32],
        }
        path = self._path(repo, "c", commit_id(commit), "flag")
        await self.client.write("POST", path, form, form=True)

    async def comments(self, repo: Repository, proposal: Proposal) -> list[str]:
        """See `SharedForge.comments`."""
        path = self._path(repo, "pull-request", proposal.number)
        data = (await self.client.get(path)).data
        with self.client.reading(path):
            return [str(comment["comment"]) for comment in data["comments"]]

    async def say(self, repo: Repository, proposal: Proposal, text: str) -> None:
        """See `SharedForge.say`."""
        path = self._path(repo, "pull-request", proposal.number, "comment")
        await self.client.send("POST", path, {"comment": text}, form=True)

    async def checks(self, repo: Repository, proposal: Proposal) -> Checks:
        """See `Forge.checks`."""
        path = self._path(repo, "pull-request", proposal.number)
        commit = self._path(repo, "c", commit_id(proposal.head), "flag")
        data = (await self.client.get(path)).data
        flags = (await self.client.get(commit)).data
        with self.client.reading(path):
            ordered = sorted(flags["flags"], key=lambda flag: float(flag["date_updated"]))
            latest = {flag["username"]: str(flag["status"]) for flag in ordered}
            return Checks(
                state=worst(list(latest.values())),
                approved=None,
                mergeable=_MERGEABLE.get(data["cached_merge_status"]),
            )

    async def send_merge(self, repo: Repository, proposal: Proposal) -> None:
        """See `SharedForge.send_merge`; Pagure itself does not look at the commit."""
        await self.client.send("POST", self._path(repo, "pull-request", proposal.number, "merge"))

    async def send_close(self, repo: Repository, proposal: Proposal) -> None:
        """See `SharedForge.send_close`."""
        await self.client.send("POST", self._path(repo, "pull-request", proposal.number, "close"))

    async def delete(self, repo: Repository, branch: str) -> None:
        """See `SharedForge.delete`."""
        raise ForgeError(f"{self.url} cannot delete branches by its API: delete {branch} with git.")

    def _path(self, repo: Repository, *parts: str | int) -> str:
        return "/".join([repository_name(repo.name), *map(str, parts)])

    async def _whoami(self) -> str:
        async def act() -> Response:
            async with self.client.throttle.read():
                return await self.client.send("POST", "-/whoami")

        if not self._user:
            response = await self.client.persist(act)
            with self.client.reading("-/whoami"):
                self._user = str(response.data["username"])
        return self._user

    async def _branches(self, name: str) -> dict[str, str]:
        path = f"{repository_name(name)}/git/branches"
        data = (await self.client.get(path, with_commits="true")).data
        with self.client.reading(path):
            return {str(branch): str(commit) for branch, commit in data["branches"].items()}

    async def _repository(self, data: Any) -> Repository:
        user = await self._whoami()
        with self.client.reading("a project"):
            name = repository_name(data["fullname"])
            clone_url = clone_address(f"{data['full_url']}.git", self.url)
            rights = data["access_users"]
            may_push = any(user in rights[key] for key in ("owner", "admin", "commit"))
            tags = tuple(str(tag) for tag in data["tags"])
        path = f"{name}/git/branches"
        response = (await self.client.get(path)).data
        with self.client.reading(path):
            # The default branch of a new project may never exist.
            usual = [one for one in ("main", "master") if one in response["branches"]]
            branch = response["default"] or next(iter(usual), "")
        return Repository(
            name=name,
            clone_url=clone_url,
            branch=branch_name(branch) if branch else "",
            archived=False,
            may_push=may_push,
            size=None,
            topics=tags,
        )

    def _is_of(self, data: Any, repo: Repository, branch: str) -> bool:
        with self.client.reading("a pull request"):
            source = (data["repo_from"] or {}).get("fullname", "")
            return bool(data["branch_from"] == branch and source == repo.name)

    def _proposal(self, data: Any, branches: dict[str, str]) -> Proposal:
        with self.client.reading("a pull request"):
            states: dict[str, Literal["open", "merged", "closed"]] = {
                "Open": "open",
                "Merged": "merged",
            }
            state: Literal["open", "merged", "closed"] = states.get(data["status"], "closed")
            branch = branch_name(data["branch_from"])
            title, draft = without_prefix(str(data["title"]), _DRAFTS)
            # The commit that Pagure returns may be older than the last push.
            tip = branches.get(branch) if state == "open" else None
            return Proposal(
                number=int(data["id"]),
                url=str(data["full_url"]),
                branch=branch,
                base=branch_name(data["branch"]),
                head=commit_id(tip or data["commit_stop"]),
                state=state,
                draft=draft,
                title=title,
                body=str(data["initial_comment"] or ""),
                updated=datetime.fromtimestamp(float(data["last_updated"]), UTC),
            )


def _token(token: str) -> tuple[str, str]:
    return "Authorization", f"token {token}"
