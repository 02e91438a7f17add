"""The cost of generating a service with Copier."""

import shutil
import subprocess
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
        rounds: Number of measurements.
    """
    templates = {"from a folder": folder / "plain", "from a git clone": folder / "clone"}
    for template in templates.values():
        export_template(template, git=template.name == "clone")
    floor = _floor(templates["from a folder"], folder / "floor")
    made = folder / "made"
    figures = []
    for origin, template in templates.items():
        # The first copy of each is not counted: it fills the disk cache.
        rows = [
            (*_copy(template, made, tasks=False), *_copy(floor, made, tasks=False))
            for _ in range(rounds + 1)
        ][1:]
        cpu, wall, _, _ = (median(column) for column in zip(*rows, strict=True))
        name = f"{_UNTASKED}, {origin}"
        figures += [
            Figure(name=name, unit="CPU s", ours=cpu, bound=1.0),
            Figure(name=name, unit="wall-clock s", ours=wall),
            Figure.compare(
                f"{name}, compared with the same files without Jinja",
                "CPU s",
                [(ours, other) for ours, _, other, _ in rows],
            ),
        ]
    cpu, wall = _copy(folder / "clone", made, tasks=True)
    figures.append(Figure(name=_TASKED, unit="CPU s", ours=cpu))
    figures.append(Figure(name=_TASKED, unit="wall-clock s", ours=wall))
    return figures


def _floor(template: Path, destination: Path) -> Path:
    """Make a template of the rendered files: copying them is the least that any copy costs."""
    command = copier_copy(template, destination / "files", tasks=False)
    subprocess.run(command, cwd=template.parent, check=True)
    questions = "_subdirectory: files\npreset:\n  type: str\n  default: standard\n"
    (destination / "copier.yml").write_text(questions, encoding="utf-8")
    return destination


def _copy(template: Path, destination: Path, *, tasks: bool) -> tuple[float, float]:
    """Generate a service and delete it; return CPU time and wall-clock time, in s."""
    start = time.perf_counter()
    command = copier_copy(template, destination, tasks=tasks)
    cpu = run_cpu_seconds(command, variables=environment(), cwd=template.parent)
    wall = time.perf_counter() - start
    shutil.rmtree(destination)
    return cpu, wall
