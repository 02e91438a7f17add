"""Updating a service, by the template's own program."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import yaml

from .errors import Problem
from .places import installed_from, is_same, shown
from .template import Template

_ANSWERS = ".copier-answers.yml"
_PROGRAM = "updating/__main__.py"
_SOURCE = re.compile(r"^_src_path:.*(?:\n[ \t]+.*)*", re.MULTILINE)


def run_program(
    project: Path, template: str | None, answers_file: str | None, options: Sequence[str]
) -> int:
    """Fetch the template, and run its program of updates.

    Args:
        project: Folder of the service.
        template: Where the template is; by default where the service was generated from.
        answers_file: Name of the answers file, if it is told.
        options: Options of the program.

    Returns:
        The program's exit status.

    Raises:
        Problem: When it cannot be run.
    """
    source = template or _own_template(project, answers_file)
    with tempfile.TemporaryDirectory(prefix="twelvestar-") as folder:
        clone = Template(source, Path(folder) / "template.git")
        if not clone.has(_PROGRAM):
            raise Problem(
                f"The template at {clone.place} has no program of updates: it is older than this "
                "command, or another template."
            )
        code = clone.export("HEAD", Path(folder) / "code")
        command = [sys.executable, "-m", "updating", str(project), *options]
        if answers_file is not None:
            command += ["--answers-file", answers_file]
        # Of two, the program records the first and reads the last.
        command += ["--template", source] if template else []
        command += ["--template", str(clone.folder)]
        environment = {**os.environ, "PYTHONPATH": str(code), "PYTHONSAFEPATH": "1"}
        return subprocess.run(command, env=environment, check=False).returncode


def _own_template(project: Path, answers_file: str | None) -> str:
    """Where a service says that it was generated from, if this command knows that template.

    Raises:
        Problem: When it says something else, or nothing.
    """
    own, _ = installed_from()
    if not project.is_dir():
        raise Problem(f"There is no folder {project}: name the one of a generated service.")
    recorded = _recorded(project / (answers_file or _found(project)))
    if not is_same(recorded, own):
        raise Problem(
            f"{project} was generated from {shown(recorded)}, and this command was installed from "
            f"{shown(own)}: name the one that you trust with --template."
        )
    return recorded


def _found(project: Path) -> str:
    if (project / _ANSWERS).exists():
        return _ANSWERS
    others = sorted(path.name for path in project.glob(".copier-answers*.y*ml"))
    if len(others) > 1:
        raise Problem(f"There are {' and '.join(others)}: name one of them with --answers-file.")
    return others[0] if others else _ANSWERS


def _recorded(path: Path) -> str:
    try:
        # Of the rest, an alias could make a short file grow without end.
        found = _SOURCE.findall(path.read_text(encoding="utf-8"))[0]
        return str(yaml.safe_load(found)["_src_path"])
    except (OSError, ValueError, LookupError, yaml.YAMLError) as error:
        raise Problem(
            f"{path} is missing or broken: this is no generated service, or the file has to be "
            "restored from an earlier commit."
        ) from error
