"""A rendered project whose packages can be changed."""

from __future__ import annotations

import importlib.metadata
import shutil
import subprocess
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from tests.commands import run_to_end
from tests.rendering import render
from tests.suites import SUITE_SECONDS
from tests.test_generated import BIN, clean_environment

from .checks import Check, Outcome

TOO_LONG = "It did not end within {seconds} seconds."


class Project:
    """A project with its own environment, locked with the newest packages.

    Args:
        template: The template.
        answers: Answers to its questions.
        scratch: A folder for the project and its temporary files.
        python: Path of an interpreter.
    """

    def __init__(
        self, template: Path, answers: Mapping[str, Any], scratch: Path, python: str
    ) -> None:
        self.folder = scratch / "project"
        self.cache = scratch / "cache"
        (scratch / "tmp").mkdir()
        self._environment = {
            **clean_environment(),
            "TMPDIR": str(scratch / "tmp"),
            "UV_PYTHON": python,
        }
        render(template, self.folder, answers, tasks=True)
        self._newest = scratch / "newest.lock"

    def lock_newest(self) -> Outcome:
        """Lock the newest versions that the project's requirements allow."""
        outcome = self._run([BIN / "uv", "lock", "--upgrade"])
        if outcome.passed:
            shutil.copy(self.folder / "uv.lock", self._newest)
        return outcome

    def put_back(self, versions: Mapping[str, str]) -> Outcome:
        """Lock the newest versions, except for some packages.

        Packages that require newer versions of these are put back too.

        Args:
            versions: Versions of the packages that are put back.
        """
        shutil.copy(self._newest, self.folder / "uv.lock")
        if not versions:
            return Outcome(True, "")
        wanted = [f"--upgrade-package={name}=={version}" for name, version in versions.items()]
        return self._run([BIN / "uv", "lock", *wanted])

    def try_check(self, check: Check) -> Outcome:
        """Install the locked packages, and run a check.

        Args:
            check: The check.
        """
        installed = self._run([BIN / "uv", "sync", "--frozen", "--quiet"])
        if not installed.passed or not check.command:
            return installed
        shutil.rmtree(self.cache, ignore_errors=True)
        command = [word.format(cache=self.cache) for word in check.command]
        return self._run(command)

    def versions(self) -> dict[str, str]:
        """Installed packages with their versions, without the project itself."""
        found = {canonicalize_name(each.name): each.version for each in self.distributions()}
        return {name: found[name] for name in sorted(found)}

    def locked_versions(self) -> dict[str, str]:
        """Packages of the lock file, for all platforms and Pythons."""
        locked = tomllib.loads((self.folder / "uv.lock").read_text())["package"]
        return {each["name"]: each["version"] for each in locked if "version" in each}

    def distributions(self) -> Iterator[importlib.metadata.Distribution]:
        """Installed packages with their metadata, without the project itself."""
        packages = next((self.folder / ".venv").glob("lib/python*/site-packages"))
        own = canonicalize_name(self.declared()["project"]["name"])
        for each in importlib.metadata.distributions(path=[str(packages)]):
            if canonicalize_name(each.name) != own:
                yield each

    def declared(self) -> dict[str, Any]:
        """The contents of `pyproject.toml`."""
        return tomllib.loads((self.folder / "pyproject.toml").read_text())

    def outdated_tree(self) -> str:
        """The tree of packages as uv prints it, with the newest version of each older one."""
        return self._run([BIN / "uv", "tree", "--quiet", "--frozen", "--outdated"]).output

    def _run(self, command: Sequence[str | Path]) -> Outcome:
        try:
            done = run_to_end(command, self.folder, self._environment, SUITE_SECONDS)
        except subprocess.TimeoutExpired as expired:
            text = (expired.stdout or b"").decode(errors="replace")
            return Outcome(False, f"{text}\n{TOO_LONG.format(seconds=SUITE_SECONDS)}")
        return Outcome(done.returncode == 0, done.stdout)
