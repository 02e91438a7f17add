"""One process that updates many projects, and prints the cost of each update.

Its arguments are the template, a folder for cached renderings or `-`, and the projects.
"""

import json
import os
import resource
import sys
import time
from pathlib import Path

from updating.shared import Shared
from updating.update import update


def main() -> None:
    """Update, and print a line for each update."""
    template, cache, *projects = sys.argv[1:]
    with Shared(renders=None if cache == "-" else Path(cache)) as shared:
        for project in projects:
            before = _seconds()
            report = update(Path(project), template=template, shared=shared)
            line = {
                "seconds": _seconds() - before,
                "changed": report.commit is not None,
                "conflicts": len(report.conflicts),
                "memory": _resident(),
                "folder": _size(shared.folder),
            }
            print(json.dumps(line), flush=True)


def _seconds() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def _resident() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def _size(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 2**20


if __name__ == "__main__":
    main()
