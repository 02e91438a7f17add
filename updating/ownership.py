"""Who owns a file of a generated project, as copier.yml declares it.

- template-owned: merged by every update;
- seeded: copied once, and then its owner's; a changed answer adds and drops it, a release does not;
- generated: made anew by a tool.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from enum import StrEnum

from pathspec import GitIgnoreSpec

GENERATED = (".copier-answers.yml", "uv.lock")
_SEEDED = re.compile(
    r"\{% if _copier_operation == 'update' %\}\n(?P<patterns>[^{}]+\n)\{% endif %\}\n?"
)
# Up to release 1.5.0, each pattern had an entry of its own.
_ONE_SEEDED = re.compile(r"\{\{ '(?P<patterns>[^']+)' if _copier_operation == 'update' \}\}")


class Owner(StrEnum):
    """A class of files."""

    TEMPLATE = "template-owned"
    SEEDED = "seeded"
    GENERATED = "generated"


class Ownership:
    """Classes of files in one release.

    Args:
        table: `_exclude` of its copier.yml.

    Attributes:
        seeded: Patterns of the files that are seeded.
    """

    def __init__(self, table: Iterable[str]) -> None:
        found = (_SEEDED.fullmatch(entry) or _ONE_SEEDED.fullmatch(entry) for entry in table)
        self.seeded = [
            pattern for match in found if match for pattern in match["patterns"].splitlines()
        ]
        self._seeded = GitIgnoreSpec.from_lines(self.seeded)
        # A project has some hundred paths, which are asked about for each side of the merge.
        self._known = functools.lru_cache(maxsize=4096)(self._owner)

    def owner(self, path: str) -> Owner:
        """The class that a file belongs to.

        Args:
            path: Where it is in the project.
        """
        return self._known(path)

    def _owner(self, path: str) -> Owner:
        if path in GENERATED:
            return Owner.GENERATED
        return Owner.SEEDED if self._seeded.match_file(path) else Owner.TEMPLATE
