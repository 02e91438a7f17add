"""Print the changelog of a release, and check its tag.

`python3 scripts/release_notes.py v1.2.3` compares the tag with pyproject.toml and CHANGELOG.md.
"""

import re
import sys
import tomllib
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]


def main() -> int:
    """Print the release notes of a tag, and return an exit status."""
    if len(sys.argv) != 2:
        return refuse("Usage: python3 scripts/release_notes.py v1.2.3")
    tag = sys.argv[1]
    declared = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["version"]
    if tag != f"v{declared}":
        return refuse(f"The tag is {tag}, and pyproject.toml says {declared}: tag v{declared}.")
    notes = notes_of(declared, (PROJECT / "CHANGELOG.md").read_text(encoding="utf-8"))
    if not notes:
        return refuse(f'CHANGELOG.md has no entry for {declared}: add it below "## {declared}".')
    print(notes)
    return 0


def notes_of(version: str, changelog: str) -> str:
    """Extract the section of a release from a changelog.

    Args:
        version: The release.
        changelog: Markdown with a second-level heading for each release; text after the version,
            such as a date, is ignored.

    Returns:
        Text below the heading, or an empty string.
    """
    heading = rf"^## \[?v?{re.escape(version)}(?![\w.+-]).*\n"
    found = re.search(rf"{heading}(?P<notes>(?:(?!## ).*(?:\n|\Z))*)", changelog, re.MULTILINE)
    return found["notes"].strip() if found else ""


def refuse(sentence: str) -> int:
    """Print an error, and return its exit status."""
    print(sentence, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
