"""One commit of the template, and cached data about it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import yaml
from packaging.version import Version

from .errors import Status, UpdateError
from .hooks import Compiled
from .ownership import Ownership
from .rendering import Renderer
from .template import Template

_T = TypeVar("_T")
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Known:
    """Cached data about a commit, for all clones and threads.

    Args:
        folder: A new folder for its files.
        compiled: Jinja code compiled for this and other commits.
    """

    def __init__(self, folder: Path, compiled: Compiled) -> None:
        self.folder = folder
        self.compiled = compiled
        self.rendering = threading.Lock()
        self._lock = threading.RLock()
        self._values: dict[str, Any] = {}

    def once(self, name: str, find_out: Callable[[], _T]) -> _T:
        """Compute a value, unless it is cached.

        Args:
            name: Key of the value.
            find_out: Computes it.
        """
        with self._lock:
            if name not in self._values:
                self._values[name] = find_out()
            return cast("_T", self._values[name])

    def forget_renderer(self) -> None:
        """Drop the renderer from the cache; callers that have it can still use it."""
        with self._lock:
            self._values.pop("renderer", None)


class Checkout:
    """A commit of the template in one of its clones.

    Args:
        source: The template.
        commit: The commit.
        known: Cached data about it.
    """

    def __init__(self, source: Template, commit: str, known: Known) -> None:
        self.commit = commit
        self.known = known
        self._source = source

    @property
    def version(self) -> Version:
        """Its release, or the last release before it.

        Raises:
            UpdateError: When it is not a commit of Twelvestar.
        """
        return self.known.once("version", lambda: self._source.version(self.commit))

    @property
    def folder(self) -> Path:
        """Folder with its files, without git history."""
        return self.known.once(
            "folder", lambda: self._source.export(self.commit, self.known.folder)
        )

    @property
    def settings(self) -> dict[str, Any]:
        """Contents of copier.yml.

        Raises:
            UpdateError: When it is empty or invalid.
        """
        return self.known.once("settings", self._settings)

    @property
    def questions(self) -> dict[str, dict[str, Any]]:
        """Its questions by their names."""
        return {
            name: value if isinstance(value, dict) else {"default": value}
            for name, value in self.settings.items()
            if not name.startswith("_")
        }

    @property
    def ownership(self) -> Ownership:
        """Who owns which file."""
        return self.known.once("ownership", lambda: Ownership(self.settings.get("_exclude", [])))

    def notes(self, old: Version) -> dict[str, str]:
        """The changelog's sections after a release, up to this one.

        Args:
            old: The release.

        Returns:
            Markdown by version, latest first.
        """
        return self.known.once(
            f"notes since {old}", lambda: self._source.notes(old, self.version, self.commit)
        )

    @property
    def renderer(self) -> Renderer:
        """What renders it."""
        return self.known.once("renderer", lambda: Renderer(self.folder, self.known.compiled))

    def _settings(self) -> dict[str, Any]:
        try:
            text = (self.folder / "copier.yml").read_text(encoding="utf-8")
            settings = yaml.load(text, _Loader)
        except (OSError, ValueError, yaml.YAMLError) as error:
            said = " ".join(str(error).split())
            raise UpdateError(
                f"copier.yml of the template's commit {self.commit[:12]} cannot be read: {said}",
                Status.FAILED,
            ) from error
        if not isinstance(settings, dict) or not all(isinstance(name, str) for name in settings):
            raise UpdateError(
                f"copier.yml of the template's commit {self.commit[:12]} contains no settings.",
                Status.FAILED,
            )
        return settings
