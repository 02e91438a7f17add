"""Escaping control characters in untrusted texts."""

from __future__ import annotations

import re

# Control characters (terminals execute some, XML does not allow most), line separators, marks that
# change the text direction, surrogates and noncharacters.
_ACTING = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]",
)


def visible(text: str) -> str:
    r"""Replace control and formatting characters by their escapes, such as `\x1b`.

    Args:
        text: A single line.
    """
    return _ACTING.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
