"""A page of 20 rows from PostgreSQL, compared with the same route written by hand."""

import subprocess
import sys
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

from tools.ports import free_port

from .figures import Figure
from .processes import environment
from .project import HERE, Project
from .servers import Pairs, Server, compare, generated, granian, serving

PATH = "/notes?limit=20"
ROWS = 20
REQUESTS = 800
# Neither of the others compresses.
UNCOMPRESSED = {"COMPRESSION": "false"}
PACKAGES = ("fastapi", "uvicorn[standard]", "sqlalchemy[asyncio]", "asyncpg")
FILL = f"""
import asyncio
from orbit.chassis.db.engine import Database
from orbit.db.models import Note
from orbit.settings import Settings

async def fill():
    async with Database.open(Settings()) as database, database.session.begin() as session:
        session.add_all(Note(title=f"Note {{n}}", body="a few words " * 9) for n in range({ROWS}))

asyncio.run(fill())
"""


def measure(project: Project, folder: Path, rounds: int) -> list[Figure]:
    """Measure start, requests and memory of a service that reads from its database.

    Args:
        project: The standard service, attached.
        folder: A folder for the environment of the application with FastAPI.
        rounds: Number of measurements; each starts both servers, in alternating order.
    """
    fill: list[str | Path] = [project.python, "-c", FILL]
    subprocess.run(fill, cwd=project.folder, env=project.environment(), check=True)
    ours = partial(generated, project, PATH, **UNCOMPRESSED)
    litestar = partial(granian, project, "rows_litestar:app", PATH)
    python = install_fastapi(project, folder)
    fastapi = partial(_uvicorn, project, python)
    return [
        *_figures(compare(ours, litestar, rounds, REQUESTS), "Litestar on Granian"),
        *_figures(compare(ours, fastapi, rounds, REQUESTS), "FastAPI on uvicorn", bound=1.0),
    ]


def _figures(pairs: Pairs, other: str, *, bound: float | None = None) -> list[Figure]:
    requests, memory, start = (
        f"rows: {what}, compared with {other}"
        for what in ("requests for 20 rows", "memory after load", "cold start")
    )
    at_most = None if bound else 1.15
    return [
        Figure.compare(requests, "per CPU s", pairs.rates, bound=bound, sense="at least"),
        Figure.compare(memory, "MB PSS", pairs.memories, bound=at_most, sense="at most"),
        Figure.compare(start, "CPU s", pairs.starts),
    ]


def install_fastapi(project: Project, folder: Path) -> Path:
    """Install FastAPI in an environment of its own, on the Python of the service.

    Args:
        project: The service.
        folder: A new folder for the environment.

    Returns:
        Path of its interpreter.
    """
    print(f"rows: installing {', '.join(PACKAGES)} in {folder}")
    uv = [sys.executable, "-m", "uv"]
    python = folder / "bin/python"
    for command in (
        [*uv, "venv", "--quiet", "--python", str(project.python.resolve()), str(folder)],
        [
            *uv,
            "pip",
            "install",
            "--quiet",
            "--compile-bytecode",
            "--python",
            str(python),
            *PACKAGES,
        ],
    ):
        subprocess.run(command, check=True)
    return python


def _uvicorn(project: Project, python: Path) -> AbstractContextManager[Server]:
    port = free_port()
    command: list[str | Path] = [
        *(python, "-m", "uvicorn", "--no-access-log", "--log-level", "warning"),
        *("--port", str(port), "rows_fastapi:app"),
    ]
    return serving(command, environment(**project.services), HERE / "bare", port, PATH)
