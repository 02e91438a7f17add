"""From nothing to a running and tested project, by the documented commands."""

import os
import shlex
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.updates.published import IDENTITY

from ..processes import cpu_seconds, environment
from ..scorecard.source import last_line
from ..scorecard.subject import COMMAND_SECONDS, Subject, installer_variables, run_to_end
from .result import Stage


class NotDone(Exception):
    """A stage failed; the text says why, in a few words."""


def run_stage(
    commands: Sequence[str],
    values: Mapping[str, str],
    folder: Path,
    variables: Mapping[str, str],
) -> Stage:
    """Run commands, one after the other.

    Args:
        commands: The command lines.
        values: Values of their placeholders.
        folder: Where they run.
        variables: Their environment.

    Returns:
        Their time; what failed, if one of them did.
    """
    before, began = _children(), time.monotonic()
    outcome, done = "", True
    for command in commands:
        arguments = shlex.split(command.format_map(values))
        try:
            ended = run_to_end(arguments, folder, variables)
        except subprocess.TimeoutExpired:
            outcome, done = f"`{arguments[0]}` took longer than {COMMAND_SECONDS} s", False
            break
        outcome = last_line(ended.stdout or ended.stderr)
        if ended.returncode:
            outcome, done = last_line(ended.stderr or ended.stdout), False
            break
    return Stage(_children() - before, time.monotonic() - began, outcome, done)


def _children() -> float:
    times = os.times()
    return times.children_user + times.children_system


def variables(python: str, scratch: Path) -> dict[str, str]:
    """Environment of the commands that generate and install.

    Args:
        python: Path of the interpreter for its project.
        scratch: A folder for files.
    """
    quiet = {"GIT_TERMINAL_PROMPT": "0", "TMPDIR": str(scratch)}
    return environment(**{**installer_variables(), **IDENTITY, **quiet, "UV_PYTHON": python})


def first_answer(subject: Subject) -> tuple[Stage, dict[str, str]]:
    """Migrate the database, add the rows, start the service, and wait for its first answer.

    Args:
        subject: The installed project.

    Returns:
        The time of migration and start, and the values of the placeholders that it used.

    Raises:
        NotDone: When it does not answer.
    """
    values = subject.values()
    before, began = _children(), time.monotonic()
    if migrate := subject.description.commands.get("migrate"):
        done = subject.run(migrate, values)
        if done.returncode:
            raise NotDone(f"its migration fails: {last_line(done.stderr)}")
    with subject.running("start", values) as process:
        if not process.answers(subject.description.paths["live"]):
            raise NotDone(f"it does not start: {last_line(process.output())}")
        cpu = _children() - before + cpu_seconds(process.popen.pid)
        wall = time.monotonic() - began
        process.end()
    return Stage(cpu, wall), values


def run_tests(subject: Subject, values: Mapping[str, str]) -> Stage:
    """Run the project's own tests.

    Args:
        subject: The installed project.
        values: Values of the placeholders.
    """
    before, began = _children(), time.monotonic()
    done = subject.run(subject.description.commands["tests"], values)
    outcome = _summary(done.stdout + done.stderr)
    return Stage(_children() - before, time.monotonic() - began, outcome, not done.returncode)


def _summary(output: str) -> str:
    """The line of an output that says how many tests passed, otherwise the last one."""
    lines = [last_line(line) for line in output.splitlines()]
    counted = [line for line in lines if " in " in line and ("passed" in line or "error" in line)]
    return (counted or [last_line(output)])[-1][:120]
