"""A faster Copier worker for many projects, through private parts of Copier.

For each project, Copier reads and compiles the template, collects all answers for each part of each
path, resolves each path, and runs git for each file. `Kept` does the first once for all projects of
a commit of the template, the second once for each project, and the others never: a new folder has
no index, and no symlinks if the template has none.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import CodeType
from typing import TYPE_CHECKING, Any, TypedDict

import copier
import jinja2.environment
from jinja2 import Environment, pass_context
from jinja2.runtime import Context

from extensions.compile_once import CompileOnce

from .answers import Answers

if TYPE_CHECKING:
    from copier._jinja_ext import SandboxedEnvironment

try:
    from copier._main import Worker
    from copier._settings import SettingsModel
    from copier._template import Template
    from copier._tools import scantree
except ImportError:
    AVAILABLE = False
else:
    _PARTS = (
        "_render_context",
        "_render_file",
        "_render_folder",
        "_render_path",
        "_render_string",
        "_render_template",
        "_sync_git_index_executable_bit",
    )
    AVAILABLE = (
        all(callable(getattr(Worker, name, None)) for name in _PARTS)
        and isinstance(getattr(Worker, "answers_relpath", None), property)
        and all(
            isinstance(getattr(owner, name, None), cached_property)
            for owner, name in ((Worker, "jinja_env"), (Worker, "template"), (Template, "vcs"))
        )
    )


class Options(TypedDict):
    """Copier's options for every rendering."""

    defaults: bool
    overwrite: bool
    unsafe: bool
    quiet: bool
    skip_tasks: bool


OPTIONS = Options(defaults=True, overwrite=True, unsafe=True, quiet=True, skip_tasks=True)
# Filters, and methods of jinja2_time's extension, that read the clock.
_CLOCK_FILTERS = ("strftime",)
_CLOCK_METHODS = ("_now", "_datetime")


def user_defaults() -> dict[str, Any]:
    """Default answers in the user's Copier settings, which affect the rendering."""
    return dict(copier.load_settings().defaults)


def answers_of(worker: Any) -> Answers:
    """The answers with which Copier rendered a project.

    Args:
        worker: Copier's worker, which `run_copy` returns.
    """
    return {
        name: value
        for name, value in worker.answers.combined.items()
        if name in worker.template.questions_data and name not in worker.answers.hidden
    }


@dataclass(frozen=True, slots=True)
class Source:
    """A file or folder of the template.

    Attributes:
        path: Its absolute path.
        inside: Its path in the rendered folder.
        is_folder: Whether it is a folder.
    """

    path: Path
    inside: Path
    is_folder: bool


