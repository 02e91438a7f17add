"""What is known about each template: how to generate, install, start and update a project."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..scorecard.description import Description

DESCRIPTIONS = Path(__file__).with_name("descriptions")
OURS = "twelvestar"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """An ordinary edit of a project by its owner.

    Attributes:
        file: The file; it may be new.
        find: Text to replace; empty to append to the file, or to create it.
        text: The new text, which an update must keep.
    """

    file: str
    text: str
    find: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """An update of a project from an older version of its template.

    Attributes:
        old: The older version, as a tag or a commit of the clone.
        command: The documented command; {clone} is the clone.
        edits: Edits of the project before the update.
    """

    old: str
    command: str
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A template.

    Attributes:
        key: Name of its file.
        description: Its generated project.
        about: What it generates, in a few words.
        clone: Name of its clone; empty for this repository.
        url: Where the clone comes from.
        python: Version of Python for its project.
        generate: Documented commands that generate a project in {folder} from {clone}.
        install: Documented commands that install it, in the project's folder.
        instead: What was done in another way than documented, and why, in sentences.
        cannot: Why something cannot be measured, by its name.
        update: Its update; None if it documents none.
    """

    key: str
    description: Description
    about: str
    clone: str = ""
    url: str = ""
    python: str = "3.13"
    generate: tuple[str, ...] = ()
    install: tuple[str, ...] = ()
    instead: tuple[str, ...] = ()
    cannot: Mapping[str, str] = field(default_factory=dict)
    update: Update | None = None


def read_peer(file: Path) -> Peer:
    """Read a description.

    Args:
        file: A file in TOML with the tables `peer`, `project` and perhaps `update`.
    """
    document = tomllib.loads(file.read_text(encoding="utf-8"))
    lists = ("generate", "install", "instead")
    table: dict[str, Any] = {
        name: tuple(value) if name in lists else value for name, value in document["peer"].items()
    }
    return Peer(
        key=file.stem,
        description=Description.of(document["project"]),
        update=_update(document.get("update")),
        **table,
    )


def _update(table: dict[str, Any] | None) -> Update | None:
    if table is None:
        return None
    edits = tuple(Edit(**edit) for edit in table["edits"])
    return Update(old=table["old"], command=table["command"], edits=edits)


def peers(wanted: Sequence[str] = ()) -> list[Peer]:
    """All templates, or some of them; ours is always the first.

    Args:
        wanted: Their keys; empty for all.

    Raises:
        ValueError: When there is no such template.
    """
    found = {file.stem: file for file in sorted(DESCRIPTIONS.glob("*.toml"))}
    if unknown := set(wanted).difference(found):
        raise ValueError(f"there is no {min(unknown)!r}: choose from {', '.join(found)}")
    keys = sorted(wanted or found, key=lambda key: (key != OURS, key))
    return [read_peer(found[key]) for key in keys]


def missing_clones(wanted: Sequence[Peer], folder: Path) -> str:
    """A sentence on the clones that a folder lacks, with the commands that make them.

    Args:
        wanted: The templates.
        folder: The folder of clones.

    Returns:
        The sentence; empty if all are there.
    """
    missing = [peer for peer in wanted if peer.clone and not (folder / peer.clone).is_dir()]
    if not missing:
        return ""
    commands = "; ".join(f"git clone {peer.url} {folder / peer.clone}" for peer in missing)
    clones = "clone" if len(missing) == 1 else "clones"
    return f"{folder} lacks {len(missing)} {clones}, which you make with: {commands}"
