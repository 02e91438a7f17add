"""The web process, compared with bare Litestar applications on the same server."""

from functools import partial

from .figures import Figure
from .project import Project
from .servers import Pairs, generated, granian
from .servers import compare as compare_servers

PATH = "/health/live"
REQUESTS = 1_600
# The access log of the server; the generated service writes its own.
ACCESS_LOG = "--access-log"


def measure(project: Project, minimal: Project, rounds: int) -> list[Figure]:
    """Measure start, requests and memory.

    Args:
        project: The service, attached.
        minimal: The minimal service, which has no backing services.
        rounds: Number of measurements; each starts both servers, in alternating order.
    """
    return [
        *_figures(compare(project, "web:app", rounds), ""),
        *_figures(compare(project, "attached:app", rounds), ", both attached"),
        *_figures(compare(minimal, "web:app", rounds), ", the minimal service"),
        _requests(compare(project, "web:app", rounds, ACCESS_LOG), ", both with an access log"),
    ]


def _figures(pairs: Pairs, which: str) -> list[Figure]:
    start, memory = (
        f"web: cold start until the first response{which}",
        f"web: memory after load{which}",
    )
    return [
        Figure.compare(start, "CPU s", pairs.starts, bound=1.3, sense="at most"),
        _requests(pairs, which),
        Figure.compare(memory, "MB PSS", pairs.memories, bound=1.4, sense="at most"),
    ]


def _requests(pairs: Pairs, which: str) -> Figure:
    what = f"web: requests at {PATH}{which}"
    return Figure.compare(what, "per CPU s", pairs.rates, bound=0.8, sense="at least")


def compare(project: Project, other: str, rounds: int, *options: str) -> Pairs:
    """Measure a service and another application in turn.

    Args:
        project: The service, attached.
        other: The other application, as `module:name` in `bare`.
        rounds: Number of measurements.
        options: Options for the server of the other one.
    """
    ours = partial(generated, project, PATH)
    bare = partial(granian, project, other, PATH, options)
    return compare_servers(ours, bare, rounds, REQUESTS)
