"""The comparison of this template with others, from their clones to a page."""

import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from tests.test_generated import pythons
from tests.updates.published import commit_all, git_in, publish, versions

from ..project import Project
from ..rows import install_fastapi
from ..scorecard.backing import Backing, backing
from ..scorecard.cards import fill_in
from ..scorecard.subject import Subject
from . import rounds, stages, updates
from .peer import OURS, Peer
from .result import Measured, Results, Stage, Updated
from .stages import NotDone

LITESTAR = "Litestar by hand"
FASTAPI = "FastAPI by hand"
Report = Callable[[str], None]


def compare(
    wanted: Sequence[Peer],
    clones: Path,
    folder: Path,
    count: int,
    *,
    conditions: str = "",
    cards: bool = True,
) -> Results:
    """Measure templates.

    Args:
        wanted: The templates, ours first.
        clones: Folder of their clones.
        folder: An empty folder to work in.
        count: Number of rounds.
        conditions: What else the machine does, in words.
        cards: Whether to fill in the scorecard.
    """

    def report(line: str) -> None:
        print(f"peers: {line}", file=sys.stderr, flush=True)

    results = Results(_machine(), conditions, count, [])
    with backing(folder / "data", extensions=True) as servers:
        contestants = []
        for peer in wanted:
            measured, contestant = _prepare(peer, clones, folder / peer.key, servers, report)
            results.measured.append(measured)
            contestants += contestant
            if peer.key == OURS and contestant:
                subject = Subject(
                    peer.description, folder / OURS / "project", folder / OURS, servers
                )
                hand = _by_hand(subject, servers, folder / "fastapi")
                results.measured += [each.measured for each in hand]
                contestants += hand
        rounds.measure(contestants, count, report)
        for peer in wanted:
            found = results.one(peer.description.name)
            if cards and found and "install" in found.stages and found.stages["install"].done:
                report(f"scorecard of {peer.key}")
                scratch = folder / f"{peer.key}-card"
                scratch.mkdir()
                project = folder / peer.key / "project"
                subject = Subject(peer.description, project, scratch, servers)
                subject.variables = {"UV_PYTHON": _python(peer) or ""}
                found.card = fill_in(subject, report=report)
    # Outputs that were quoted name the folder.
    document = json.dumps(results.as_json()).replace(f"{folder}/", "")
    return Results.of(json.loads(document))


def _machine() -> str:
    return f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()}"


def _python(peer: Peer) -> str | None:
    return pythons().get(peer.python)


def _prepare(
    peer: Peer, clones: Path, folder: Path, servers: Backing, report: Report
) -> tuple[Measured, list[rounds.Contestant]]:
    """Generate, install, start, test and update a project."""
    name = peer.description.name
    measured = Measured(name, peer.about, python=peer.python, instead=list(peer.instead))
    measured.cannot.update(peer.cannot)
    folder.mkdir(parents=True)
    if (python := _python(peer)) is None:
        measured.cannot["generate"] = f"there is no Python {peer.python} on this machine"
        return measured, []
    clone = publish(folder / "published") if peer.key == OURS else clones / peer.clone
    measured.version = _version(clone)
    variables = stages.variables(python, folder)
    values = {
        "clone": str(clone),
        "folder": str(folder / "project"),
        "python": python,
        "tool": sys.executable,
    }
    values["version"] = _newest(clone) if peer.key == OURS else "HEAD"
    for stage, commands in (("generate", peer.generate), ("install", peer.install)):
        report(f"{stage} {peer.key}")
        where = folder if stage == "generate" else folder / "project"
        done = stages.run_stage(commands, values, where, variables)
        measured.stages[stage] = done
        if not done.done:
            return measured, []
    _commit(folder / "project")
    scratch = folder / "scratch"
    scratch.mkdir()
    subject = Subject(peer.description, folder / "project", scratch, servers)
    subject.variables = {"UV_PYTHON": python}
    contestants = []
    used = subject.values()
    if peer.description.service and "first answer" not in peer.cannot:
        try:
            measured.stages["first answer"], used = stages.first_answer(subject)
            contestants.append(_contestant(subject, measured, used))
        except (NotDone, RuntimeError) as error:
            measured.stages["first answer"] = Stage(0, 0, str(error), done=False)
            report(str(error))
    if "tests" in peer.description.commands and "tests" not in peer.cannot:
        report(f"tests of {peer.key}")
        measured.stages["tests"] = stages.run_tests(subject, subject.migrated())
    if peer.update and "update" not in peer.cannot:
        report(f"update of {peer.key}")
        update = peer if peer.key != OURS else _ours(peer, clone)
        measured.updated = _updated(update, clone, folder / "update", values, variables)
        report(f"{measured.updated}")
    return measured, contestants


