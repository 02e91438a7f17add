"""The service with every part, on a route that uses none of them, and the cost of each layer."""

import json
import subprocess
from pathlib import Path
from statistics import median

from .figures import Figure
from .project import HERE, Project
from .web import PATH, compare


def measure(project: Project, rounds: int) -> list[Figure]:
    """Measure start, requests and layers.

    Args:
        project: The complete service, attached.
        rounds: Number of measurements.
    """
    pairs = compare(project, "web:app", rounds)
    requests = f"complete: requests at {PATH}"
    start = median(ours for ours, _ in pairs.starts)
    return [
        Figure(name="complete: cold start", unit="CPU s", ours=start, bound=2),
        Figure.compare(requests, "per CPU s", pairs.rates, bound=0.5, sense="at least"),
        Figure.compare("complete: memory after load", "MB PSS", pairs.memories),
        *_layers(project),
    ]


def _layers(project: Project) -> list[Figure]:
    file = project.folder / "layers.json"
    command: list[str | Path] = [project.python, HERE / "generated/layers.py", file]
    environment = project.environment()
    subprocess.run(
        command, cwd=project.folder, env=environment, check=True, stdout=subprocess.DEVNULL
    )
    figures: dict[str, float] = json.loads(file.read_text())
    bare = figures["bare Litestar"]
    return [
        Figure(name=f"layers: {name}", unit="µs", ours=figure, other=bare, ratio=figure / bare)
        for name, figure in figures.items()
    ]
