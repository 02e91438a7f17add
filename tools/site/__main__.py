"""`make site`: build the site of the template into build/site, and check its links."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.rendering import ROOT

from .assemble import assemble
from .example import generate
from .links import broken

ZENSICAL = Path(sys.executable).with_name("zensical")


def main(arguments: list[str]) -> int:
    """Build the site.

    Args:
        arguments: Those of the command line.

    Returns:
        Exit status: 1 if a link is broken.
    """
    parser = argparse.ArgumentParser(prog="make site", description=__doc__)
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "site")
    folder = parser.parse_args(arguments).folder.resolve()
    if not build(ROOT, folder):
        return 1
    problems = list(broken(folder))
    for problem in problems:
        print(problem, file=sys.stderr)
    if not problems:
        print(f"The site is {folder / 'index.html'}.")
    return 1 if problems else 0


def build(root: Path, folder: Path) -> bool:
    """Build the site in a folder, and replace what is there.

    Args:
        root: A checkout of the template.
        folder: The folder.

    Returns:
        Whether it was built; if not, Zensical has printed why.
    """
    with tempfile.TemporaryDirectory(prefix="site-") as scratch:
        work = Path(scratch, "site")
        assemble(root, generate(Path(scratch)), work / "docs")
        shutil.copy(Path(__file__).with_name("zensical.toml"), work)
        done = subprocess.run([ZENSICAL, "build", "--strict"], cwd=work, check=False)
        if done.returncode:
            return False
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(work / "site", folder)
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
