"""Functions for writing migrations.

A migration decorated with `before` prepares the merge. It changes the project and the old rendering
alike, so that the merge only sees people's changes. One decorated with `after` works on the result.
Migrations work on copies: if one fails, the project is unchanged.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any, TypeVar

from packaging.version import Version

from updating.errors import Status, UpdateError
from updating.line_ends import as_in, plain
from updating.merge import marked_lines
from updating.trees import Entry, Store

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

Files = dict[str, Entry]
_Function = TypeVar("_Function", bound=Callable[..., None])


@dataclass(slots=True)
class Before:
    """A project before the merge.

    Attributes:
        store: Store with the contents of files.
        rendered: The old rendering.
        project: The project's files.
        answers: The recorded answers.
        moves: Files that were renamed, old to new.
        moved_answers: Questions that were renamed, old to new.
        new_answers: New questions, with the answers that change nothing.
        reasons: Why files are removed, and what to do with an edited one.
    """

    store: Store
    rendered: Files
    project: Files
    answers: dict[str, Any]
    moves: dict[str, str] = field(default_factory=dict)
    moved_answers: dict[str, str] = field(default_factory=dict)
    new_answers: dict[str, Any] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)

    @property
    def package(self) -> str:
        """Folder of the project's package, such as `src/orbit`."""
        return f"src/{self.answers['package_name']}"

    def rename(self, old: str, new: str) -> None:
        """Move a file together with the project's edits.

        If the project already has a file with the new name, both files stay.

        Args:
            old: Its old path in the template.
            new: Its new path.
        """
        for files in (self.rendered, self.project):
            if old in files and new not in files:
                files[new] = files.pop(old)
        self.moves[old] = new

    def remove(self, path: str, why: str) -> None:
        """Give the reason why the template removes a file.

        The merge deletes an untouched file and keeps an edited one.

        Args:
            path: The file.
            why: The reason, and what to do with an edited one.
        """
        self.reasons[path] = why

    def move_answer(self, old: str, new: str) -> None:
        """Move an answer to a renamed question.

        Args:
            old: The old name of the question.
            new: Its new name.
        """
        if old in self.answers:
            answer = self.answers.pop(old)
            self.answers.setdefault(new, answer)
            self.moved_answers[old] = new

    def answer(self, question: str, answer: Any) -> None:
        """Answer a new question for existing projects.

        Otherwise the project would get the default for new projects, and perhaps an unwanted part.

        Args:
            question: The question.
            answer: The answer that does not change the project.
        """
        if question not in self.answers:
            self.answers[question] = self.new_answers[question] = answer

    def map_answer(self, question: str, values: Mapping[Any, Any]) -> None:
        """Rename a choice.

        Args:
            question: The question.
            values: New values by old value; other values stay.
        """
        if question in self.answers:
            answer = self.answers[question]
            self.answers[question] = values.get(answer, answer)

    def edit_toml(self, path: str, edit: Callable[[TOMLDocument], None]) -> None:
        """Edit a TOML file on both sides of the merge; comments are kept.

        If the project's file is invalid, it is left to the merge.

        Args:
            path: The file.
            edit: Changes the document. It must be idempotent.

        Raises:
            UpdateError: When tomlkit is not installed.
        """
        try:
            import tomlkit
            from tomlkit.exceptions import ParseError
        except ImportError as error:
            raise UpdateError(
                "This update edits TOML files: install tomlkit into Copier's environment (`uvx "
                "--with tomlkit ...`, `pipx inject copier tomlkit`), and update again."
            ) from error
        edited = {}
        for files in (self.rendered, self.project):
            if path in files:
                content = self.store.read(files[path].blob)
                try:
                    document = tomlkit.parse(plain(content).decode())
                except (ParseError, UnicodeDecodeError):
                    return
                edit(document)
                text = as_in(tomlkit.dumps(document).encode(), content)
                edited[id(files)] = Entry(files[path].mode, self.store.blob(text))
        for files in (self.rendered, self.project):
            if path in files:
                files[path] = edited[id(files)]


@dataclass(slots=True)
class After:
    """A project after the merge.

    Attributes:
        store: Store with the contents of files.
        previous: The project's files before the update.
        project: The merged files, with conflict markers.
        folder: A temporary folder for locking.
        remarks: Remarks for the report.
    """

    store: Store
    previous: Files
    project: Files
    folder: Path
    remarks: list[str] = field(default_factory=list)

    def has_conflict(self, path: str) -> bool:
        """Whether a file has conflict markers.

        Args:
            path: The file.
        """
        entry = self.project.get(path)
        return entry is not None and bool(marked_lines(self.store.read(entry.blob)))


BeforeFunction = Callable[[Before], None]
AfterFunction = Callable[[After], None]


@dataclass(frozen=True, slots=True)
class _Step:
    release: Version | None
    function: Callable[[Any], None]


_before: list[_Step] = []
_after: list[_Step] = []


def before(release: str) -> Callable[[BeforeFunction], BeforeFunction]:
    """Register a migration that prepares the merge.

    Args:
        release: The release that needs it.
    """
    return lambda function: _registered(_before, Version(release), function)


def after(release: str | None = None) -> Callable[[AfterFunction], AfterFunction]:
    """Register a migration that works on the result of the merge.

    Args:
        release: The release that needs it; None for every update.
    """
    version = None if release is None else Version(release)
    return lambda function: _registered(_after, version, function)


def run_before(old: Version, new: Version, project: Before) -> None:
    """Run the migrations before the merge.

    Args:
        old: The release that the project has.
        new: The release to update to.
        project: The project.

    Raises:
        UpdateError: When a migration fails.
    """
    _run(_before, old, new, project)


def run_after(old: Version, new: Version, project: After) -> None:
    """Run the migrations after the merge.

    Args:
        old: The release that the project had.
        new: The release to update to.
        project: The project.

    Raises:
        UpdateError: When a migration fails.
    """
    _run(_after, old, new, project)


def _registered(steps: list[_Step], release: Version | None, function: _Function) -> _Function:
    steps.append(_Step(release, function))
    return function


def _run(steps: list[_Step], old: Version, new: Version, project: Before | After) -> None:
    _load()
    chosen = [step for step in steps if step.release is None or old < step.release <= new]
    # Migrations of every update run last, after those of releases.
    for step in sorted(chosen, key=lambda step: (step.release is None, step.release or new)):
        try:
            step.function(project)
        except UpdateError:
            raise
        except Exception as error:
            raise UpdateError(
                f"The migration {step.function.__name__} of release {step.release or new} failed, "
                f"and nothing was changed: {type(error).__name__}: {error}",
                Status.FAILED,
            ) from error


def _load() -> None:
    package = import_module(__package__)
    for module in iter_modules(package.__path__):
        import_module(f"{__package__}.{module.name}")
