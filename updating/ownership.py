"""Who owns a file of a generated project, as copier.yml declares it.

- template-owned: merged by every update;
- seeded: generated once, and then the project's; changed by new answers, not by releases;
- generated: written again by a tool.
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
# Up to release 1.5.0, each pattern was a separate entry.
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
        # Cached, because each side of the merge asks about the same few hundred paths.
        self._known = functools.lru_cache(maxsize=4096)(self._owner)

    def owner(self, path: str) -> Owner:
        """The class that a file belongs to.

        Args:
            path: Its path in the project.
        """
        return self._known(path)

    def _owner(self, path: str) -> Owner:
        if path in GENERATED:
            return Owner.GENERATED
        return Owner.SEEDED if self._seeded.match_file(path) else Owner.TEMPLATE
