"""Running commands, with their complete output."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path


def run_to_end(
    command: Sequence[str | Path],
    folder: Path,
    environment: Mapping[str, str],
    seconds: float | None = None,
    *,
    stdin: str | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a command until it ends; its stdout and stderr are collected together, in order.

    Args:
        command: The command.
        folder: Where it runs.
        environment: All of its environment variables.
        seconds: Time limit; none by default.
        stdin: Its input; that of this process by default.

    Raises:
        subprocess.TimeoutExpired: When it takes longer.
    """
    return subprocess.run(
        command,
        cwd=folder,
        env=environment,
        input=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=seconds,
        check=False,
    )
