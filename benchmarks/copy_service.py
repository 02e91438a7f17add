"""What it takes to make a service with Copier."""

import shutil
import time
from pathlib import Path
from statistics import median

from .figures import Figure
from .processes import environment, run_cpu_seconds
from .project import copier_copy, export_template

_UNTASKED = "copy: the standard service, without tasks"
_TASKED = "copy: with lock, sync and git"


def measure(folder: Path, rounds: int) -> list[Figure]:
    """Measure copies of the standard service.

    Args:
        folder: An empty folder to work in.
        rounds: How often.
    """
    templates = {"from a folder": folder / "plain", "from a git clone": folder / "clone"}
    for template in templates.values():
        export_template(template, git=template.name == "clone")
    figures = []
    for origin, template in templates.items():
        # The first copy of each is for nothing: the disk's cache.
        runs = [_copy(template, folder / "made", tasks=False) for _ in range(rounds + 1)][1:]
        cpu, wall = (median(column) for column in zip(*runs, strict=True))
        name = f"{_UNTASKED}, {origin}"
        figures.append(Figure(name=name, unit="CPU s", ours=cpu, bound=1.0))
        figures.append(Figure(name=name, unit="s by the clock", ours=wall))
    cpu, wall = _copy(folder / "clone", folder / "made", tasks=True)
    figures.append(Figure(name=_TASKED, unit="CPU s", ours=cpu))
    figures.append(Figure(name=_TASKED, unit="s by the clock", ours=wall))
    return figures


def _copy(template: Path, destination: Path, *, tasks: bool) -> tuple[float, float]:
    """Make a service and delete it; returns processor time and time by the clock."""
    start = time.perf_counter()
    command = copier_copy(template, destination, tasks=tasks)
    cpu = run_cpu_seconds(command, variables=environment(), cwd=template.parent)
    wall = time.perf_counter() - start
    shutil.rmtree(destination)
    return cpu, wall
