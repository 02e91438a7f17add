"""The report of an update, as text and JSON."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, field
from typing import Any

from .errors import Status

_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Release:
    """A release, before or after an update.

    Attributes:
        version: The release.
        commit: The template's commit.
    """

    version: str
    commit: str


@dataclass(frozen=True, slots=True)
class Move:
    """A file that the template renamed.

    Attributes:
        old: Its old path.
        new: Its new path.
        edited: Whether the project had changed it; the changes are kept.
    """

    old: str
    new: str
    edited: bool


@dataclass(frozen=True, slots=True)
class Conflict:
    """A file with lines that both sides changed.

    Attributes:
        path: The file.
        lines: Line numbers of the conflict markers, from 1.
    """

    path: str
    lines: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """A file that the template removed and the project had changed.

    Attributes:
        path: The file.
        why: Why it was removed, and what to do with it.
    """

    path: str
    why: str


@dataclass(frozen=True, slots=True)
class Improved:
    """A seeded file that the template has improved since.

    Attributes:
        path: The file.
        diff: What changed in the template, as a unified diff. It is not applied.
    """

    path: str
    diff: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A changed answer.

    Attributes:
        question: Its question.
        old: The old answer; None for a new question.
        new: The new answer; None for a removed question.
    """

    question: str
    old: Any
    new: Any


@dataclass(frozen=True, slots=True)
class Report:
    """What an update did, or with `preview` would do.

    Attributes:
        old: The release that the project had.
        new: The release that it has now.
        preview: Whether nothing was changed.
        commit: The commit that was made; None where changes are staged, or there are none.
        notes: Release notes since the old release, by version, latest first.
        added: New files.
        changed: Files with other contents.
        removed: Deleted files.
        moved: Files that the template renamed.
        merged: Of these, files that both sides had changed in different places.
        conflicts: Files in which both sides changed the same lines.
        kept: Files that the template removed and the project had changed.
        left_deleted: Files that the project had deleted and the template changed.
        improved: Seeded files that the template has improved since.
        answers: Changed answers.
        remarks: Other messages.
        next: Next steps for the user, in order.
        undo: The command that undoes it.
    """

    old: Release
    new: Release
    preview: bool = False
    commit: str | None = None
    notes: dict[str, str] = field(default_factory=dict)
    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    moved: tuple[Move, ...] = ()
    merged: tuple[str, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    kept: tuple[Kept, ...] = ()
    left_deleted: tuple[str, ...] = ()
    improved: tuple[Improved, ...] = ()
    answers: tuple[Answer, ...] = ()
    remarks: tuple[str, ...] = ()
    next: tuple[str, ...] = ()
    undo: str | None = None

    @property
    def status(self) -> Status:
        """Exit status of the command."""
        return Status.CONFLICTS if self.conflicts else Status.CLEAN

    @property
    def is_empty(self) -> bool:
        """Whether only the recorded release changes, and there is nothing to report on files."""
        changes = (self.added, self.changed, self.removed, self.moved, self.merged, self.conflicts)
        return not any((*changes, self.kept, self.left_deleted))

    def commit_title(self) -> str:
        """Title of the commit that an update makes."""
        if self.old.commit == self.new.commit:
            return "Change Twelvestar's answers"
        return f"Update from Twelvestar {self._ends()}"

    def to_json(self) -> str:
        """The report as a JSON document."""
        document = {"status": int(self.status), **asdict(self)}
        text = json.dumps(document, indent=2, ensure_ascii=False, default=str)
        # File names may not be valid UTF-8.
        return _SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)

    def to_text(self) -> str:
        """The report as text."""
        sections = [self._title()]
        sections += [f"Release {name}\n\n{_indented(text)}" for name, text in self.notes.items()]
        for title, lines in self._lists():
            if lines:
                sections.append("\n".join([title, *(f"  {line}" for line in lines)]))
        for improved in self.improved:
            title = (
                f"{improved.path} is yours and was not changed. The template has a newer "
                "version; apply what you "
            )
            sections.append(f"{title}like:\n\n{_indented(improved.diff)}")
        if self.next:
            steps = [f"  {number}. {step}" for number, step in enumerate(self.next, start=1)]
            sections.append("\n".join(["Next:", *steps]))
        if self.undo:
            sections.append(f"To undo the update: {self.undo}")
        return "\n\n".join(sections)

    def _ends(self) -> str:
        if self.old.version != self.new.version:
            return f"{self.old.version} to {self.new.version}"
        if self.old.commit != self.new.commit:
            return f"{self.old.version} ({self.old.commit[:8]} to {self.new.commit[:8]})"
        return self.new.version

    def _title(self) -> str:
        ends = self._ends()
        if self.is_empty:
            return f"Twelvestar {ends}: no file changes."
        return f"Twelvestar {ends}{' (preview: nothing was changed)' if self.preview else ''}"

    def _lists(self) -> list[tuple[str, list[str]]]:
        places = [
            f"{conflict.path}:{line}" if line else conflict.path
            for conflict in self.conflicts
            for line in (conflict.lines or (0,))
        ]
        edited = "  (with your edits)"
        moved = [f"{m.old} -> {m.new}{edited if m.edited else ''}" for m in self.moved]
        answers = [
            f"{a.question}: {a.new}  (new)"
            if a.old is None
            else f"{a.question}: {a.old}  (no longer asked)"
            if a.new is None
            else f"{a.question}: {a.new}  (was {a.old})"
            for a in self.answers
        ]
        return [
            ("CONFLICTS: you and the template changed the same lines:", places),
            ("Kept because you edited them, although the template removed them:",
             [f"{kept.path}: {kept.why}" for kept in self.kept]),
            ("Changed by you and by the template, and merged:", list(self.merged)),
            ("Left deleted, because you deleted them, although the template changed them:",
             list(self.left_deleted)),
            ("Renamed:", moved),
            ("Added:", list(self.added)),
            ("Removed:", list(self.removed)),
            ("Changed:", list(self.changed)),
            ("Answers:", answers),
            ("Remarks:", list(self.remarks)),
        ]  # fmt: skip


def _indented(text: str) -> str:
    return "\n".join(f"  {line}".rstrip() for line in text.splitlines())
