"""Which template a project follows: a fork is recorded, another copy of the same one is not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from .errors import UpdateError
from .git import Git, GitError
from .places import is_same, locate, shown

# Clones of clones; more than anybody has, and an end where two name each other.
_DEEPEST = 8


def name_to_record(places: list[str], project: Path) -> str | None:
    """Find out what the person who named a template calls it.

    A project's script fetches the template and names its copy last; before it comes what the person
    named, if they did.

    Args:
        places: What `--template` was given, in order.
        project: The project's folder.

    Returns:
        A place; None if none was named.

    Raises:
        UpdateError: When the script has fetched something else.
    """
    if not places:
        return None
    fetched = list(_lineage(places[-1], project))
    if len(places) == 1:
        return fetched[-1]
    if len(fetched) > 1 and not any(is_same(places[0], each, project) for each in fetched):
        raise UpdateError(
            f"The project's script has fetched {shown(fetched[1])} instead of {shown(places[0])}: "
            f"write `--template {shown(places[0])}`, with a space and in full."
        )
    return places[0]


def followed(
    source: str, template: str | None, record: str | None, project: Path
) -> tuple[str, tuple[str, ...]]:
    """Decide which template a project follows after an update.

    Args:
        source: The template that it follows.
        template: Where the template is read.
        record: What that one is called.
        project: The project's folder.

    Returns:
        What the answers file says, and what the report says of it.
    """
    if record is None or is_same(record, source, project):
        return source, ()
    for place in _lineage(template or source, project):
        if is_same(place, source, project):
            return source, ()
        if is_same(place, record, project):
            break
    name = shown(str(locate(record, project)) if _is_path(record, project) else record)
    return name, (f"The project follows {name} from now on. It followed {shown(source)}.",)


def _lineage(place: str, project: Path) -> Iterator[str]:
    """A place, what it was cloned from, and so on."""
    yield place
    for _ in range(_DEEPEST):
        try:
            folder = locate(place, project)
        except UpdateError:
            return
        if isinstance(folder, str) or not folder.is_dir():
            return
        origin = ""
        with suppress(GitError):
            origin = Git(folder).text("config", "--local", "--get", "remote.origin.url")
        if not origin:
            return
        # A relative one begins at the clone.
        place, project = origin, folder
        with suppress(UpdateError):
            place = str(locate(origin, folder))
        yield place


def _is_path(place: str, project: Path) -> bool:
    with suppress(UpdateError):
        return isinstance(locate(place, project), Path)
    return False
