"""After a copy: lock the dependencies, and create the git repository.

Copier runs this file in the new project without arguments, so that no answer is on a command line.
A step that fails is reported in one sentence, and the project is still valid.
"""

from __future__ import annotations

import shutil
import signal
import sys
from pathlib import Path

from plumbum import ProcessExecutionError, local
from plumbum.machines import LocalCommand

MESSAGE = "Generate the service from Twelvestar"
# Stands in where git knows no author, since the commit is the template's work.
NOBODY = {
    f"GIT_{role}_{part}": value
    for role in ("AUTHOR", "COMMITTER")
    for part, value in (("NAME", "Twelvestar"), ("EMAIL", "twelvestar@localhost"))
}


def main() -> None:
    """Finish the project in the current folder."""
    lock()
    begin_repository(Path.cwd())


def lock() -> None:
    """Make uv.lock."""
    uv = find_uv()
    if uv is None:
        say("uv.lock was not created, because uv is not installed; install uv and run `uv lock`.")
        return
    say("Locking the dependencies with uv: a few seconds, or about a minute the first time.")
    try:
        uv("lock", "--quiet")
    except ProcessExecutionError as error:
        say(f"uv.lock was not created; run `uv lock` to see why. uv said: {last_line(error)}")


def begin_repository(project: Path) -> None:
    """Create a repository with a first commit, unless the project is already in one.

    Args:
        project: Root of the new project.
    """
    if shutil.which("git") is None:
        say(
            "No git repository was created, because git is not installed: install it, and run "
            "`git init`, `git add --all` and `git commit`."
        )
        return
    git = local["git"]["-C", str(project)]
    if git["rev-parse", "--is-inside-work-tree"].run(retcode=None)[0] == 0:
        return
    try:
        git("init", "--quiet", "--initial-branch", "main")
        git("add", "--all")
        known = git["var", "GIT_COMMITTER_IDENT"].run(retcode=None)[0] == 0
        with local.env(**({} if known else NOBODY)):
            git("commit", "--quiet", "--message", MESSAGE)
    except ProcessExecutionError as error:
        say(f"The first commit was not made; make it yourself. git said: {last_line(error)}")


def find_uv() -> LocalCommand | None:
    """Find uv on the path, or next to the Python that runs Copier."""
    beside = Path(sys.executable).with_name("uv")
    found = shutil.which("uv") or (str(beside) if beside.exists() else None)
    return local[found] if found else None


def last_line(error: ProcessExecutionError) -> str:
    """The last line of a failed command's output."""
    lines = f"{error.stdout or ''}\n{error.stderr or ''}".strip().splitlines()
    return lines[-1].strip() if lines else f"status {error.retcode}"


def say(message: str) -> None:
    """Write one line to stderr."""
    print(message, file=sys.stderr)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        # Copier prints that it was stopped.
        sys.exit(128 + signal.SIGINT)