def _contestant(subject: Subject, measured: Measured, values: dict[str, str]) -> rounds.Contestant:
    headers = subject.seed(values)
    paths = subject.description.paths
    return rounds.Contestant(
        measured,
        partial(rounds.generated, subject, values),
        "" if "health" in measured.cannot else paths["live"],
        "" if "rows" in measured.cannot else paths.get("rows", ""),
        headers,
    )


def _updated(
    peer: Peer, clone: Path, folder: Path, values: dict[str, str], variables: dict[str, str]
) -> Updated:
    try:
        return updates.measure(peer, clone, folder, values, variables)
    except (NotDone, subprocess.CalledProcessError) as error:
        edits = len(peer.update.edits) if peer.update else 0
        return Updated(edits, 0, 0, 0, str(error))


def _ours(peer: Peer, clone: Path) -> Peer:
    """This template, with its last release as the older version."""
    assert peer.update
    return replace(peer, update=replace(peer.update, old=versions(clone)[-2]))


def _newest(clone: Path) -> str:
    return versions(clone)[-1]


def _version(clone: Path) -> str:
    command = ["git", "describe", "--tags", "--always"]
    return subprocess.run(
        command, cwd=clone, capture_output=True, text=True, check=False
    ).stdout.strip()


def _commit(project: Path) -> None:
    git = git_in(project)
    if not (project / ".git").exists():
        git.run("init", "--quiet", "--initial-branch", "main")
    # Clones and some generators have committed everything.
    if not git.succeeds("rev-parse", "--verify", "--quiet", "HEAD"):
        commit_all(project, "Generate")


def _by_hand(subject: Subject, servers: Backing, folder: Path) -> list[rounds.Contestant]:
    """The applications of `bare`, with a database of the notes of our project."""
    values = subject.migrated()
    subject.seed(values)
    variables = {"DATABASE_URL": values["database"], "REDIS_URL": values["redis"]}
    project = Project(subject.folder, variables)
    python = install_fastapi(project, folder)
    granian: list[str | Path] = [
        *(project.folder / ".venv/bin/granian", "--interface", "asgi", "--no-ws"),
        *("--workers", "1", "rows_litestar:app"),
    ]
    uvicorn: list[str | Path] = [
        *(python, "-m", "uvicorn", "--no-access-log", "--log-level", "warning"),
        "rows_fastapi:app",
    ]
    hand = ((LITESTAR, "Litestar on Granian", granian), (FASTAPI, "FastAPI on uvicorn", uvicorn))
    return [
        rounds.Contestant(
            Measured(name, about, by_hand=True),
            partial(rounds.by_hand, command, variables, "/health/live"),
            "/health/live",
            "/notes?limit=20",
        )
        for name, about, command in hand
    ]


def write(results: Results, file: Path) -> None:
    """Write results to a file.

    Args:
        results: The results.
        file: The file.
    """
    file.write_text(json.dumps(results.as_json(), indent=1) + "\n", encoding="utf-8")


def read(file: Path) -> Results:
    """Read results.

    Args:
        file: A file that `write` wrote.
    """
    return Results.of(json.loads(file.read_text(encoding="utf-8")))
