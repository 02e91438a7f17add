"""Generation of `.env.example` from the settings."""

import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from .annotations import is_list, members, model_of
from .base import PartSettings
from .variables import as_text, default_variables

# A line break, or what begins a comment.
_NEEDS_QUOTES = re.compile(r"\n|\s#")
_NAMES: dict[Any, str] = {
    Decimal: "Number",
    bool: "One of: true, false",
    Path: "Path",
    date: "Date, such as 2026-01-31",
    datetime: "Time, such as 2026-01-31T12:00:00Z",
    timedelta: "Duration, such as PT1H30M",
}


def env_example(cls: type[PartSettings]) -> str:
    """Content of `.env.example`: every setting with its description, type and default.

    Args:
        cls: The settings class.
    """
    parts = ["# Every setting of this service. Copy it to .env and change what you need."]
    for variable in default_variables(cls):
        field, value = variable.field, variable.value
        default = value.get_secret_value() if isinstance(value, SecretStr) else as_text(value)
        meaning = f"# {field.description}\n" if field.description else ""
        parts.append(f"{meaning}# {_type_of(field)}\n#{variable.name}={_quoted(default)}")
    return "\n\n".join(parts) + "\n"


def _number(kind: type, field: FieldInfo) -> str:
    number = "Whole number" if kind is int else "Number"
    bounds = {type(limit).__name__: limit for limit in field.metadata}
    low, high = getattr(bounds.get("Ge"), "ge", None), getattr(bounds.get("Le"), "le", None)
    if low is not None and high is not None:
        return f"{number} from {low} to {high}"
    return number if low is None else f"{number}, at least {low}"


def _quoted(text: str) -> str:
    """A value of an env file, in quotes if it would be read as another one without."""
    if text == text.strip() and text[:1] not in ("'", '"') and not _NEEDS_QUOTES.search(text):
        return text
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _type_of(field: FieldInfo) -> str:
    kind, *others = members(field.annotation)
    if is_list(field.annotation):
        return "List, such as a,b"
    if others:
        return "Text"
    if get_origin(kind) is Literal:
        return "One of: " + ", ".join(map(str, get_args(kind)))
    if kind in (int, float):
        return _number(kind, field)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return "One of: " + ", ".join(as_text(member) for member in kind)
    if model_of(kind) or (get_origin(kind) or kind) is dict:
        return "JSON object"
    if kind in _NAMES:
        return _NAMES[kind]
    return "Text, secret" if field.annotation is SecretStr else "Text"
