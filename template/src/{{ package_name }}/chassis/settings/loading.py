"""Loading of the settings when a process starts."""

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_settings import BaseSettings, SettingsError

from .annotations import is_list, model_of

S = TypeVar("S", bound=BaseSettings)

# Message of pydantic-settings if the value of a complex setting cannot be decoded.
_NOT_DECODED = re.compile(r'error parsing value for field "(\w+)"')
_UNREADABLE = (OSError, UnicodeDecodeError)
# Types of errors whose messages contain a part of the value.
_SHOWING = {"import_error", "union_tag_invalid", "uuid_parsing"}


def load_settings(cls: type[S]) -> S:
    """Load the settings of a process.

    Args:
        cls: The settings class, usually `Settings`.

    Raises:
        SystemExit: With status 2, after one line per invalid variable, or one about a source that
            cannot be read, on stderr. The lines do not contain values.
    """
    try:
        return cls()
    except ValidationError as error:
        problems = [_sentence(cls, problem) for problem in error.errors(include_url=False)]
    except SettingsError as error:
        undecoded = _NOT_DECODED.match(str(error))
        # Other messages are about a source that cannot be read.
        problems = [_undecoded(cls, undecoded[1]) if undecoded else str(error)]
    except _UNREADABLE:
        problems = list(_unreadable_files(cls))
        if not problems:
            raise
    print("\n".join(problems), file=sys.stderr)
    raise SystemExit(2)


def _sentence(cls: type[BaseSettings], problem: Any) -> str:
    """One line about an invalid value, without the value."""
    message = problem["msg"].removeprefix("Value error, ")
    if problem["type"] in _SHOWING:
        message = "Invalid value."
    return f"{_variable(cls, problem['loc'])}: {message}" if problem["loc"] else message


def _variable(cls: type[BaseSettings], location: tuple[int | str, ...]) -> str:
    """Name of the variable of a value; keys of a `dict` are values too, and left out."""
    names = [str(location[0])]
    fields = cls.model_fields
    for name in map(str, location[1:]):
        model = model_of(fields[names[-1]].annotation) if names[-1] in fields else None
        if model is None or name not in model.model_fields:
            break
        fields = model.model_fields
        names.append(name)
    return (cls.model_config.get("env_nested_delimiter") or ".").join(names).upper()


def _undecoded(cls: type[BaseSettings], name: str) -> str:
    field = cls.model_fields.get(name)
    lists = " or a list such as a,b" if field and is_list(field.annotation) else ""
    return f"{name.upper()}: Invalid value: expected JSON{lists}."


def _unreadable_files(cls: type[BaseSettings]) -> Iterator[str]:
    """A sentence about each env file that is not UTF-8 text, or cannot be read."""
    files = cls.model_config.get("env_file") or ()
    for file in [files] if isinstance(files, (str, os.PathLike)) else files:
        try:
            Path(file).expanduser().read_text(encoding="utf-8")
        except FileNotFoundError:
            pass
        except UnicodeDecodeError:
            yield f"{file} is not UTF-8 text: save it as UTF-8."
        except OSError as error:
            yield f"{file} cannot be read: {error.strerror}."
