"""Rendering the template, for the tests."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import copier
import yaml
from plumbum import local

ROOT = Path(__file__).parents[1]
ANSWERS = ROOT / "tests" / "answers"


def answer_sets() -> dict[str, dict[str, Any]]:
    """The named answer sets."""
    return {path.stem: yaml.safe_load(path.read_text()) for path in sorted(ANSWERS.glob("*.yml"))}


def part_sets() -> dict[str, dict[str, Any]]:
    """Answer sets of services with a single optional part."""
    found = sorted(ANSWERS.glob("parts/*.yml"))
    return {f"parts/{path.stem}": yaml.safe_load(path.read_text()) for path in found}


def every_set() -> dict[str, dict[str, Any]]:
    """All answer sets whose suites are run."""
    return {**answer_sets(), **part_sets()}


def export(destination: Path) -> Path:
    """Copy the template with uncommitted changes, without files that git ignores.

    Args:
        destination: A new folder, outside any repository.

    Returns:
        The destination.
    """
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, names.split("\0")):
        source, target = ROOT / name, destination / name
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    return destination


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Let only one process of a test run create a folder at a time.

    Args:
        folder: The folder.
    """
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def without_git() -> Iterator[None]:
    """Hide git from Copier, which would spend a fifth of its time on running it for each file."""
    # Only plumbum searches this path; the process and its children keep theirs.
    with local.env(PATH=os.devnull):
        yield


def render(
    template: Path, destination: Path, answers: Mapping[str, Any], *, tasks: bool = False
) -> Path:
    """Generate a project.

    Args:
        template: Folder of the template.
        destination: A new folder.
        answers: Answers to some of the questions; the others take their defaults.
        tasks: Whether to lock the dependencies and create a repository.

    Returns:
        The destination.
    """
    with nullcontext() if tasks else without_git():
        copier.run_copy(
            str(template),
            destination,
            data=dict(answers),
            defaults=True,
            unsafe=True,
            quiet=True,
            skip_tasks=not tasks,
        )
    return destination


def files(project: Path) -> dict[str, bytes]:
    """All files of a project by their paths, without its repository."""
    return {
        str(path.relative_to(project)): path.read_bytes()
        for path in sorted(project.rglob("*"))
        if path.is_file() and ".git" not in path.relative_to(project).parts
    }
