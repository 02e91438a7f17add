"""Commands that are run to their end, with all that they say."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path


def run_to_end(
    command: Sequence[str | Path],
    folder: Path,
    environment: Mapping[str, str],
    seconds: float | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a command, and keep what it says on stdout and stderr in the order in which it says it.

    Args:
        command: The command.
        folder: Where it runs.
        environment: All of its environment variables.
        seconds: The longest that it may take; as long as it likes by default.

    Raises:
        subprocess.TimeoutExpired: When it takes longer.
    """
    return subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=seconds,
        check=False,
    )
