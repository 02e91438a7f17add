"""People, a template and updates in random order, and one invariant.

After an update, every line, file and commit of a person still exists, or the update was refused and
nothing has changed.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from updating import apply, compute, writer
from updating import update as updating
from updating.end import End
from updating.errors import UpdateError
from updating.interrupted import undo
from updating.plan import PLAN
from updating.report import Report
from updating.shared import Shared
from updating.update import update

from .published import commit_all, git_in
from .test_obstacles import FOLDER, whole
from .test_writing import failing_at

QUESTIONS = """\
_subdirectory: template
_answers_file: .copier-answers.yml
_envops:
  undefined: jinja2.StrictUndefined
  keep_trailing_newline: true
_exclude:
  - "{{ '/yours' if _copier_operation == 'update' }}"
  - "{{ '/deploy' if not part }}"
part:
  type: bool
  default: false
"""
ANSWERS = "# What this project was generated from.\n{{ _copier_answers | to_nice_yaml }}"
FILES = ("a.txt", "b.txt", "docs/c.txt", "yours/d.txt", "deploy/e.txt", "deploy/deep/f.txt")
# Paths that both a person and a release can use.
PLACES = ("deploy", "deploy/e.txt", "deploy/deep", "new", "new/1.txt", "new2.txt", "docs/new")
NEW = ("new/1.txt", "new2.txt", "docs/new", "docs/new3/deep.txt", "docs")
LINES = 12
STEPS = 10


def numbered(name: str) -> str:
    """A file of many lines."""
    return "".join(f"line {number} of {name}\n" for number in range(LINES))


@dataclass
class Kept:
    """Everything that an update must keep.

    Attributes:
        lines: Lines that people wrote.
        files: Untracked files, with their contents.
        commits: Commits of people.
    """

    lines: set[str] = field(default_factory=set)
    files: dict[str, object] = field(default_factory=dict)
    commits: set[str] = field(default_factory=set)


class Machine(RuleBasedStateMachine):
    """A project, its template, and a person with a colleague."""

    common: Shared

    def __init__(self) -> None:
        super().__init__()
        self.scratch = Path(tempfile.mkdtemp(prefix="machine-"))
        self.template = self.scratch / "template"
        self.project = self.scratch / "project"
        self.kept = Kept()
        self.number = 0
        self.release_number = 0
        self.colleague = False
        self.last: tuple[Report, dict[str, object]] | None = None

    def teardown(self) -> None:
        """Remove all folders."""
        shutil.rmtree(self.scratch)

    @initialize(part=st.booleans())
    def generate(self, part: bool) -> None:
        """Publish a first release, and generate a project of it."""
        for name in FILES:
            self._write_template(name, numbered(name))
        (self.template / "template" / "{{ _copier_conf.answers_file }}.jinja").write_text(ANSWERS)
        (self.template / "extensions").mkdir()
        (self.template / "extensions" / "nothing.py").write_text("")
        (self.template / "copier.yml").write_text(QUESTIONS)
        git_in(self.template).run("init", "--quiet", "--initial-branch", "main")
        self._release()
        self.project.mkdir()
        git_in(self.project).run("init", "--quiet", "--initial-branch", "main")
        answers = f"_commit: 9.0.1\n_src_path: {self.template}\npart: {str(part).lower()}\n"
        (self.project / ".copier-answers.yml").write_text(answers)
        for name in FILES:
            if part or not name.startswith("deploy"):
                self._write(name, numbered(name))
        self.kept.commits.add(commit_all(self.project))

    # Actions of people

    @rule(
        what=st.sampled_from(
            ["edit", "paste crlf", "leave uncommitted", "commit", "rename", "delete", "write crlf"]
        ),
        file=st.integers(0, 99),
        at=st.integers(0, LINES),
    )
    def work(self, what: str, file: int, at: int) -> None:
        """A person edits a tracked file."""
        path = self._tracked(file)
        if what in ("edit", "paste crlf", "leave uncommitted"):
            end = "\r\n" if what == "paste crlf" else "\n"
            self._insert(path, at, end)
        elif what == "rename":
            self.number += 1
            new = path.with_name(f"renamed-{self.number}.txt")
            git_in(self.project).run("mv", str(path), str(new))
        elif what == "delete":
            text = path.read_bytes().decode("latin-1")
            path.unlink()
            self.kept.lines = {line for line in self.kept.lines if line not in text}
        elif what == "write crlf":
            plain = path.read_bytes().replace(b"\r\n", b"\n")
            path.write_bytes(plain.replace(b"\n", b"\r\n"))
        self.last = None
        if what != "leave uncommitted":
            self._commit()

    @rule(
        place=st.sampled_from(PLACES),
        kind=st.sampled_from(["file", "link", "folder"]),
        known=st.sampled_from(["ignored", "untracked", "tracked"]),
    )
    def put(self, place: str, kind: str, known: str) -> None:
        """A person creates something at a path that a release may use, too."""
        path = self.project / place
        parents = [parent for parent in path.parents if parent.is_relative_to(self.project)]
        if os.path.lexists(path) or any(
            parent.is_symlink() or parent.is_file() for parent in parents
        ):
            return
        line = self._line()
        path.parent.mkdir(parents=True, exist_ok=True)
        if kind == "link":
            path.symlink_to(line)
        elif kind == "folder":
            path.mkdir()
            (path / "mine.txt").write_text(f"{line}\n")
        else:
            path.write_text(f"{line}\n")
        self.last = None
        if known == "tracked":
            git_in(self.project).run("add", "--force", "--", place)
            self.kept.lines.add(line)
            self._commit()
        elif known == "ignored":
            exclude = self.project / ".git" / "info" / "exclude"
            exclude.parent.mkdir(exist_ok=True)
            with exclude.open("a") as names:
                names.write(f"/{place}\n")

    @rule(
        what=st.sampled_from(["change", "add", "drop"]),
        file=st.sampled_from((*FILES, *NEW)),
        at=st.integers(0, LINES - 1),
    )
    def release(self, what: str, file: str, at: int) -> None:
        """The template releases a changed file, a new one, or the removal of one."""
        path = self.template / "template" / file
        if what == "change" and path.is_file():
            lines = path.read_text().splitlines(keepends=True)
            lines[at % len(lines)] = f"of release {self.release_number + 1}\n"
            path.write_text("".join(lines))
        elif what == "add" and not any(parent.is_file() for parent in (path, *path.parents)):
            if path.is_dir():
                shutil.rmtree(path)
            self._write_template(file, f"new in release {self.release_number + 1}\n")
        elif what == "drop" and path.is_file():
            path.unlink()
        else:
            return
        self._release()

    # Updates

    @rule(commit=st.booleans(), part=st.sampled_from([None, True, False]), colleague=st.booleans())
    def update(self, commit: bool, part: bool | None, colleague: bool) -> None:
        """Update, perhaps with a new answer, and perhaps while a colleague commits."""
        self.colleague = colleague
        with self._check_invariant() as before, self._meanwhile():
            report = update(self.project, data=_data(part), commit=commit, shared=self.common)
            self.last = None if colleague else (report, before)
            self._expect(report)

    @rule(part=st.sampled_from([None, True, False]))
    def preview(self, part: bool | None) -> None:
        """Preview an update."""
        before = state(self.project)
        with suppress(UpdateError):
            update(self.project, data=_data(part), preview=True, shared=self.common)
        assert state(self.project) == before

    @precondition(lambda self: self.last is not None and self.last[0].undo)
    @rule()
    def undo(self) -> None:
        """Undo the last update."""
        assert self.last is not None
        report, before = self.last
        self.last = None
        if report.commit or state(self.project)["HEAD"] == before["HEAD"]:
            git_in(self.project).run(*str(report.undo).split()[1:])
            assert state(self.project) == before

    @rule(step=st.integers(0, STEPS), part=st.sampled_from([None, True, False]), by=st.booleans())
    def kill(self, step: int, part: bool | None, by: bool) -> None:
        """Kill an update while it writes; then undo it, or update again."""
        with self._check_invariant():
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(writer, "move", failing_at(step, _Killed))
                try:
                    update(self.project, data=_data(part), shared=self.common)
                except _Killed:
                    assert (self.project / ".git" / PLAN).exists()
                else:
                    # It had fewer steps, and may have left conflicts.
                    return
            if by:
                undo(self.project)
            update(self.project, data=_data(part), shared=self.common)

    # The invariant

    @contextmanager
    def _check_invariant(self) -> Iterator[dict[str, object]]:
        before = state(self.project)
        unknown = self._unknown_files()
        try:
            yield before
        except UpdateError:
            now = state(self.project)
            if self.kept.commits <= self._commits() and now["HEAD"] != before["HEAD"]:
                # The commit of the colleague.
                assert {**now, "HEAD": 0, "index": 0} == {
                    **before,
                    "HEAD": 0,
                    "index": 0,
                    **{name: now[name] for name in now if name.startswith("colleague")},
                }
            else:
                assert now == before
        finally:
            git = git_in(self.project)
            if git.text("ls-files", "--unmerged"):
                commit_all_tracked(self.project)
        found = state(self.project)
        for name, content in unknown.items():
            assert found.get(name) == content, f"lost: {name}"
        texts = "".join(str(each[1]) for each in found.values() if isinstance(each, tuple))
        lost = {line for line in self.kept.lines if line not in texts}
        assert not lost, f"lost: {lost}"
        assert self.kept.commits <= self._commits(), "lost: a commit"

    def _expect(self, report: Report) -> None:
        git = git_in(self.project)
        if report.commit:
            assert git.text("rev-parse", "HEAD") == report.commit
            assert not git.text("status", "--porcelain", "--untracked-files=no")
            again = update(self.project, shared=self.common)
            assert again.is_empty
            assert again.commit is None

    def _unknown_files(self) -> dict[str, object]:
        git = git_in(self.project)
        known = set(git.raw("ls-files", "-z").decode().split("\0"))
        return {
            name: each
            for name, each in state(self.project).items()
            if isinstance(each, tuple) and each[1] is not None and name not in known
        }

    def _commits(self) -> set[str]:
        return set(git_in(self.project).text("rev-list", "HEAD").split())

    # Steps

    @contextmanager
    def _meanwhile(self) -> Iterator[None]:
        computed = compute.compute

        def computing(*arguments: object, **named: object) -> object:
            outcome = computed(*arguments, **named)  # type: ignore[arg-type]
            if self.colleague:
                self.colleague = False
                line = self._line()
                name = f"colleague-{line}.txt"
                (self.project / name).write_text(line)
                self.kept.lines.add(line)
                git = git_in(self.project)
                git.run("add", name)
                git.run("commit", "--quiet", "--message", "A colleague's")
                self.kept.commits.add(git.text("rev-parse", "HEAD"))
            return outcome

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(updating, "compute", computing)
            yield

    def _insert(self, path: Path, at: int, end: str) -> None:
        line = self._line()
        lines = path.read_bytes().decode("latin-1").splitlines(keepends=True)
        lines.insert(at, f"{line}{end}")
        path.write_bytes("".join(lines).encode("latin-1"))
        self.kept.lines.add(line)

    def _line(self) -> str:
        self.number += 1
        return f"mine-{self.number}-"

    def _tracked(self, number: int) -> Path:
        git = git_in(self.project)
        names = git.raw("ls-files", "-z", "--", ":!.copier-answers.yml").decode().split("\0")[:-1]
        paths = [self.project / name for name in names]
        files = [path for path in paths if path.is_file() and not path.is_symlink()]
        if not files:
            self._write("again.txt", numbered("again.txt"))
            git.run("add", "again.txt")
            self._commit()
            return self.project / "again.txt"
        return files[number % len(files)]

    def _commit(self) -> None:
        self.kept.commits.add(commit_all_tracked(self.project))
        self.last = None

    def _write(self, name: str, text: str) -> None:
        path = self.project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def _write_template(self, name: str, text: str) -> None:
        path = self.template / "template" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def _release(self) -> None:
        self.release_number += 1
        version = f"9.0.{self.release_number}"
        declaration = f'[project]\nname = "twelvestar"\nversion = "{version}"\n'
        (self.template / "pyproject.toml").write_text(declaration)
        commit_all(self.template, f"Release {version}")
        git_in(self.template).run("tag", version)


class _Killed(BaseException):
    """A simulated `kill -9`."""


def _data(part: bool | None) -> dict[str, bool]:
    return {} if part is None else {"part": part}


def state(project: Path) -> dict[str, object]:
    """Everything in a project except empty folders, which git may remove or leave.

    Args:
        project: The project.
    """
    return {name: each for name, each in whole(project).items() if each != FOLDER}


def in_this_process(task: str, *places: Path) -> End:
    """Write or undo a plan in this process, in which a test can inject faults."""
    return writer.perform(task, *places)


def commit_all_tracked(folder: Path) -> str:
    """Commit all changes of tracked files.

    Args:
        folder: The repository.
    """
    git = git_in(folder)
    git.run("commit", "--quiet", "--no-verify", "--allow-empty", "--all", "--message", "Edit")
    return git.text("rev-parse", "HEAD")


@contextmanager
def in_one_process() -> Iterator[None]:
    """Let updates write in this process, which is faster and allows to inject faults."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(apply, "_in_separate_process", in_this_process)
        yield
