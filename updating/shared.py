"""Caches that the updates of many projects share."""

from __future__ import annotations

import hashlib
import json
import platform
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

from . import hooks
from .answers import ANSWERS_FILE, Answers, Origin, as_copier_reads, parse
from .checkout import Checkout, Known
from .errors import Status, UpdateError
from .git import Git, GitError
from .places import locate
from .rendering import Renderer
from .renders import Render, Renders
from .scratch import Scratch
from .template import Template

# Caches for rendering a commit take about 10 MB of memory, and a rendering less than 0.1 MB.
_RENDERERS, _RENDERS = 4, 32
# Inputs of a rendering, besides the template and the answers.
_PROGRAMS = (
    "copier",
    "copier-template-extensions",
    "jinja2",
    "jinja2-ansible-filters",
    "jinja2-time",
    "pyyaml",
)
# Version of the cache format; a change invalidates older renderings.
_FORM = 1


class Shared:
    """Caches commits of the template and renderings for many updates.

    Pass the same one to all updates of a process, also in several threads, and close it at the end.
    It does not change the result of an update.

    Args:
        renders: A folder for renderings that are kept after the process ends, for other processes
            and the next release. It can be deleted whenever no update runs.
        folder: A folder for temporary files; by default a new one, in memory if there is room.
    """

    def __init__(self, *, renders: Path | None = None, folder: Path | None = None) -> None:
        self._scratch = Scratch() if folder is None else None
        self.folder = self._scratch.folder if self._scratch else cast("Path", folder)
        self._renders = Renders(renders or self.folder / "renders", lasting=renders is not None)
        self._lock = threading.Lock()
        self._commits: dict[str, Known] = {}
        self._renderers: OrderedDict[str, Known] = OrderedDict()
        self._recent: OrderedDict[str, Render] = OrderedDict()
        self._compiled = hooks.Compiled()
        self._fetching = threading.Lock()
        self._templates: dict[str, tuple[Template, str]] = {}
        self._constant: list[object] = []

    def __enter__(self) -> Self:
        """Enter the context."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Leave the context."""
        self.close()

    def close(self) -> None:
        """Free the memory and remove the folder; no update may be running."""
        with self._lock:
            self._recent.clear()
            self._commits.clear()
            self._renderers.clear()
        if self._scratch:
            self._scratch.close()

    def work_folder(self) -> AbstractContextManager[str]:
        """Provide a temporary folder for one update."""
        return tempfile.TemporaryDirectory(prefix="update-", dir=self.folder)

    def template(self, source: str, project: Path, name: str | None = None) -> Template:
        """A template; read again only after new commits.

        A URL is fetched once.

        Args:
            source: Its location.
            project: Folder for a relative path.
            name: Its location for messages, if the source is only a copy.

        Raises:
            UpdateError: When it cannot be fetched or read.
        """
        place = locate(source, project)
        with self._fetching:
            state = _state(place) if isinstance(place, Path) else ""
            template, known = self._templates.get(str(place), (None, None))
            if template is None or state != known:
                fetched = self.folder / f"fetched-{len(self._templates)}"
                fetched.mkdir(exist_ok=True)
                template = Template(source, fetched, project, name)
                self._templates[str(place)] = template, state
            return template

    def checkout(self, source: Template, commit: str) -> Checkout:
        """A commit of the template.

        Args:
            source: The template.
            commit: Full id of the commit.
        """
        with self._lock:
            if commit not in self._commits:
                folder = self.folder / "template" / commit
                self._commits[commit] = Known(folder, self._compiled)
            return Checkout(source, commit, self._commits[commit])

    def render(
        self,
        checkout: Checkout,
        answers: Answers,
        data: Mapping[str, Any] | None = None,
        *,
        object_format: str = "sha1",
    ) -> Render:
        """Render a project, or take the rendering from the cache.

        Its answers file does not contain the location of the template.

        Args:
            checkout: The commit of the template.
            answers: The recorded answers, used where they are still valid.
            data: New answers.
            object_format: The project's hash, `sha1` or `sha256`.

        Raises:
            UpdateError: When an answer is refused, or the template cannot be rendered.
        """
        answers = as_copier_reads(checkout.questions, answers)
        key = self._key(checkout, answers, data or {}, object_format)
        today = f"{key}-{_today()}"
        with checkout.known.rendering:
            for name in (key, today):
                if found := self._find(name):
                    return found
            with tempfile.TemporaryDirectory(prefix="render-", dir=self.folder) as place:
                rendered = self._renderer(checkout).render(
                    Path(place) / "project", Origin("-", "-", answers), data
                )
                again = _recorded(rendered.folder)
                names = [key if rendered.timeless else today]
                if (data or {}).keys() <= again.keys():
                    # The rendering with which the next update of the project starts.
                    names.insert(0, self._key(checkout, again, {}, object_format))
                try:
                    render = self._renders.keep(names, rendered, object_format)
                except (GitError, OSError) as error:
                    raise UpdateError(
                        f"A render could not be stored: {error}", Status.FAILED
                    ) from error
            for name in names:
                self._remember(name, render)
            return render

    def _find(self, name: str) -> Render | None:
        with self._lock:
            render = self._recent.get(name)
        if render and not render.objects.exists():
            # Its folder was deleted.
            render = None
        if render is None and (render := self._renders.find(name)) is None:
            return None
        self._remember(name, render)
        return render

    def _remember(self, name: str, render: Render) -> None:
        with self._lock:
            self._recent[name] = render
            self._recent.move_to_end(name)
            while len(self._recent) > _RENDERS:
                self._recent.popitem(last=False)

    def _renderer(self, checkout: Checkout) -> Renderer:
        with self._lock:
            self._renderers[checkout.commit] = checkout.known
            self._renderers.move_to_end(checkout.commit)
            if len(self._renderers) > _RENDERERS:
                self._renderers.popitem(last=False)[1].forget_renderer()
        return checkout.renderer

    def _key(
        self, checkout: Checkout, answers: Answers, data: Mapping[str, Any], object_format: str
    ) -> str:
        about = [checkout.commit, object_format, answers, dict(data), self._circumstances()]
        text = json.dumps(
            about, sort_keys=True, default=lambda value: [repr(type(value)), repr(value)]
        )
        return hashlib.sha256(text.encode()).hexdigest()[:40]

    def _circumstances(self) -> list[object]:
        if not self._constant:
            try:
                defaults = hooks.user_defaults()
            except Exception as error:
                said = " ".join(str(error).split())
                raise UpdateError(f"Copier's settings cannot be read: {said}") from error
            programs = map(_version, _PROGRAMS)
            self._constant = [_FORM, platform.python_version(), *programs, defaults]
        return self._constant


def _state(place: Path) -> str:
    """HEAD and references of a local repository."""
    try:
        return Git(place).text("show-ref", "--head")
    except GitError:
        return ""


def _today() -> str:
    return f"{datetime.now(UTC):%Y%m%d}"


def _version(program: str) -> str:
    try:
        return version(program)
    except PackageNotFoundError:
        return ""


def _recorded(folder: Path) -> Answers:
    """The answers that the next update of a rendering reads."""
    return parse((folder / ANSWERS_FILE).read_text(encoding="utf-8")).answers
