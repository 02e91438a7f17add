"""`--help` of the command line, whose imports every command needs."""

from pathlib import Path
from statistics import median

from .figures import Figure
from .processes import environment, run_cpu_seconds
from .project import Project

CALLS = 10


def measure(project: Project) -> list[Figure]:
    """Measure `--help`.

    Args:
        project: The service, installed.
    """
    command: list[str | Path] = [project.command, "--help"]
    times = [
        run_cpu_seconds(command, variables=environment(), cwd=project.folder)
        for _ in range(CALLS + 1)
    ]
    # The first compiles modules.
    return [Figure(name="cli: --help", unit="CPU s", ours=median(times[1:]), bound=0.2)]
