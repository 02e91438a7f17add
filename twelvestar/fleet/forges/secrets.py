"""Reading tokens, and redacting them."""

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
    """The variable or file that has a token.

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
        raise NotAllowed(
            'A token must be "env:NAME" or "file:PATH": the variable or file that has it.'
        )
    if kind == "env":
        if not (token := os.environ.get(name, "").strip()):
            raise NotAllowed(f"The variable {name} is empty: set it to a token.")
    else:
        try:
            token = Path(name).expanduser().read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "it is not text"
            raise NotAllowed(f"The token in {name} cannot be read: {why}.") from error
        if not token:
            raise NotAllowed(f"The file {name} is empty: write a token into it.")
    if not re.fullmatch(r"[!-~]+", token):
        raise NotAllowed(
            f"The token in {name} is invalid: it has spaces or unprintable characters."
        )
    return token


def redact(text: str, secrets: Iterable[str]) -> str:
    """Prepare a text for an error: remove secrets and control characters, and shorten it.

    Args:
        text: A message of a forge or a library.
        secrets: Secrets to remove, in all encodings that HTTP uses.
    """
    for secret in secrets:
        if secret:
            text = _without(text, secret)
    text = re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+", " ", text).strip()
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def _without(text: str, secret: str) -> str:
    for form in {secret, quote(secret, safe=""), quote(secret)}:
        text = re.sub(re.escape(form), HIDDEN, text, flags=re.IGNORECASE)
    # Its base64 form depends on its position within a group of three bytes.
    for before in range(3):
        coded = base64.b64encode(b"\0" * before + secret.encode()).decode()
        whole = (before + len(secret)) // 3 * 4
        core = coded[-(-before * 8 // 6) : whole]
        for form in {core, core.translate(str.maketrans("+/", "-_"))}:
            if len(form) >= 4:
                text = re.sub(rf"[{_BASE64}]*{re.escape(form)}[{_BASE64}]*=*", HIDDEN, text)
    return text
