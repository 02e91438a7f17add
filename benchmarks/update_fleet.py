"""Updates of many projects in one process, compared with `copier update` and a merge by hand.

The projects have no lock file, because the time of `uv lock` does not depend on this code.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import yaml

from tests.rendering import ROOT, answer_sets
from tests.updates.published import IDENTITY, generate, publish, versions
from updating.shared import Shared

from .figures import Figure
from .processes import environment, run_cpu_seconds
from .update_service import BY_HAND

SETS = ("standard", "minimal", "complete", "mysql", "worker_only", "odd_names")
FLEET = 60
SIZES = (10, 60, 300)


def measure(folder: Path, rounds: int) -> list[Figure]:
    """Measure updates of a fleet.

    Args:
        folder: An empty folder to work in.
        rounds: How many projects are updated by Copier and by hand.
    """
    template = publish(folder / "published")
    old, new = versions(template)[-2:]
    cache = folder / "cache"
    with Shared(renders=cache) as shared:
        projects = [
            generate(shared, template, old, _answers(at), folder / "generated" / f"p{at}")
            for at in range(max(SIZES))
        ]
    fleet = projects[:FLEET]

    plain = _updated(template, None, _copies(fleet, folder / "plain"))
    stored = _updated(template, cache, _copies(fleet, folder / "stored"))
    current = _updated(template, None, sorted((folder / "plain").iterdir()))
    cold = [_cold(copy) for copy in _copies(fleet[: len(SETS)], folder / "cold")]
    grown = _updated(template, None, _copies(projects, folder / "grown"))
    assert all(line["changed"] and not line["conflicts"] for line in (*plain, *stored, *grown))
    assert not any(line["changed"] for line in current)

    named = {"PYTHON": sys.executable, "TEMPLATE": str(template), "OLD": old, "NEW": new}
    ours, by_hand, with_copier = [], [], []
    for at in range(rounds):
        ours.append(plain[len(SETS) + at]["seconds"])
        answers = folder / "answers.yml"
        answers.write_text(yaml.safe_dump(_answers(len(SETS) + at)))
        by_hand.append(_by_hand(folder / "hand", {**named, "ANSWERS": str(answers)}))
        with_copier.append(_with_copier(fleet[len(SETS) + at], folder / "copier"))

    name = f"fleet: an update of {FLEET} projects in one process"
    return [
        _figure(name, plain, 0.6),
        _figure(f"{name}, the old release cached", stored, 0.35),
        _figure("fleet: check of a project that is up to date", current, 0.03),
        Figure(name="fleet: one update in a separate process", unit="CPU s",
               ours=median(cold), bound=2),
        Figure.compare(f"{name}, compared with the same by hand", "CPU s",
                       list(zip(ours, by_hand, strict=True))),
        Figure.compare(f"{name}, compared with `copier update`", "CPU s",
                       list(zip(ours, with_copier, strict=True))),
        *(figure for size in SIZES for figure in _growth(size, grown[:size])),
    ]  # fmt: skip


def _figure(name: str, lines: Sequence[Mapping[str, Any]], bound: float) -> Figure:
    seconds = median(line["seconds"] for line in lines)
    return Figure(name=f"{name}, the median", unit="CPU s", ours=seconds, bound=bound)


def _growth(size: int, lines: Sequence[Mapping[str, Any]]) -> list[Figure]:
    seconds = sum(line["seconds"] for line in lines)
    about = {"memory": "memory", "folder": "temporary files"}
    return [
        Figure(name=f"fleet: {size} projects, each", unit="CPU s", ours=seconds / size),
        *(
            Figure(
                name=f"fleet: {size} projects, {what} at the end",
                unit="MB",
                ours=lines[-1][key],
                bound=100,
            )
            for key, what in about.items()
        ),
    ]


def _answers(at: int) -> dict[str, Any]:
    """Answers of a project; each has another name, and therefore another rendering."""
    return {**answer_sets()[SETS[at % len(SETS)]], "project_name": f"Project {at}"}


def _copies(projects: Sequence[Path], folder: Path) -> list[Path]:
    for project in projects:
        shutil.copytree(project, folder / project.name, symlinks=True)
    return [folder / project.name for project in projects]


def _updated(template: Path, cache: Path | None, projects: Sequence[Path]) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "benchmarks.fleet_process", template, cache or "-", *projects]
    variables = environment(PYTHONPATH=str(ROOT), **IDENTITY)
    done = subprocess.run(
        command, env=variables, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def _cold(project: Path) -> float:
    variables = environment(PYTHONPATH=str(ROOT), **IDENTITY)
    return run_cpu_seconds([sys.executable, "-m", "updating"], variables=variables, cwd=project)


def _by_hand(folder: Path, named: Mapping[str, str]) -> float:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    variables = environment(**IDENTITY, **named)
    return run_cpu_seconds(["bash", "-c", BY_HAND], variables=variables, cwd=folder)


def _with_copier(project: Path, folder: Path) -> float:
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(project, folder, symlinks=True)
    command = [sys.executable, "-m", "copier", "update", "--defaults", "--trust"]
    variables = environment(PYTHONPATH=str(ROOT), **IDENTITY)
    return run_cpu_seconds(command, variables=variables, cwd=folder)
