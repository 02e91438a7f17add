"""Tokens: where they come from, and how they stay out of everything that is printed."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

from .base import NotAllowed

LONGEST = 300
HIDDEN = "***"

_BASE64 = "A-Za-z0-9+/_-"


def token_name(spec: str) -> str:
    """The variable or file that has a token, as people know it.

    Args:
        spec: `env:NAME` or `file:PATH`.
    """
    return spec.partition(":")[2]


def read_token(spec: str) -> str:
    """Read a token.

    Args:
        spec: `env:NAME` or `file:PATH`.

    Raises:
        NotAllowed: When it is missing, empty, or of more than one line.
    """
    kind, _, name = spec.partition(":")
    if kind not in ("env", "file") or not name:
        raise NotAllowed('A token is "env:NAME" or "file:PATH": name the variable or file with it.')
    if kind == "env":
        if not (token := os.environ.get(name, "").strip()):
            raise NotAllowed(f"The variable {name} has no token: set it to one.")
    else:
        try:
            token = Path(name).expanduser().read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "it is not text"
            raise NotAllowed(f"The token in {name} cannot be read: {why}.") from error
        if not token:
            raise NotAllowed(f"The file {name} has no token: write one into it.")
    if not re.fullmatch(r"[!-~]+", token):
        raise NotAllowed(f"The token in {name} is none: it has spaces or other odd characters.")
    return token


def redact(text: str, secrets: Iterable[str]) -> str:
    """Make a text fit for an error: without secrets and control characters, and short.

    Args:
        text: What a forge or a library said.
        secrets: What must not be in it, in any of the forms in which HTTP carries it.
    """
    for secret in secrets:
        if secret:
            text = _without(text, secret)
    text = re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+", " ", text).strip()
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def _without(text: str, secret: str) -> str:
    for form in {secret, quote(secret, safe=""), quote(secret)}:
        text = re.sub(re.escape(form), HIDDEN, text, flags=re.IGNORECASE)
    # In base64 its characters depend on where in a group of three bytes it begins.
    for before in range(3):
        coded = base64.b64encode(b"\0" * before + secret.encode()).decode()
        whole = (before + len(secret)) // 3 * 4
        core = coded[-(-before * 8 // 6) : whole]
        for form in {core, core.translate(str.maketrans("+/", "-_"))}:
            if len(form) >= 4:
                text = re.sub(rf"[{_BASE64}]*{re.escape(form)}[{_BASE64}]*=*", HIDDEN, text)
    return text
