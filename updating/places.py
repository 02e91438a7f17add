"""Locations of templates: Copier's short forms, paths, and URLs."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote, urlsplit

from .errors import Status, UpdateError

_SHORTCUTS = {"gh:": "https://github.com/", "gl:": "https://gitlab.com/"}
_PROTOCOLS = ("file", "git", "http", "https", "ssh")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
# Such as `ext::`, which runs a command.
_HELPER = re.compile(r"[A-Za-z0-9+.-]+::")
_SSH = re.compile(r"(?:[^/:@]+@)?[^/:@]+:(?!//)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_CREDENTIALS = re.compile(r"(?<=://)[^/@]+@")


def locate(place: str, project: Path | None = None) -> Path | str:
    """Find a template.

    Args:
        place: A location from the user or an answers file. A path is relative to the project, or
            else to the current folder.
        project: The project's folder.

    Returns:
        A local path, or a URL to clone.

    Raises:
        UpdateError: When it must not be passed to git, or there is no such folder.
    """
    address = expanded(place)
    if not address or address.startswith("-") or _CONTROL.search(address):
        raise UpdateError(
            f'"{shown(place)}" is not the location of a template: use a path or a URL.'
        )
    scheme = _SCHEME.match(address)
    if _HELPER.match(address) or (scheme and scheme[1].lower() not in _PROTOCOLS):
        *others, last = _PROTOCOLS
        raise UpdateError(
            f"The template cannot be fetched from {shown(place)}: use a path, or a URL that "
            f"begins with {', '.join(others)} or {last}."
        )
    if scheme:
        return address
    if found := _on_this_machine(address, project):
        return found
    if _SSH.match(address):
        return address
    raise UpdateError(
        f"The template could not be fetched from {shown(place)}: there is no such folder.",
        Status.FAILED,
    )


def expanded(place: str) -> str:
    """Expand Copier's short forms to URLs.

    Args:
        place: A location from the user or an answers file.
    """
    place = place.removeprefix("git+")
    for shortcut, host in _SHORTCUTS.items():
        if place.startswith(shortcut):
            path = place.removeprefix(shortcut).removeprefix("/").removesuffix(".git")
            return f"{host}{path}.git"
    return place


def is_same(one: str, other: str, project: Path) -> bool:
    """Whether two locations are the same repository, judging by their names.

    Args:
        one: A location.
        other: A location.
        project: Folder for relative paths.
    """
    return one == other or _normal(one, project) == _normal(other, project)


def shown(place: str) -> str:
    """A location without user name and password.

    Args:
        place: A location from the user, an answers file or git.
    """
    return _CREDENTIALS.sub("", place)


def is_repository(folder: Path) -> bool:
    """Whether a folder is the root of a repository, bare or not.

    Args:
        folder: The folder.
    """
    bare = (folder / "objects").is_dir() and (folder / "HEAD").is_file()
    return bare or (folder / ".git").exists()


def _normal(place: str, project: Path) -> str:
    try:
        found = locate(place, project)
    except UpdateError:
        return place
    if isinstance(found, str) and found.startswith("file://"):
        found = Path(unquote(urlsplit(found).path))
    if isinstance(found, Path):
        found = found.resolve()
        return str(found.parent if found.name == ".git" else found).removesuffix(".git")
    if not _SCHEME.match(found):
        host, _, path = found.partition(":")
        found = f"ssh://{host}/{path.removeprefix('/')}"
    parts = urlsplit(found)
    path = unquote(parts.path).strip("/").removesuffix(".git")
    # The protocol does not matter, and host names are not case-sensitive.
    return f"{parts.hostname}/{path}".lower()


def _on_this_machine(address: str, project: Path | None) -> Path | None:
    # The user may not exist, and the name may be too long for a path.
    with suppress(RuntimeError, OSError):
        path = Path(address).expanduser()
        for start in (project, Path.cwd()) if project else (Path.cwd(),):
            # Git finds a bare repository without its suffix too.
            for found in (start / path, start / f"{path}.git"):
                if found.is_file() or is_repository(found):
                    return found.absolute()
    return None
