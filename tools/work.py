"""`make work`: keep a rendering of one answer set up to date with `template/`, and test it."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys

from tools.workspace import Refused, Workspace


def main(arguments: list[str]) -> int:
    """Update a rendering, and run tests in it.

    Args:
        arguments: The answer set, and the arguments of pytest in one string; empty for no tests.

    Returns:
        Exit status: that of pytest, or 1 if the rendering could not be updated.
    """
    name, tests = arguments
    try:
        workspace = Workspace(name)
        written = workspace.update()
        print(f"{workspace.project}: {len(written)} files updated", flush=True)
        if edited := workspace.edits():
            print(f"edited here and not in template/ (`make bring-back SET={name}`):")
            print("".join(f"  {kind} {path}\n" for path, kind in edited.items()), end="")
        if not tests:
            return 0
        if workspace.synchronize():
            print("environment synchronized", flush=True)
    except Refused as error:
        print(f"make work: {error}", file=sys.stderr)
        return 1
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    command = [".venv/bin/python", "-m", "pytest", "-q", *map(rendered_name, shlex.split(tests))]
    return subprocess.run(command, cwd=workspace.project, env=environment, check=False).returncode


def rendered_name(word: str) -> str:
    """Convert a path below `template/` to the path in the rendering.

    Args:
        word: An argument of pytest, which may be such a path.
    """
    path, colons, test = word.partition("::")
    return path.removeprefix("template/").removesuffix(".jinja") + colons + test


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
