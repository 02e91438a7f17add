"""Branch names of updates: one for each release and each service of a repository."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from packaging.version import InvalidVersion, Version


def branch_of(naming: str, release: Version | str, folder: str = "") -> str:
    """Name the branch of an update.

    Args:
        naming: Pattern of branch names, with `{release}` in it.
        release: The release.
        folder: The service's folder in its repository.
    """
    return f"{naming.format(release=release)}{_ending(folder)}"


def older_branches(
    naming: str, branches: Iterable[str], release: Version, folder: str = ""
) -> tuple[str, ...]:
    """Find the branches of a service's updates to earlier releases.

    Similar branches are left out: those of people, of newer releases, and of other services in the
    same repository.

    Args:
        naming: Pattern of branch names, with `{release}` in it.
        branches: Names of branches.
        release: The release.
        folder: The service's folder in its repository.

    Returns:
        Their names, the oldest release first.
    """
    before, _, after = naming.partition("{release}")
    shape = re.compile(re.escape(before) + r"(.+)" + re.escape(after + _ending(folder)))
    found: dict[Version, str] = {}
    for name in branches:
        if (match := shape.fullmatch(name)) is None:
            continue
        try:
            version = Version(match[1])
        except (InvalidVersion, ValueError):
            continue
        # `1.6.0-1` is another spelling of a release, but here `1` is a folder.
        if str(version) == match[1] and version < release:
            found[version] = name
    return tuple(found[version] for version in sorted(found))


def _ending(folder: str) -> str:
    if not folder:
        return ""
    # Git and forges allow fewer characters in branches than in folders.
    plain = re.sub(r"[^A-Za-z0-9_]+", "-", folder).strip("-")
    return f"-{plain or hashlib.sha256(folder.encode()).hexdigest()[:8]}"
