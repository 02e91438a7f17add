"""`make test-mutations`: break the chassis of the complete service, and check that a test fails."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests import mutations
from tests.rendering import ROOT, answer_sets, export, render
from tests.test_generated import pythons

FOLDER = ROOT / "build" / "mutations"


def main(words: list[str]) -> int:
    """Apply the mutations in new projects, two per core.

    Args:
        words: Only mutations whose name contains one of these; none for all.

    Returns:
        Exit status: 1 if a mutation survived.
    """
    shutil.rmtree(FOLDER, ignore_errors=True)
    template, answers = export(FOLDER / "template"), answer_sets()["complete"]
    python = pythons()[str(answers["lowest_python"])]
    uv = Path(sys.executable).with_name("uv")
    projects = []
    for number in range(mutations.PROCESSES):
        projects.append(render(template, FOLDER / f"project-{number}", answers))
        subprocess.run(
            [uv, "sync", "--quiet", "--compile-bytecode"],
            cwd=projects[-1],
            # Without it, uv looks for the version that the service prefers, and fails at a command
            # of pyenv that is turned off.
            env={**os.environ, "UV_PYTHON": python},
            check=True,
        )
    return mutations.try_all(projects, words)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
