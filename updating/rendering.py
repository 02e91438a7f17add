"""Rendering a commit of the template into an empty folder, by Copier.

A `Renderer` caches what Copier would create again for each project: the settings of the template,
and compiled texts. That uses private parts of Copier (`hooks.py`). If they are missing or fail,
Copier's public function renders the same, more slowly.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from traceback import walk_tb
from typing import Any

import copier

from . import hooks
from .answers import ANSWERS_FILE, Answers, Origin, with_origin, write
from .errors import Status, UpdateError

_REFUSAL = re.compile(r"(?:Validation error for question|Invalid choice for) '(\w+)': (.+)", re.S)
_REQUIRED = re.compile(r'Question "(\w+)" is required')
# Functions in which Copier processes the template, not an answer.
_OF_THE_TEMPLATE = {"_formatted_choices", "render_value"}
# Copier loads a template's extensions through variables of modules.
_one_at_a_time = threading.RLock()


@dataclass(frozen=True, slots=True)
class Rendered:
    """A rendered project.

    Attributes:
        folder: Its folder.
        answers: Its answers.
        timeless: Whether the result is independent of the date.
    """

    folder: Path
    answers: Answers
    timeless: bool = False


class Renderer:
    """Renders one commit of the template, for one thread or several.

    Args:
        template: Folder of the template, outside any repository.
        compiled: Jinja code compiled for this and other commits.
    """

    def __init__(self, template: Path, compiled: hooks.Compiled | None = None) -> None:
        self.template = template
        self._compiled = compiled or hooks.Compiled()
        self._lock = threading.Lock()
        self._kept: hooks.Kept | None = None
        self._hooked = hooks.AVAILABLE

    @property
    def is_quick(self) -> bool:
        """Whether the private parts of Copier work."""
        return self._hooked

    def render(
        self, folder: Path, origin: Origin, data: Mapping[str, Any] | None = None
    ) -> Rendered:
        """Render a project.

        Args:
            folder: A new folder.
            origin: The recorded answers, used where they are still valid, and the template's
                location and commit for the answers file.
            data: New answers.

        Raises:
            UpdateError: When an answer is refused, or the template cannot be rendered.
        """
        given = dict(data or {})
        with self._lock:
            rendered = self._with_hooks(folder, origin, given) if self._hooked else None
            if rendered is None:
                rendered = self._plainly(folder, origin, given)
        path = folder / ANSWERS_FILE
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError as error:
            raise _failure(error) from error
        text = with_origin(text, origin.source, origin.commit)
        path.write_text(text, encoding="utf-8")
        return rendered

    def _with_hooks(self, folder: Path, origin: Origin, data: Answers) -> Rendered | None:
        _begin(folder, origin)
        try:
            if self._kept is None:
                with _one_at_a_time:
                    self._kept = hooks.Kept(self.template, self._compiled)
            answers, timeless = self._kept.render(folder, data)
        except (Exception, SystemExit) as error:
            if refusal := _refusal(error, data):
                raise refusal from error
            # The hooks may be the cause: report the error of Copier without them.
            self._kept = None
            rmtree(folder, ignore_errors=True)
            return None
        return Rendered(folder, answers, timeless)

    def _plainly(self, folder: Path, origin: Origin, data: Answers) -> Rendered:
        _begin(folder, origin)
        try:
            with _one_at_a_time, hooks.restored_modules():
                worker = copier.run_copy(str(self.template), folder, data, **hooks.OPTIONS)
        except (Exception, SystemExit) as error:
            raise _refusal(error, data) or _failure(error) from error
        self._hooked = False
        return Rendered(folder, hooks.answers_of(worker))


def render(
    template: Path, folder: Path, origin: Origin, data: Mapping[str, Any] | None = None
) -> Rendered:
    """Render one project.

    Args:
        template: Folder of the template, outside any repository.
        folder: A new folder.
        origin: The recorded answers, and the template's location and commit for the answers file.
        data: New answers.

    Raises:
        UpdateError: When an answer is refused, or the template cannot be rendered.
    """
    return Renderer(template).render(folder, origin, data)


def _begin(folder: Path, origin: Origin) -> None:
    folder.mkdir(parents=True)
    write(folder, origin)


def _refusal(error: BaseException, data: Answers) -> UpdateError | None:
    """The message for an invalid answer, if the error is about one."""
    if refused := _REFUSAL.search(str(error)):
        reason = " ".join(refused[2].split())
        return UpdateError(f'Question "{refused[1]}": {reason}')
    # If no new answer leads to the question, the template lacks a default.
    if data and (required := _REQUIRED.fullmatch(str(error))):
        name = required[1]
        return UpdateError(f'Question "{name}" has no default: answer it with --data {name}=VALUE.')
    steps = {frame.f_code.co_name: frame for frame, _ in walk_tb(error.__traceback__)}
    if "_ask" in steps and "parse_answer" in steps and steps.keys().isdisjoint(_OF_THE_TEMPLATE):
        question = steps["_ask"].f_locals["question"]
        if question.var_name in data:
            given = data[question.var_name]
            kind = "a list such as [a, b]" if question.multiselect else question.get_type_name()
            return UpdateError(f'Question "{question.var_name}" takes {kind}, not {given!r}.')
    return None


def _failure(error: BaseException) -> UpdateError:
    said = " ".join(str(error).split()) or type(error).__name__
    return UpdateError(f"The template could not be rendered: {said}", Status.FAILED)
