"""Locations of repositories, as users, answers files and installers write them."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from .errors import Problem

_SHORTCUTS = {"gh:": "https://github.com/", "gl:": "https://gitlab.com/"}
_PROTOCOLS = ("file", "git", "http", "https", "ssh")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_SSH = re.compile(r"(?:[^/:@]+@)?[^/:@]+:(?!//)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_CREDENTIALS = re.compile(r"(?<=://)[^/@]+@")
# `ext::` and others run a command.
_HELPER = re.compile(r"[A-Za-z0-9+.-]+::")


def installed_from() -> tuple[str, str | None]:
    """Find the repository that this command was installed from.

    Returns:
        Its URL or path, and the requested branch, tag or commit, if any.

    Raises:
        Problem: When it was not installed from a repository.

    Source: https://packaging.python.org/en/latest/specifications/direct-url/
    """
    with suppress(PackageNotFoundError):
        text = distribution("twelvestar").read_text("direct_url.json")
        found: dict[str, Any] = json.loads(text or "{}")
        revision = found.get("vcs_info", {}).get("requested_revision")
        if "vcs_info" in found or "dir_info" in found:
            return _without_file(found["url"]), revision
    checkout = Path(__file__).resolve().parents[1]
    if (checkout / "copier.yml").is_file():
        return str(checkout), None
    raise Problem(
        "The repository that this command was installed from is not known: give the template "
        "with --template."
    )


def address(place: str) -> str:
    """Convert a location to a path or URL for git.

    Args:
        place: A path, a URL, or one of Copier's short forms such as `gh:org/name`.

    Raises:
        Problem: When it must not be passed to git.
    """
    found = place.removeprefix("git+")
    for shortcut, host in _SHORTCUTS.items():
        if found.startswith(shortcut):
            path = found.removeprefix(shortcut).removeprefix("/").removesuffix(".git")
            return f"{host}{path}.git"
    scheme = _SCHEME.match(found)
    if not found or found.startswith("-") or _CONTROL.search(found):
        raise Problem(f'"{shown(place)}" is not the location of a repository: use a path or a URL.')
    if _HELPER.match(found) or (scheme and scheme[1].lower() not in _PROTOCOLS):
        *others, last = _PROTOCOLS
        raise Problem(
            f"{shown(place)} cannot be fetched: use a path, or a URL that begins with "
            f"{', '.join(others)} or {last}."
        )
    if scheme or (_SSH.match(found) and not Path(found).exists()):
        return _without_file(found)
    with suppress(RuntimeError):
        return str(Path(found).expanduser().absolute())
    raise Problem(f"There is no folder {found}: give the path of a repository.")


def for_copier(place: str) -> str:
    """Convert a location to a form that Copier accepts.

    Args:
        place: A location from the user or an installer.
    """
    if place.endswith(".git") or not re.match("https?://|ssh://", place):
        return place
    if place.startswith(tuple(_SHORTCUTS.values())):
        return f"{place}.git"
    # Copier treats other URLs as folders.
    return f"git+{place}"


def is_same(one: str, other: str) -> bool:
    """Whether two locations are the same repository, judging by their names.

    Args:
        one: A location.
        other: A location.
    """
    return one == other or _normal(one) == _normal(other)


def shown(place: str) -> str:
    """A location without user name and password.

    Args:
        place: Any text with URLs.
    """
    return _CREDENTIALS.sub("", place)


def _without_file(place: str) -> str:
    return unquote(urlsplit(place).path) if place.startswith("file://") else place


def _normal(place: str) -> str:
    try:
        found = address(place)
    except Problem:
        return place
    if found.startswith("/"):
        path = Path(found).resolve()
        return str(path.parent if path.name == ".git" else path).removesuffix(".git")
    if not _SCHEME.match(found):
        host, _, name = found.partition(":")
        found = f"ssh://{host}/{name.removeprefix('/')}"
    parts = urlsplit(found)
    name = unquote(parts.path).strip("/").removesuffix(".git")
    # The protocol does not matter, and host names are not case-sensitive.
    return f"{parts.hostname}/{name}".lower()
