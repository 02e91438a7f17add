"""Rendering a release of the template into an empty folder, by Copier's public function."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import copier
from copier.errors import CopierError
from plumbum import local

from .answers import ANSWERS_FILE, Answers, Origin, with_origin, write
from .errors import Status, UpdateError

_REFUSAL = re.compile(r"(?:Validation error for question|Invalid choice for) '(\w+)': (.+)", re.S)


@dataclass(frozen=True, slots=True)
class Rendered:
    """A rendered project.

    Attributes:
        folder: Where it is.
        answers: What it was rendered from.
    """

    folder: Path
    answers: Answers


def render(
    template: Path, folder: Path, origin: Origin, data: Mapping[str, Any] | None = None
) -> Rendered:
    """Render a project.

    Args:
        template: Folder of the template, at the release in question.
        folder: A new folder.
        origin: Answers of the last time, which are taken where they still hold; and what the
            rendered answers file says about the template.
        data: Answers that are given now.

    Raises:
        UpdateError: When an answer is refused, or the template cannot be rendered.
    """
    folder.mkdir(parents=True)
    write(folder, origin)
    try:
        with warnings.catch_warnings(), without_git():
            warnings.simplefilter("ignore")
            worker = copier.run_copy(
                str(template),
                folder,
                data=dict(data or {}),
                defaults=True,
                overwrite=True,
                unsafe=True,
                quiet=True,
                skip_tasks=True,
            )
    except (CopierError, ValueError, TypeError) as error:
        raise _refusal(error) from error
    path = folder / ANSWERS_FILE
    text = with_origin(path.read_text(encoding="utf-8"), origin.source, origin.commit)
    path.write_text(text, encoding="utf-8")
    answers = {
        name: value
        for name, value in worker.answers.combined.items()
        if name in worker.template.questions_data and name not in worker.answers.hidden
    }
    return Rendered(folder, answers)


@contextmanager
def without_git() -> Iterator[None]:
    """Hide git from Copier, which asks it about each file that it writes.

    The questions are about executable bits in an index, which an empty folder has not, and take a
    fifth of a render. Only for templates in a folder: others are fetched by git.
    """
    # plumbum looks for programs there; the process itself, and what it starts, keep their own.
    with local.env(PATH=os.devnull):
        yield


def _refusal(error: Exception) -> UpdateError:
    said = " ".join(str(error).split())
    if refused := _REFUSAL.search(str(error)):
        reason = " ".join(refused[2].split())
        return UpdateError(f'Question "{refused[1]}": {reason}')
    return UpdateError(f"The template could not be rendered: {said}", Status.FAILED)
