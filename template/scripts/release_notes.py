"""Print what the changelog says of a release, and refuse a tag that is none.

`python3 scripts/release_notes.py v1.2.3` compares the tag with pyproject.toml and CHANGELOG.md.
"""

import re
import sys
import tomllib
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]


def main() -> int:
    """Print the notes of the release that a tag names, and return an exit status."""
    if len(sys.argv) != 2:
        return refuse("Name one tag: python3 scripts/release_notes.py v1.2.3")
    tag = sys.argv[1]
    declared = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["version"]
    if tag != f"v{declared}":
        return refuse(f"The tag is {tag}, and pyproject.toml says {declared}: tag v{declared}.")
    notes = notes_of(declared, (PROJECT / "CHANGELOG.md").read_text(encoding="utf-8"))
    if not notes:
        return refuse(f'CHANGELOG.md says nothing of {declared}: write it below "## {declared}".')
    print(notes)
    return 0


def notes_of(version: str, changelog: str) -> str:
    """Take one release's section out of a changelog.

    Args:
        version: The release.
        changelog: Markdown with a heading of the second level for each release; what follows the
            version in a heading, such as a date, does not matter.

    Returns:
        What is below the heading, or an empty text.
    """
    heading = rf"^## \[?v?{re.escape(version)}(?![\w.+-]).*\n"
    found = re.search(rf"{heading}(?P<notes>(?:(?!## ).*(?:\n|\Z))*)", changelog, re.MULTILINE)
    return found["notes"].strip() if found else ""


def refuse(sentence: str) -> int:
    """Say what is wrong, and return the exit status for it."""
    print(sentence, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
