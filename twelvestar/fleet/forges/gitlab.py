"""GitLab, its REST API."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from typing import Any, Literal
from urllib.parse import quote

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
from .shared import SharedForge, Wanted, moment, shortened, without_prefix, worst

GITLAB = "https://gitlab.com"

_PAGE = 100
# A developer may push, to branches that are not protected.
_DEVELOPER = 30
_DRAFT = "Draft: "
# The other prefixes are those of older releases.
_DRAFTS = ("draft:", "[draft]", "(draft)", "wip:", "[wip]")
_PASSED = ("success", "skipped", "manual")
_FAILED = ("failed", "canceled")


class GitLab(SharedForge):
    """GitLab.

    Args:
        url: URL of the forge; `https://gitlab.com` if empty.
        token: `env:NAME` or `file:PATH`: a token of a person, a group or a project.
        throttle: Enforces its rate limits.
    """

    kind = "gitlab"

    def __init__(self, url: str, token: str, throttle: Throttle) -> None:
        url = forge_address(url or GITLAB)
        super().__init__(Client(url, f"{url}/api/v4", token, _private_token, throttle))

    async def check_token(self) -> None:
        """See `Forge.check_token`."""
        try:
            data = (await self.client.get("personal_access_tokens/self")).data
        except NotFound:
            # Another kind of token, such as OAuth.
            await self.client.get("user")
            return
        with self.client.reading("personal_access_tokens/self"):
            scopes = list(data["scopes"])
        if "api" not in scopes:
            raise NotAllowed(
                f"The token in {self.client.token_name} lacks the scope api: make one that has it."
            )

    async def find(self, query: Find) -> AsyncIterator[Repository]:
        """See `Forge.find`."""
        filters: dict[str, str | int] = {"per_page": _PAGE, "order_by": "id", "sort": "asc"}
        if query.topic:
            filters["topic"] = query.topic
        if query.org:
            path = f"groups/{quote(query.org, safe='')}/projects"
            filters["include_subgroups"] = "true"
        elif query.user:
            path = f"users/{quote(query.user, safe='')}/projects"
        elif query.topic:
            path = "projects"
        else:
            raise ForgeError("There is nothing to search for: set a group, a user or a topic.")
        # Lists do not contain the token's permissions.
        with self.client.reading(path):
            pages = self.client.pages(path, **filters, min_access_level=_DEVELOPER)
            may_push = {data["id"] async for data in pages}
        async for data in self.client.pages(path, **filters):
            yield self._repository(data, may_push)

    async def repository(self, name: str) -> Repository:
        """See `Forge.repository`."""
        path = f"projects/{quote(repository_name(name), safe='')}"
        return self._repository((await self.client.get(path, statistics="true")).data)

    async def proposals(self, repo: Repository, branch: str) -> list[Proposal]:
        """See `Forge.proposals`."""
        pages = self.client.pages(
            self._path(repo, "merge_requests"),
            source_branch=branch_name(branch),
            state="all",
            order_by="created_at",
            sort="desc",
            per_page=_PAGE,
        )
        found = [self._proposal(data) async for data in pages if self._is_of(data, branch)]
        return sorted(found, key=lambda one: one.number, reverse=True)

    async def read(self, repo: Repository, number: int) -> Proposal:
        """See `SharedForge.read`."""
        path = self._path(repo, "merge_requests", number)
        return self._proposal((await self.client.get(path)).data)

    async def create(self, repo: Repository, wanted: Wanted) -> Proposal:
        """See `SharedForge.create`."""
        body = {
            "title": f"{_DRAFT}{wanted.title}" if wanted.draft else wanted.title,
            "description": wanted.body,
            "source_branch": wanted.branch,
            "target_branch": wanted.base,
            "labels": ",".join(wanted.labels),
        }
        response = await self.client.send("POST", self._path(repo, "merge_requests"), body)
        return self._proposal(response.data)

    async def label(self, repo: Repository, proposal: Proposal, labels: Sequence[str]) -> None:
        """See `SharedForge.label`."""
        path = self._path(repo, "merge_requests", proposal.number)
        data = (await self.client.get(path)).data
        with self.client.reading(path):
            missing = [label for label in labels if label not in data["labels"]]
        if missing:
            await self.client.write("PUT", path, {"add_labels": ",".join(missing)})

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
        changes = {} if body is None else {"description": body}
        if title is not None or draft is not None:
            prefix = _DRAFT if (proposal.draft if draft is None else draft) else ""
            changes["title"] = prefix + (proposal.title if title is None else title)
        await self.client.send("PUT", self._path(repo, "merge_requests", proposal.number), changes)

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
            {
                "state": "failed" if state == "failure" else state,
                "description": shortened(description),
                "name": context,
            },
        )

    async def comments(self, repo: Repository, proposal: Proposal) -> list[str]:
        """See `SharedForge.comments`."""
        path = self._path(repo, "merge_requests", proposal.number, "notes")
        with self.client.reading(path):
            return [str(data["body"]) async for data in self.client.pages(path, per_page=_PAGE)]

    async def say(self, repo: Repository, proposal: Proposal, text: str) -> None:
        """See `SharedForge.say`."""
        path = self._path(repo, "merge_requests", proposal.number, "notes")
        await self.client.send("POST", path, {"body": text})

    async def checks(self, repo: Repository, proposal: Proposal) -> Checks:
        """See `Forge.checks`."""
        path = self._path(repo, "merge_requests", proposal.number)
        commit = self._path(repo, "repository/commits", commit_id(proposal.head))
        data = (await self.client.get(path)).data
        approvals = (await self.client.get(f"{path}/approvals")).data
        with self.client.reading(path):
            pipeline = data.get("head_pipeline")
            # Statuses can belong to another pipeline than that of the merge request.
            states = [_state(pipeline["status"])] if pipeline else []
            pages = self.client.pages(f"{commit}/statuses", per_page=_PAGE)
            states += [_state(one["status"]) async for one in pages if not one.get("allow_failure")]
            mergeable = {"can_be_merged": True, "cannot_be_merged": False}
            return Checks(
                state=worst(states),
                approved=bool(approvals["approved"]) if approvals["approved_by"] else None,
                mergeable=mergeable.get(data["merge_status"]),
            )

    async def send_merge(self, repo: Repository, proposal: Proposal) -> None:
        """See `SharedForge.send_merge`."""
        path = self._path(repo, "merge_requests", proposal.number, "merge")
        try:
            await self.client.send("PUT", path, {"sha": commit_id(proposal.head)})
        except NotAllowed as error:
            if error.status != 401:
                raise
            raise NotAllowed(
                f"The token in {self.client.token_name} lacks the right to merge {proposal.url}.",
                error.status,
            ) from error
        except ForgeError as error:
            if error.status == 422:
                raise Conflict(str(error), error.status) from error
            raise

    async def send_close(self, repo: Repository, proposal: Proposal) -> None:
        """See `SharedForge.send_close`."""
        path = self._path(repo, "merge_requests", proposal.number)
        await self.client.send("PUT", path, {"state_event": "close"})

    async def delete(self, repo: Repository, branch: str) -> None:
        """See `SharedForge.delete`."""
        path = self._path(repo, "repository/branches", quote(branch, safe=""))
        await self.client.send("DELETE", path)

    def _path(self, repo: Repository, *parts: str | int) -> str:
        project = quote(repository_name(repo.name), safe="")
        return "/".join([f"projects/{project}", *map(str, parts)])

    def _repository(self, data: Any, may_push: Collection[int] = ()) -> Repository:
        with self.client.reading("a project"):
            rights = (data.get("permissions") or {}).values()
            level = max((right["access_level"] for right in rights if right), default=0)
            branch = "" if data.get("empty_repo") else data["default_branch"] or ""
            size = (data.get("statistics") or {}).get("repository_size")
            return Repository(
                name=repository_name(data["path_with_namespace"]),
                clone_url=clone_address(data["http_url_to_repo"], self.url),
                branch=branch_name(branch) if branch else "",
                archived=bool(data["archived"]),
                may_push=level >= _DEVELOPER or data["id"] in may_push,
                size=None if size is None else int(size) // 1024,
                topics=tuple(data.get("topics") or data.get("tag_list") or ()),
            )

    def _is_of(self, data: Any, branch: str) -> bool:
        with self.client.reading("a merge request"):
            here = data["source_project_id"] == data["target_project_id"]
            return bool(here and data["source_branch"] == branch)

    def _proposal(self, data: Any) -> Proposal:
        with self.client.reading("a merge request"):
            if data["sha"] is None:
                raise Unavailable(f"{self.url} has not checked {data['web_url']} yet.")
            title, draft = without_prefix(str(data["title"]), _DRAFTS)
            return Proposal(
                number=int(data["iid"]),
                url=str(data["web_url"]),
                branch=branch_name(data["source_branch"]),
                base=branch_name(data["target_branch"]),
                head=commit_id(data["sha"]),
                state=_states(data["state"]),
                draft=draft,
                title=title,
                body=str(data["description"] or ""),
                updated=moment(data.get("updated_at")),
            )


def _private_token(token: str) -> tuple[str, str]:
    return "PRIVATE-TOKEN", token


def _states(state: str) -> Literal["open", "merged", "closed"]:
    if state in ("merged", "closed"):
        return "merged" if state == "merged" else "closed"
    return "open"


def _state(status: str) -> str:
    if status in _PASSED:
        return "success"
    return "failure" if status in _FAILED else "pending"
