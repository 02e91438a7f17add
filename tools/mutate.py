"""`make test-mutations`: generate the complete service, break its chassis, and see who notices."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from tests import mutations
from tests.rendering import ROOT, answer_sets, export, render

FOLDER = ROOT / "build" / "mutations"


def main(words: list[str]) -> int:
    """Try the mutations out in a fresh project.

    Args:
        words: Only mutations whose name contains one of these; none for all.

    Returns:
        Exit status: 1 if a mutation survived.
    """
    shutil.rmtree(FOLDER, ignore_errors=True)
    project = render(export(FOLDER / "template"), FOLDER / "project", answer_sets()["complete"])
    uv = Path(sys.executable).with_name("uv")
    subprocess.run([uv, "sync", "--quiet"], cwd=project, check=True)
    return mutations.main([str(project), *words])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