class Kept:
    """Cached objects for rendering one commit of the template; not thread-safe.

    Creating one changes module variables for a moment: only one thread of the process may do it.

    Args:
        template: Folder of the template, outside any repository.
        compiled: Jinja code compiled for this and other commits.
    """

    def __init__(self, template: Path, compiled: Compiled) -> None:
        self.template = Template(url=str(template))
        # It is a plain folder, so Copier need not run git.
        vars(self.template)["vcs"] = None
        self.settings = SettingsModel.from_file()
        self.clock_was_read = False
        self._sources: dict[Path, list[Source] | None] = {}
        with restored_modules():
            self.environment = self._worker(template, {}).new_environment()
        if "from_string" not in vars(self.environment):
            CompileOnce(self.environment)
        self._watch_clock()
        compiled.serve(self.environment, _alike(self.template))

    def render(self, folder: Path, data: Answers) -> tuple[Answers, bool]:
        """Render a project.

        Args:
            folder: A folder with the recorded answers.
            data: New answers.

        Returns:
            The answers, and whether the result is independent of the time.
        """
        self.clock_was_read = False
        with self._worker(folder, data) as worker:
            worker.run_copy()
        return answers_of(worker), not self.clock_was_read

    def sources(self, root: Path) -> Sequence[Source] | None:
        """The files to render, in Copier's order.

        Args:
            root: Folder of it.

        Returns:
            Files and folders; None if there are symlinks, which Copier handles itself.
        """
        if root not in self._sources:
            found = list(scantree(str(root), True))
            self._sources[root] = (
                None
                if any(each.is_symlink() for each in found)
                else [
                    Source(
                        Path(each.path).relative_to(self.template.local_abspath),
                        Path(each.path).relative_to(root),
                        each.is_dir(),
                    )
                    for each in found
                ]
            )
        return self._sources[root]

    def _worker(self, folder: Path, data: Answers) -> _Worker:
        worker = _Worker(
            src_path=self.template.url,
            dst_path=folder,
            data=data,
            settings=self.settings,
            **OPTIONS,
        )
        worker.kept = self
        worker._texts = {}
        return worker

    def _watch_clock(self) -> None:
        for name in _CLOCK_FILTERS:
            if name in self.environment.filters:
                function = self.environment.filters[name]
                # Filters with a context are not evaluated at compile time.
                self.environment.filters[name] = pass_context(self._noting(function))
        for extension in self.environment.extensions.values():
            for name in _CLOCK_METHODS:
                if method := getattr(extension, name, None):
                    setattr(extension, name, self._noting(method))

    def _noting(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def note(*arguments: Any, **options: Any) -> Any:
            self.clock_was_read = True
            if arguments and isinstance(arguments[0], Context):
                arguments = arguments[1:]
            return function(*arguments, **options)

        return note


class Compiled:
    """Compiled texts, shared by commits for which Jinja compiles the same code."""

    def __init__(self) -> None:
        self._of: dict[str, dict[tuple[str, str | None], CodeType]] = {}

    def serve(self, environment: Environment, alike: str) -> None:
        """Let an environment use this cache for compiled code.

        Args:
            environment: The environment.
            alike: A key that is equal for environments that compile the same code.
        """
        known = self._of.setdefault(alike, {})
        compile_anew = environment.compile

        def compile_once(source: Any, name: str | None = None, *others: Any, **options: Any) -> Any:
            if options or not isinstance(source, str):
                return compile_anew(source, name, *others, **options)
            if (code := known.get((source, name))) is None:
                code = known[source, name] = compile_anew(source, name, *others)
            return code

        environment.compile = compile_once  # type: ignore[method-assign]


def _alike(template: Template) -> str:
    """Hash everything that Jinja's compiler depends on: settings, and all files of extensions."""
    digest = hashlib.sha256(repr((template.envops, template.jinja_extensions)).encode())
    folders = {
        template.local_abspath / Path(name.partition(":")[0]).parent
        for name in template.jinja_extensions
        if ":" in name
    }
    for folder in sorted(folders):
        for path in sorted(folder.rglob("*.py")):
            digest.update(f"\0{path.relative_to(template.local_abspath)}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


@contextmanager
def restored_modules() -> Iterator[None]:
    """Restore module variables that loading the template's extensions changes."""
    module, hook = vars(jinja2.environment), sys.excepthook
    import_string = module["import_string"]
    try:
        yield
    finally:
        module["import_string"] = import_string
        sys.excepthook = hook


if AVAILABLE:

    class _Worker(Worker):
        """A Copier worker that uses the cached objects."""

        kept: Kept
        _texts: dict[str, str]
        _context: Mapping[str, Any] | None = None
        _answers_path: Path | None = None

        @cached_property
        def template(self) -> Template:
            return self.kept.template

        @cached_property
        def jinja_env(self) -> SandboxedEnvironment:
            return self.kept.environment

        def new_environment(self) -> SandboxedEnvironment:
            environment: SandboxedEnvironment = vars(Worker)["jinja_env"].func(self)
            return environment

        @property
        def answers_relpath(self) -> Path:
            # Copier changes the context for it.
            context, self._context = self._context, None
            try:
                path = self._answers_path or super().answers_relpath
            finally:
                self._context = context
            if context is not None:
                self._answers_path = path
            return path

        def _render_context(self) -> Any:
            return super()._render_context() if self._context is None else self._context

        def _render_template(self) -> None:
            # All questions are answered now.
            self._context = super()._render_context()
            sources = self.kept.sources(self.template_copy_root)
            if sources is None:
                super()._render_template()
                return
            for source in sources:
                for target, extra in self._render_path(source.inside):
                    if target.is_absolute() or ".." in target.parts:
                        raise ValueError(f"{target} is outside of the project")
                    if self.match_exclude(target):
                        continue
                    if source.is_folder:
                        self._render_folder(target)
                    else:
                        self._render_file(source.path, target, extra_context=extra or {})

        def _render_string(self, string: str, extra_context: dict[str, Any] | None = None) -> str:
            # Tags may have side effects, so their results are not cached.
            tag = self.jinja_env.block_start_string
            if self._context is None or extra_context or tag in string:
                return super()._render_string(string, extra_context)
            if (text := self._texts.get(string)) is None:
                text = self._texts[string] = super()._render_string(string)
            return text

        def _sync_git_index_executable_bit(self, dst_relpath: Path, src_mode: int) -> None:
            """Do nothing: there is no index."""
