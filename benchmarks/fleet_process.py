"""One process that updates many projects, and says what each update took.

Its arguments are the template, a folder for renders or `-`, and the projects.
"""

import json
import os
import sys
from pathlib import Path

from updating.shared import Shared
from updating.update import update


def main() -> None:
    """Update, and print a line for each update."""
    template, kept, *projects = sys.argv[1:]
    with Shared(renders=None if kept == "-" else Path(kept)) as shared:
        for project in projects:
            before = os.times()
            report = update(Path(project), template=template, shared=shared)
            after = os.times()
            line = {
                "seconds": sum(after[:4]) - sum(before[:4]),
                "changed": report.commit is not None,
                "conflicts": len(report.conflicts),
                "memory": _resident(),
                "folder": _size(shared.folder),
            }
            print(json.dumps(line), flush=True)


def _resident() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def _size(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 2**20


if __name__ == "__main__":
    main()
