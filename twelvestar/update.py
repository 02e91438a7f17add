"""Updating a service with the template's update program."""

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
    """Fetch the template, and run its update program.

    Args:
        project: Folder of the service.
        template: Location of the template; by default the recorded one.
        answers_file: Name of the answers file, if given.
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
                f"The template at {clone.place} has no update program: it is older than this "
                "command, or another template."
            )
        code = clone.export("HEAD", Path(folder) / "code")
        command = [sys.executable, "-m", "updating", str(project), *options]
        if answers_file is not None:
            command += ["--answers-file", answers_file]
        # If --template is given twice, the program records the first and reads the last.
        command += ["--template", source] if template else []
        command += ["--template", str(clone.folder)]
        environment = {**os.environ, "PYTHONPATH": str(code), "PYTHONSAFEPATH": "1"}
        return subprocess.run(command, env=environment, check=False).returncode


def _own_template(project: Path, answers_file: str | None) -> str:
    """The recorded template of a service, if this command was installed from it.

    Raises:
        Problem: When it is another one, or none is recorded.
    """
    own, _ = installed_from()
    if not project.is_dir():
        raise Problem(f"There is no folder {project}: give the folder of a generated service.")
    recorded = _recorded(project / (answers_file or _found(project)))
    if not is_same(recorded, own):
        raise Problem(
            f"{project} was generated from {shown(recorded)}, and this command was installed "
            f"from {shown(own)}: choose the one that you trust with --template."
        )
    return recorded


def _found(project: Path) -> str:
    if (project / _ANSWERS).exists():
        return _ANSWERS
    others = sorted(path.name for path in project.glob(".copier-answers*.y*ml"))
    if len(others) > 1:
        raise Problem(f"There are {' and '.join(others)}: choose one with --answers-file.")
    return others[0] if others else _ANSWERS


def _recorded(path: Path) -> str:
    try:
        # Only this key, because aliases in the rest could expand without limit.
        found = _SOURCE.findall(path.read_text(encoding="utf-8"))[0]
        return str(yaml.safe_load(found)["_src_path"])
    except (OSError, ValueError, LookupError, yaml.YAMLError) as error:
        raise Problem(
            f"{path} is missing or invalid: this is not a generated service, or the file has to "
            "be restored from an earlier commit."
        ) from error
