"""`make release-check`: list the releases, and check whether this tree can be the next one.

`--tag` tags each release that has no tag yet, as the release workflow does. `--tag --sign` signs
these tags, for projects that accept signed releases only.
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path

from packaging.version import Version

from tools.pins import Pins
from updating.errors import UpdateError
from updating.git import Git
from updating.releases import Release, releases

ROOT = Path(__file__).parents[1]
# At a release, pins are not older.
PINS = timedelta(days=30)


def main() -> int:
    """Run the command, and return its exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tag", action="store_true", help="tag releases that have no tag")
    parser.add_argument("--sign", action="store_true", help="with git's own settings for signing")
    options = parser.parse_args()
    git = Git(ROOT)
    try:
        found = releases(git)
    except UpdateError as error:
        print(error, file=sys.stderr)
        return 1
    for release in found:
        print(f"{release.version}  {git.text('log', '-1', '--format=%h %cs %s', release.commit)}")
    if options.tag:
        for release in found:
            tag(git, release, sign=options.sign)
    problems = list(check(found))
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


def tag(git: Git, release: Release, *, sign: bool = False) -> None:
    """Tag a release, unless it is tagged.

    Args:
        git: The repository.
        release: The release.
        sign: Whether to sign the tag, with the key and format of git's settings.
    """
    name = str(release.version)
    if not git.succeeds("rev-parse", "--verify", f"refs/tags/{name}"):
        signing = ("--sign", "--message", f"Release {name}") if sign else ()
        git.run("tag", *signing, name, release.commit)


def check(found: list[Release]) -> list[str]:
    """Find problems that prevent a release of this tree.

    Args:
        found: The existing releases.

    Returns:
        A sentence for each problem.
    """
    problems = []
    version = Version(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"])
    title, notes = newest_entry((ROOT / "CHANGELOG.md").read_text())
    if title not in (str(version), "Unreleased"):
        problems.append(f"CHANGELOG.md begins with {title}, and pyproject.toml declares {version}.")
    if "To do when updating:" not in notes:
        problems.append(f'The entry {title} of CHANGELOG.md lacks "To do when updating:".')
    if found and version < found[-1].version:
        problems.append(f"{version} is declared, and {found[-1].version} was released already.")
    refreshed = Pins.read().refreshed
    if datetime.now(UTC).date() - refreshed > PINS:
        problems.append(f"The pins were looked up on {refreshed}: run make pins.")
    for module in (ROOT / "migrations").glob("v*.py"):
        named = Version(module.stem.removeprefix("v").replace("_", "."))
        if named > version and title != "Unreleased":
            problems.append(f"migrations/{module.name} is for {named}, which is not yet declared.")
    return problems


def newest_entry(changelog: str) -> tuple[str, str]:
    """The title and the text of the first entry of a changelog.

    Args:
        changelog: The changelog.
    """
    title, _, rest = changelog.partition("\n## ")[2].partition("\n")
    return title.strip(), rest.partition("\n## ")[0]


if __name__ == "__main__":
    sys.exit(main())
