"""Generating a service: Copier's own command, with all that the template needs."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from .errors import Problem
from .places import address, for_copier, installed_from


def generate(destination: Path, template: str | None, options: Sequence[str]) -> NoReturn:
    """Become `copier copy`.

    The template is trusted, because it is this command's own.

    Args:
        destination: Folder of the new service.
        template: Where the template is; by default where this command was installed from.
        options: Options of `copier copy`.

    Raises:
        Problem: When it is clear beforehand that it cannot work.
    """
    revision = None
    if template is None:
        template, revision = installed_from()
    where = address(template)
    if shutil.which("git") is None and not (Path(where) / "copier.yml").is_file():
        raise Problem("git is not installed: install it, and try again.")
    if revision is not None and not any(each.startswith("--vcs-ref=") for each in options):
        options = [*options, "--vcs-ref", revision]
    command = [sys.executable, "-m", "copier", "copy", "--trust", *options]
    # What the message at the end says depends on what people have, not on this environment.
    sys.stdout.flush()
    os.execv(sys.executable, [*command, "--", for_copier(template), str(destination)])
