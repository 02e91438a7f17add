"""The template to record: a fork is recorded, another copy of the same template is not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from .errors import UpdateError
from .git import Git, GitError
from .places import is_same, locate, shown

# Limit for chains of clones, which ends the search if two repositories point to each other.
_DEEPEST = 8


def name_to_record(places: list[str], project: Path) -> str | None:
    """Find the location of the template that the user gave.

    A project's script clones the template and passes the clone as the last `--template`; the user's
    own `--template`, if any, is the first.

    Args:
        places: Values of `--template`, in order.
        project: The project's folder.

    Returns:
        A location; None if none was given.

    Raises:
        UpdateError: When the script has fetched another template.
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
    """Choose the template to record after an update.

    Args:
        source: The recorded location.
        template: The location from which the template is read.
        record: The location to record.
        project: The project's folder.

    Returns:
        The location for the answers file, and remarks for the report.
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
    """A location, the origin that it was cloned from, and so on."""
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
        # A relative path starts at the clone.
        place, project = origin, folder
        with suppress(UpdateError):
            place = str(locate(origin, folder))
        yield place


def _is_path(place: str, project: Path) -> bool:
    with suppress(UpdateError):
        return isinstance(locate(place, project), Path)
    return False
