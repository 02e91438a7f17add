"""Follows the steps of pages in a project."""

from __future__ import annotations

import os
import re
import shlex
import signal
import socket
import subprocess
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.commands import run_to_end
from tests.suites import MOST_REPEATED, SHOWN_LINES, failed_tests

from .edits import edited
from .page import Step

COMMAND_SECONDS = 600
START_SECONDS = 60
STOP_SECONDS = 30
# Output of `dev` when its backing services run and the database is migrated, and of `web`.
_READY = re.compile(r"Serving at|worker ready|Started worker-")


class Walk:
    """Follows steps in a project.

    Args:
        project: The project, in a git repository, with its environment.
        environment: All environment variables of commands.
        log: A file outside the project, for the output of background commands.
        port: Port on which background commands have to listen.
    """

    def __init__(
        self,
        project: Path,
        environment: Mapping[str, str],
        log: Path,
        port: int | None = None,
    ) -> None:
        self.project = project
        self.environment = environment
        self._log = log
        self._port = port
        # Created files, with their contents on the page.
        self.created: dict[str, str] = {}

    def follow(
        self,
        steps: list[Step],
        left_out: Mapping[str, str] | None = None,
        last: Callable[[], None] | None = None,
    ) -> None:
        """Follow the steps of a section, and then end the processes that they started.

        A step that begins with "Otherwise" starts from the same state as the step before it that
        begins with "If".

        Args:
            steps: The steps.
            left_out: Commands that are skipped, with reasons.
            last: Called before the processes are ended.
        """
        before = ""
        with ExitStack() as running:
            for step in steps:
                if step.sentence.startswith("If ") and step.kind in ("start", "run"):
                    before = self.commit("Before")
                elif step.sentence.startswith("Otherwise"):
                    running.pop_all().close()
                    self.back_to(before, ignored=True)
                self._do(step, running, left_out or {})
            if last is not None:
                last()

    def _do(self, step: Step, running: ExitStack, left_out: Mapping[str, str]) -> None:
        path = self.project / step.path
        match step.kind:
            case "create":
                assert not path.exists(), f"{step.path} already exists"
                assert path.parent.is_dir(), f"{step.path} needs a folder"
                path.write_text(step.text)
                self.created[step.path] = step.text
            case "edit":
                path.write_text(edited(path.read_text(), step.text))
                self.created.pop(step.path, None)
            case "write":
                assert path.exists(), f"{step.path} does not exist"
                path.write_text(step.text)
            case "start":
                [command] = step.commands
                running.enter_context(self._started(command))
            case "run":
                for command in step.commands:
                    if command not in left_out:
                        self.run(command)
            case _:
                raise AssertionError(
                    f"no instruction for this block:\n{step.sentence}\n{step.text}"
                )

    def run(self, command: str) -> str:
        """Run a command of the page in a shell, which must not fail.

        Args:
            command: The command.

        Returns:
            Its output.
        """
        shell = ["bash", "-c", command]
        done = run_to_end(shell, self.project, self.environment, COMMAND_SECONDS)
        tail = "\n".join(done.stdout.splitlines()[-SHOWN_LINES:])
        assert done.returncode == 0, f"{command} (status {done.returncode})\n{tail}"
        return done.stdout

    def run_suite(self, command: str) -> None:
        """Run a command of the page that runs all tests, and repeat a few failed tests alone.

        Other suites run at the same time, so that a test may miss a time limit.

        Args:
            command: The command.
        """
        try:
            self.run(command)
        except AssertionError as failure:
            failed = failed_tests(self.project / ".pytest_cache")
            if not 0 < len(failed) <= MOST_REPEATED:
                raise
            self.run(shlex.join(["uv", "run", "pytest", "-q", *failed]))
            warnings.warn(f"failed in the suite, passed alone: {failure}", stacklevel=2)

    def commit(self, message: str) -> str:
        """Commit everything, and return the commit.

        Args:
            message: Message of the commit.
        """
        self.run("git add --all")
        self.run(f"git commit --quiet --allow-empty --message '{message}'")
        return self.run("git rev-parse HEAD").strip()

    def back_to(self, commit: str, *, ignored: bool = False) -> None:
        """Restore the state of a commit, except for the environment and caches.

        Args:
            commit: The commit.
            ignored: Whether to keep files that git ignores, such as the data of `dev`.
        """
        self.run(f"git reset --quiet --hard {commit}")
        kept = "" if ignored else "-x --exclude .venv --exclude '.*_cache'"
        self.run(f"git clean --quiet --force -d {kept}")
        self.created.clear()

    def wait_for(self, found: Callable[[], bool], what: str) -> None:
        """Poll until a condition is true.

        Args:
            found: The condition.
            what: Its description, for the error.
        """
        deadline = time.monotonic() + START_SECONDS
        while not found():
            assert time.monotonic() < deadline, f"timed out, waiting for {what}"
            time.sleep(0.1)

    @contextmanager
    def _started(self, command: str) -> Iterator[None]:
        with self._log.open("w") as log:
            process = subprocess.Popen(
                ["bash", "-c", f"exec {command}"],
                cwd=self.project,
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
            try:
                self.wait_for(lambda: self._is_ready(process), f"{command} to be ready")
                yield
                process.terminate()
                process.wait(STOP_SECONDS)
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()

    def _is_ready(self, process: subprocess.Popen[bytes]) -> bool:
        text = self._log.read_text()
        assert process.poll() is None, text
        return bool(_READY.search(text)) and (self._port is None or _listens(self._port))


def _listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0
