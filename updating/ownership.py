"""Who owns a file of a generated project, as copier.yml declares it.

- template-owned: merged by every update;
- seeded: copied once, and then its owner's; a changed answer adds and drops it, a release does not;
- generated: made anew by a tool.
"""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path

import yaml
from pathspec import GitIgnoreSpec

GENERATED = (".copier-answers.yml", "uv.lock")
_SEEDED = re.compile(r"\{\{ '(?P<pattern>[^']+)' if _copier_operation == 'update' \}\}")


class Owner(StrEnum):
    """A class of files."""

    TEMPLATE = "template-owned"
    SEEDED = "seeded"
    GENERATED = "generated"


class Ownership:
    """Classes of files in one release.

    Args:
        template: Folder of the template.
    """

    def __init__(self, template: Path) -> None:
        table = yaml.safe_load((template / "copier.yml").read_text(encoding="utf-8"))["_exclude"]
        self.seeded = [match["pattern"] for entry in table if (match := _SEEDED.fullmatch(entry))]
        self._seeded = GitIgnoreSpec.from_lines(self.seeded)

    def owner(self, path: str) -> Owner:
        """The class that a file belongs to.

        Args:
            path: Where it is in the project.
        """
        if path in GENERATED:
            return Owner.GENERATED
        return Owner.SEEDED if self._seeded.match_file(path) else Owner.TEMPLATE
