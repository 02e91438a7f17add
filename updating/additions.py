"""Merging files to which a side adds lines where the other adds, changes or removes others."""

from __future__ import annotations

import re

from .git import Git
from .scratch import scratch_folder

_NAMES = ("first", "base", "second")
# Longer than any line of these characters that a file may have.
_WIDTH = 60
_CONFLICT = re.compile(
    rb"^<{60} first\r?\n(?P<first>(?s:.*?))^\|{60} base\r?\n(?P<base>(?s:.*?))"
    rb"^={60}\r?\n(?P<second>(?s:.*?))^>{60} second(?:\r?\n|\Z)",
    re.MULTILINE,
)
_BLANK = ([b"\n"], [b"\r\n"])


class _Conflict(Exception):
    """Both versions differ in the same lines of the ancestor."""


def one_after_the_other(
    first: bytes, base: bytes, second: bytes, *, common_once: bool = False
) -> bytes | None:
    """Merge two versions of a file, of which one only adds lines in each place where both differ.

    Additions of both to the same place stand one after the other. Additions around lines that the
    other version changes or removes stay where they are.

    Args:
        first: The version whose lines come first.
        base: The common ancestor.
        second: The other version.
        common_once: Whether lines that both add are added once.

    Returns:
        The merged file; None if both versions differ in the same lines of the ancestor.
    """
    with scratch_folder() as folder:
        for name, content in zip(_NAMES, (first, base, second), strict=True):
            (folder / name).write_bytes(content)
        marked = Git(folder).run(
            *("merge-file", "--stdout", "--diff3", f"--marker-size={_WIDTH}", *_NAMES),
            accept=range(128),
        )[1]

    def resolve(conflict: re.Match[bytes]) -> bytes:
        versions = [conflict[name].splitlines(keepends=True) for name in _NAMES]
        lines = _resolved(*versions, common_once=common_once)
        # Removed lines leave the blank lines before and after them.
        if (
            conflict["base"]
            and lines[:1] in _BLANK
            and marked[: conflict.start()].endswith((b"\n\n", b"\n\r\n"))
        ):
            del lines[0]
        return b"".join(lines)

    try:
        return _CONFLICT.sub(resolve, marked)
    except _Conflict:
        return None


def _resolved(
    first: list[bytes], base: list[bytes], second: list[bytes], *, common_once: bool
) -> list[bytes]:
    if not base:
        return [*first, *(line for line in second if not common_once or line not in first)]
    for adding, other in ((first, second), (second, first)):
        for start in range(len(adding) - len(base) + 1):
            end = start + len(base)
            if adding[start:end] == base:
                return [*adding[:start], *other, *adding[end:]]
    raise _Conflict
