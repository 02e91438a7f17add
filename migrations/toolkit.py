"""What migrations are written with.

A migration that is decorated with `before` prepares the merge. What it does, it does to the project
and to what the template made of the project the last time, so that the merge sees only what people
changed. One that is decorated with `after` works on the result. All of it happens beside the
project: a migration that fails leaves the project as it was.
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
        store: Where contents are.
        rendered: What the template made of the project the last time.
        project: The project's files.
        answers: The answers of the last time.
        moves: Files that were renamed, old to new.
        moved_answers: Questions that were renamed, old to new.
        new_answers: Questions that are new, with the answers that change nothing.
        reasons: Why files are dropped, and what to do with an edited one.
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
        """Move a file, so that the project's edits of it go along.

        A file that the project has at the new name already stays there, and so does the old one.

        Args:
            old: Where the template had it.
            new: Where the template has it now.
        """
        for files in (self.rendered, self.project):
            if old in files and new not in files:
                files[new] = files.pop(old)
        self.moves[old] = new

    def remove(self, path: str, why: str) -> None:
        """Say why the template drops a file.

        The merge removes an untouched one and keeps an edited one.

        Args:
            path: The file.
            why: The reason, and what to do with an edited one.
        """
        self.reasons[path] = why

    def move_answer(self, old: str, new: str) -> None:
        """Carry an answer over to a question of another name.

        Args:
            old: What the question was called.
            new: What it is called.
        """
        if old in self.answers:
            answer = self.answers.pop(old)
            self.answers.setdefault(new, answer)
            self.moved_answers[old] = new

    def answer(self, question: str, answer: Any) -> None:
        """Answer a new question for a project that is there already.

        Without it the project would get what a new one gets, and a part that nobody asked for.

        Args:
            question: The question.
            answer: The answer that leaves the project as it is.
        """
        if question not in self.answers:
            self.answers[question] = self.new_answers[question] = answer

    def map_answer(self, question: str, values: Mapping[Any, Any]) -> None:
        """Give an answer its new value.

        Args:
            question: The question.
            values: New values by the old ones; others stay.
        """
        if question in self.answers:
            answer = self.answers[question]
            self.answers[question] = values.get(answer, answer)

    def edit_toml(self, path: str, edit: Callable[[TOMLDocument], None]) -> None:
        """Edit a TOML file on both sides of the merge; comments stay.

        A file that the project has made invalid is left to the merge.

        Args:
            path: The file.
            edit: Changes the document. Doing it twice must be the same as doing it once.

        Raises:
            UpdateError: When tomlkit is not installed.
        """
        try:
            import tomlkit
            from tomlkit.exceptions import ParseError
        except ImportError as error:
            raise UpdateError(
                "This update edits TOML files: install tomlkit beside Copier "
                "(`uvx --with tomlkit ...`, `pipx inject copier tomlkit`), and update again."
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
        store: Where contents are.
        previous: The project's files as they were.
        project: The project's files as they will be, conflicts marked.
        folder: A new folder to lock in.
        remarks: What the report says besides.
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
    """Register a migration that works on what was merged.

    Args:
        release: The release that needs it; None for every update.
    """
    version = None if release is None else Version(release)
    return lambda function: _registered(_after, version, function)


def run_before(old: Version, new: Version, project: Before) -> None:
    """Run what prepares the merge.

    Args:
        old: The release that the project has.
        new: The release that it gets.
        project: The project.

    Raises:
        UpdateError: When a migration fails.
    """
    _run(_before, old, new, project)


def run_after(old: Version, new: Version, project: After) -> None:
    """Run what works on what was merged.

    Args:
        old: The release that the project had.
        new: The release that it gets.
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
    # What every update needs comes last, when the releases have done theirs.
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
