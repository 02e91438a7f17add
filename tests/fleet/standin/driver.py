"""Starts the stand-in, and controls it."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import httpx

from tests.rendering import ROOT

from .repos import Bare

_SECONDS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Pull:
    """A pull request, with the data for tests."""

    number: int
    branch: str
    base: str
    title: str
    body: str
    draft: bool
    state: Literal["open", "merged", "closed"]
    head: str
    labels: list[str]
    comments: list[str]


class Standin:
    """A forge on loopback, which runs for the duration of its context.

    Args:
        folder: Folder for its repositories and its log.
        duplicates: Whether it allows a second open pull request for the same branches.
    """

    def __init__(self, folder: Path, *, duplicates: bool = False) -> None:
        self.folder = folder
        self.token = f"standin-{secrets.token_hex(16)}"
        self._duplicates = duplicates
        self._process: subprocess.Popen[bytes] | None = None
        self._http = httpx.Client(trust_env=False, timeout=_SECONDS)
        self._root = ""

    def __enter__(self) -> Self:
        """Start it."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop it."""
        self.stop()

    def start(self) -> None:
        """Start it, and wait until it responds."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with socket.socket() as chosen:
            chosen.bind(("127.0.0.1", 0))
            port = chosen.getsockname()[1]
        self._root = f"http://127.0.0.1:{port}"
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.fleet.standin", str(self.folder), str(port)],
                cwd=ROOT,
                env={**os.environ, "STANDIN_TOKEN": self.token},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        ends = time.monotonic() + _SECONDS
        while True:
            try:
                self._http.get(f"{self._root}/-/ready").raise_for_status()
            except httpx.TransportError:
                if self._process.poll() is not None or time.monotonic() > ends:
                    self.stop()
                    raise RuntimeError(f"no stand-in: {self.log.read_text()}") from None
                time.sleep(0.05)
            else:
                break
        if self._duplicates:
            self.allow_duplicates()

    def stop(self) -> None:
        """Stop it; its state is lost."""
        self._http.close()
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    @property
    def log(self) -> Path:
        """Output of its process."""
        return self.folder / "standin.log"

    def url(self, kind: str) -> str:
        """Address of the forge of a kind, for `make_forge`.

        Args:
            kind: `github`, `gitlab` or `gitea`.
        """
        return f"{self._root}/{kind}"

    def clone_url(self, kind: str, name: str, token: str | None = None) -> str:
        """Address for git.

        Args:
            kind: The kind of forge.
            name: The repository.
            token: A token to include; none for an URL without.
        """
        root = self._root if token is None else self._root.replace("//", f"//bot:{token}@")
        return f"{root}/{kind}/{name}.git"

    # Repositories.

    def add(
        self,
        name: str,
        path: Path | None = None,
        *,
        topics: Sequence[str] = (),
        archived: bool = False,
        private: bool = True,
        size: int = 100,
        protected: Sequence[str] = (),
        branch: str = "main",
    ) -> None:
        """Add a repository.

        Args:
            name: `organisation/name`, or more parts for groups of GitLab.
            path: A repository to copy; none adds one without commits.
            topics: Its topics.
            archived: Whether it is archived.
            private: Whether reading it requires a token.
            size: The size in kB that the forge returns.
            protected: Branches that refuse pushes.
            branch: Default branch, if it has no commits.
        """
        self._tell(
            "add",
            name=name,
            path=None if path is None else str(path),
            topics=list(topics),
            archived=archived,
            private=private,
            size=size if path else 0,
            protected=list(protected),
            branch=branch,
        )

    def rename(self, old: str, new: str) -> None:
        """Rename a repository; the old name redirects to it.

        Args:
            old: Its name.
            new: Its new name.
        """
        self._tell("rename", old=old, new=new)

    def change(self, name: str, **changes: Any) -> None:
        """Change a repository.

        Fields are `archived`, `private`, `topics`, `size`, `protected`, `drafts` (whether it
        supports them) and `methods` (allowed merge methods).

        Args:
            name: The repository.
            changes: New values.
        """
        self._tell("change", name=name, **changes)

    def commit(
        self,
        name: str,
        files: Mapping[str, str | None],
        *,
        branch: str = "main",
        message: str = "Change by hand",
        author: str = "Owner <owner@example.org>",
    ) -> str:
        """Commit to a branch as a person, without branch protection and without counting it.

        Args:
            name: The repository.
            files: Contents by path; none deletes a file.
            branch: The branch; a new one begins at the default branch.
            message: The message.
            author: `Name <address>`.

        Returns:
            The commit id.
        """
        words = {"files": dict(files), "message": message, "author": author}
        return str(self._tell("commit", name=name, branch=branch, **words))

    def path(self, name: str) -> Path:
        """The bare repository.

        Args:
            name: The repository.
        """
        return self.folder / f"{name}.git"

    def git(self, name: str, *words: str) -> str:
        """Run git in the bare repository.

        Args:
            name: The repository.
            words: The command.
        """
        return Bare(self.path(name), self.folder)(*words)

    # Pull requests.

    def pulls(self, name: str) -> list[Pull]:
        """All pull requests of a repository, oldest first.

        Args:
            name: The repository.
        """
        fields = Pull.__dataclass_fields__
        return [
            Pull(**{key: value for key, value in pull.items() if key in fields})
            for pull in self._tell("pulls", name=name)
        ]

    def propose(self, name: str, *, branch: str, title: str) -> None:
        """Open a pull request as a person, without counting it.

        Args:
            name: The repository.
            branch: The branch to merge into the default one.
            title: Its title.
        """
        self._tell("propose", name=name, branch=branch, title=title)

    def merge(self, name: str, number: int) -> None:
        """Merge a pull request as its owner, without counting it.

        Args:
            name: The repository.
            number: The pull request.
        """
        self._tell("owner", name=name, number=number, what="merge")

    def close(self, name: str, number: int) -> None:
        """Close a pull request as its owner, without counting it.

        Args:
            name: The repository.
            number: The pull request.
        """
        self._tell("owner", name=name, number=number, what="close")

    def review(
        self, name: str, number: int, *, approved: bool = True, user: str = "reviewer"
    ) -> None:
        """Review a pull request.

        Args:
            name: The repository.
            number: The pull request.
            approved: Whether it is approved; otherwise, changes are requested.
            user: The reviewer.
        """
        self._tell("review", name=name, number=number, user=user, approved=approved)

    def check(
        self,
        name: str,
        commit: str,
        state: Literal["pending", "success", "failure"],
        check: str = "tests",
    ) -> None:
        """Set the state of a check by the forge's CI.

        Args:
            name: The repository.
            commit: Commit id.
            state: The state.
            check: Name of the check.
        """
        self._tell("check", name=name, commit=commit, check=check, state=state)

    def statuses(self, name: str, commit: str) -> dict[str, str]:
        """State of each context that clients have set for a commit.

        Args:
            name: The repository.
            commit: Commit id.
        """
        statuses = self._tell("statuses", name=name, commit=commit)
        return {context: status["state"] for context, status in statuses.items()}

    # What clients did.

    def writes(self) -> dict[str, dict[str, int]]:
        """Number of writes by clients, by repository and kind.

        Kinds are `push`, `pull` (opened), `edit`, `label`, `comment`, `status`, `merge`, `close`
        and `delete` (of a branch).
        """
        writes: dict[str, dict[str, int]] = self._tell("writes")
        return writes

    def requests(self, part: str = "") -> list[dict[str, Any]]:
        """Requests so far: `line` with method, path and query, `at` and `status`.

        Args:
            part: Only requests with this in their line.
        """
        return [one for one in self._tell("requests") if part in one["line"]]

    # What goes wrong.

    def fault(
        self,
        match: str,
        *,
        times: int = 1,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
        body: str | None = None,
        data: Any = None,
        raw: str | None = None,
        delay: float = 0.0,
        held: float = 0.0,
        drop: bool = False,
        lost: bool = False,
        echo: bool = False,
    ) -> None:
        """Make the next requests fail.

        Args:
            match: Regular expression to search in `METHOD /path?query`.
            times: Number of requests; -1 for all until `clear_faults`.
            status: Status of the response; 502 by default for `lost`.
            headers: Headers of the response.
            body: `message` in the JSON of the response.
            data: The whole JSON of the response.
            raw: The whole body of the response, which need not be JSON.
            delay: Seconds to wait before anything else; alone, it only delays the request.
            held: Execute the request, and send the response this many seconds later.
            drop: Close the connection in the middle of the response.
            lost: Execute the request, but fail nevertheless.
            echo: Respond with an error (400 by default) that contains the token.
        """
        self._tell(
            "fault",
            match=match,
            times=times,
            status=status,
            headers=dict(headers or {}),
            body=body,
            data=data,
            raw=raw,
            delay=delay,
            held=held,
            drop=drop,
            lost=lost,
            echo=echo,
        )

    def clear_faults(self) -> None:
        """Forget all faults."""
        self._tell("clear_faults")

    def down(self) -> None:
        """Drop every connection until `clear_faults`."""
        self.fault("", times=-1, drop=True)

    def allow_duplicates(self, allowed: bool = True) -> None:
        """Allow a second open pull request for the same branches.

        Args:
            allowed: Whether it is allowed.
        """
        self._tell("duplicates", allowed=allowed)

    def make_token(
        self,
        *,
        user: str = "bot",
        scopes: Sequence[str] | None = None,
        may_write: bool = True,
        expired: bool = False,
    ) -> str:
        """Make another token.

        Args:
            user: Its user.
            scopes: Its scopes; all by default.
            may_write: Whether it has write access.
            expired: Whether it has expired.

        Returns:
            The token.
        """
        words: dict[str, Any] = {"user": user, "may_write": may_write, "expired": expired}
        if scopes is not None:
            words["scopes"] = list(scopes)
        return str(self._tell("token", **words))

    def _tell(self, what: str, /, **words: Any) -> Any:
        response = self._http.post(f"{self._root}/-/{what}", json=words)
        if response.status_code != 200:
            raise RuntimeError(f"{what}: {response.text}\n{self.log.read_text()[-2000:]}")
        return response.json()["result"]
