"""One commit of the template, and what is known of it."""

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


class Checkout:
    """A commit of the template, found out once; for several threads.

    Args:
        source: The template.
        commit: The commit.
        folder: A new folder for its files.
        compiled: What was compiled of this commit and others.
    """

    def __init__(self, source: Template, commit: str, folder: Path, compiled: Compiled) -> None:
        self._compiled = compiled
        self.commit = commit
        self._source = source
        self._folder = folder
        self._lock = threading.RLock()
        self._known: dict[str, Any] = {}

    @property
    def version(self) -> Version:
        """The release that it is, or comes after.

        Raises:
            UpdateError: When it is a commit of something else.
        """
        return self._once("version", lambda: self._source.version(self.commit))

    @property
    def folder(self) -> Path:
        """Folder with its files, and without a history."""
        return self._once("folder", lambda: self._source.export(self.commit, self._folder))

    @property
    def settings(self) -> dict[str, Any]:
        """What copier.yml says.

        Raises:
            UpdateError: When it says nothing.
        """
        return self._once("settings", self._settings)

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
        return self._once("ownership", lambda: Ownership(self.settings.get("_exclude", [])))

    def notes(self, old: Version) -> dict[str, str]:
        """The changelog's sections after a release, up to this one.

        Args:
            old: The release.

        Returns:
            Markdown by version, latest first.
        """
        return self._once(
            f"notes since {old}", lambda: self._source.notes(old, self.version, self.commit)
        )

    @property
    def renderer(self) -> Renderer:
        """What renders it."""
        return self._once("renderer", lambda: Renderer(self.folder, self._compiled))

    def forget_renderer(self) -> None:
        """Free what the renderer has compiled; whoever has it may go on."""
        with self._lock:
            self._known.pop("renderer", None)

    def _once(self, name: str, find_out: Callable[[], _T]) -> _T:
        with self._lock:
            if name not in self._known:
                self._known[name] = find_out()
            return cast("_T", self._known[name])

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
                f"copier.yml of the template's commit {self.commit[:12]} holds no settings.",
                Status.FAILED,
            )
        return settings
