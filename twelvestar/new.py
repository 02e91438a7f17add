"""Generating a service with Copier's command."""

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
    """Replace this process by `copier copy`.

    The template is trusted, because the command was installed from it.

    Args:
        destination: Folder of the new service.
        template: Location of the template; by default the repository that this command was
            installed from.
        options: Options of `copier copy`.

    Raises:
        Problem: When a requirement is missing.
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
    # The final message depends on the user's tools, not on this environment.
    sys.stdout.flush()
    os.execv(sys.executable, [*command, "--", for_copier(template), str(destination)])
