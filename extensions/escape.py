"""Filters that write any text as a literal of the format it is rendered into."""

from __future__ import annotations

import re
import shlex

from jinja2 import Environment
from jinja2.ext import Extension

# Fixed ranges instead of `str.isprintable`, whose result depends on the Python version: an answer
# has to render the same on all versions.
_INVISIBLE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufffe\uffff]"
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_SHORT_ESCAPES = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}

_MARKDOWN_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;"})
# An underscore inside a word is never emphasis: `snake_case` stays readable.
_MARKDOWN_MARKUP = re.compile(r"[\\`*\[\]>~|]|(?<![^\W_])_|_(?![^\W_])|(?<!\S)#")
_MARKDOWN_BLOCK_START = re.compile(r"^(\d+(?=[.)](\s|$))|(?=[-+=]))")


def toml(text: str) -> str:
    """Write text as a TOML basic string.

    Args:
        text: Any text without surrogates.

    Returns:
        The literal with its double quotes, on one line.

    Raises:
        TypeError: If the value is not text.
    """
    return _double_quoted(text)


def yaml(text: str) -> str:
    """Write text as a double-quoted YAML scalar.

    Args:
        text: Any text without surrogates.

    Returns:
        The scalar with its double quotes, on one line.

    Raises:
        TypeError: If the value is not text.
    """
    return _double_quoted(text)


def json(text: str) -> str:
    """Write text as a JSON string.

    Args:
        text: Any text without surrogates.

    Returns:
        The literal with its double quotes, on one line.

    Raises:
        TypeError: If the value is not text.
    """
    return _double_quoted(text)


def python(text: str) -> str:
    """Write text as a Python string literal that `ruff format` leaves as it is.

    Args:
        text: Any text without surrogates.

    Returns:
        The literal with its quotes, on one line: single quotes only where they save escapes.

    Raises:
        TypeError: If the value is not text.
    """
    text = _checked(text)
    if text.count('"') > text.count("'"):
        return "'" + _escaped(text).replace("'", r"\'") + "'"
    return _double_quoted(text)


def shell(text: str) -> str:
    """Write text as one word of a POSIX shell.

    Args:
        text: Any text without NUL.

    Returns:
        The word, quoted where it has to be.

    Raises:
        TypeError: If the value is not text.
        ValueError: If the text has a NUL character.
    """
    text = _checked(text)
    if "\0" in text:
        raise ValueError("A shell word cannot have a NUL character: leave it out.")
    return shlex.quote(text)


def dockerfile(text: str) -> str:
    """Write text as the value of a LABEL or ENV instruction.

    Args:
        text: Text on one line.

    Returns:
        The value with its quotes.

    Raises:
        TypeError: If the value is not text.
        ValueError: If the text has a line break or another control character.
    """
    text = _checked(text)
    if _CONTROL.search(text.replace("\t", "")):
        raise ValueError(
            "A Dockerfile value cannot have line breaks or control characters: type it on one line."
        )
    if any(special in text for special in '\\$"'):
        # Parsers treat backslashes in double quotes differently. In single quotes, all of them read
        # every character literally, even with an `# escape=` directive.
        return "'" + text.replace("'", "'\"'\"'") + "'"
    return f'"{text}"'


def markdown(text: str) -> str:
    """Write text so that CommonMark renders it literally, at any place inside a line.

    GitHub turns plain web and mail addresses into links even if they are escaped.

    Args:
        text: Any text; each run of whitespace and control characters becomes one space.

    Returns:
        The inline text, without surrounding whitespace.

    Raises:
        TypeError: If the value is not text.
    """
    folded = " ".join(_CONTROL.sub(" ", _checked(text)).split())
    literal = _MARKDOWN_MARKUP.sub(r"\\\g<0>", folded).translate(_MARKDOWN_ENTITIES)
    return _MARKDOWN_BLOCK_START.sub(r"\g<0>\\", literal)


class EscapeFilters(Extension):
    """Adds one filter for each format that an answer is rendered into."""

    def __init__(self, environment: Environment) -> None:
        """Add the filters.

        Args:
            environment: The Jinja environment.
        """
        super().__init__(environment)
        environment.filters.update(
            toml=toml,
            yaml=yaml,
            json=json,
            python=python,
            shell=shell,
            dockerfile=dockerfile,
            markdown=markdown,
        )


def _checked(value: object) -> str:
    if isinstance(value, str):
        return value
    # Formatting a strict undefined value raises Jinja's own error, which names the variable.
    raise TypeError(f"Expected text, not {type(value).__name__}: {value}")


def _double_quoted(text: str) -> str:
    return '"' + _escaped(text).replace('"', r"\"") + '"'


def _escaped(text: str) -> str:
    return _INVISIBLE.sub(_escape_sequence, _checked(text).replace("\\", r"\\"))


def _escape_sequence(match: re.Match[str]) -> str:
    character = match.group()
    return _SHORT_ESCAPES.get(character, f"\\u{ord(character):04x}")
