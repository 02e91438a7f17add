"""Texts of strangers, such that nothing in them acts on what shows them."""

from __future__ import annotations

import re

# Control characters (a terminal obeys some, XML has none), separators of lines, marks that turn
# the direction of what follows, halves of characters and what is none.
_ACTING = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]",
)


def visible(text: str) -> str:
    r"""Replace characters that are obeyed rather than shown by their escapes, such as `\x1b`.

    Args:
        text: A text of one line.
    """
    return _ACTING.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
