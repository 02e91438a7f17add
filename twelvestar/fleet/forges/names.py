"""Validating names and URLs from a forge, which are untrusted."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

from .base import ForgeError

# Characters that git does not allow in branch names, and the space.
_BAD_IN_BRANCH = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*(/[A-Za-z0-9_.][A-Za-z0-9_.+-]*)*")


def repository_name(name: str) -> str:
    """Check the name of a repository.

    Args:
        name: `organisation/name`, or a full path.

    Raises:
        ForgeError: When it is unsafe in a URL or a path.
    """
    parts = name.split("/")
    if (
        not _NAME.fullmatch(name)
        or len(name) > 400
        or any(part in (".", "..") or part.endswith((".git", ".lock")) for part in parts)
    ):
        raise ForgeError(f"Invalid repository name: {_shown(name)}.")
    return name


def branch_name(name: str) -> str:
    """Check the name of a branch, by the rules of `git check-ref-format --branch`.

    Args:
        name: The name.

    Raises:
        ForgeError: When git would refuse it.
    """
    parts = name.split("/")
    if (
        not name
        or len(name) > 240
        or name in ("@", "HEAD")
        or name.startswith("-")
        or name.endswith(".")
        or _BAD_IN_BRANCH.search(name)
        or any(not part or part.startswith(".") or part.endswith(".lock") for part in parts)
    ):
        raise ForgeError(f"Invalid branch name: {_shown(name)}.")
    return name


def commit_id(text: str) -> str:
    """Check a commit id.

    Args:
        text: The id, all of it.

    Raises:
        ForgeError: When it is invalid.
    """
    if not re.fullmatch(r"[0-9a-f]{40}([0-9a-f]{24})?", text):
        raise ForgeError(f"Invalid commit id: {_shown(text)}.")
    return text


def forge_address(url: str) -> str:
    """Check the URL of a forge.

    Args:
        url: Its URL, with a path if it has one.

    Returns:
        The URL without a trailing slash.

    Raises:
        ForgeError: When it is neither HTTPS nor on this machine, or contains credentials or a
            query.
    """
    parts = _split(url)
    if (
        parts is None
        or not _is_safe(parts)
        or parts.username is not None
        or parts.query
        or parts.fragment
    ):
        raise ForgeError(
            f"A forge's URL must be https://HOST, without user, password or query: {_shown(url)}."
        )
    return url.rstrip("/")


def clone_address(url: str, forge: str) -> str:
    """Check the clone URL of a repository.

    Args:
        url: The address.
        forge: URL of the forge that returned it.

    Raises:
        ForgeError: When it is on another host, to which the token must not be sent.
    """
    parts = _split(url)
    if (
        parts is None
        or not _is_safe(parts)
        or parts.username is not None
        or parts.query
        or parts.fragment
        or origin(url) != origin(forge)
        or re.search(r"[\x00-\x20\x7f\\]|\.\.", url)
    ):
        raise ForgeError(
            f"The URL to clone from is refused, because it is not on {forge}: {_shown(url)}."
        )
    return url


def origin(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port of a URL.

    Args:
        url: The address.
    """
    parts = urlsplit(url)
    standard = {"https": 443, "http": 80}.get(parts.scheme)
    return parts.scheme, (parts.hostname or "").lower(), parts.port or standard


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts if parts.hostname else None


def _is_safe(parts: SplitResult) -> bool:
    return parts.scheme == "https" or (parts.scheme == "http" and _is_here(parts.hostname or ""))


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _shown(name: str) -> str:
    return ascii(name if len(name) <= 100 else f"{name[:100]}...")
