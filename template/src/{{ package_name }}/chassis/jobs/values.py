"""Arguments and results of jobs, which the broker stores as JSON."""

from __future__ import annotations

import functools
import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, get_type_hints

import msgspec
from msgspec.inspect import (
    AnyType,
    BoolType,
    CustomType,
    DictType,
    FloatType,
    IntType,
    ListType,
    LiteralType,
    NoneType,
    StrType,
    Type,
    TypedDictType,
    UnionType,
)
from pydantic import BaseModel

# Name of the result beside those of the arguments.
RESULT = "return"


class _Unknown:
    """Stands for a name that only a type checker knows."""

    def __class_getitem__(cls, _: object) -> type[_Unknown]:
        return cls


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversions:
    """How arguments and the result of a job are made from JSON.

    Attributes:
        decoders: Functions by the names of arguments, and `RESULT`. What is the same in JSON, or
            has no type hint, needs none.
        problems: A sentence for each type that has no form in JSON.
    """

    decoders: Mapping[str, Callable[[object], Any]]
    problems: Sequence[str]


@functools.cache
def conversions_of(function: Callable[..., Any]) -> Conversions:
    """Find out how arguments and the result of a job are made from JSON.

    Args:
        function: The job's function, with type hints.
    """
    hints = _hints(function)
    _, *parameters = inspect.signature(function).parameters
    decoders, problems = {}, []
    for name in (*parameters, RESULT):
        hint = hints.get(name, Any)
        try:
            same = _is_json(msgspec.inspect.type_info(hint))
        except TypeError as error:
            what = "the result" if name == RESULT else f"the argument {name!r}"
            problems.append(f"job {function.__name__}: {what} cannot be stored: {error}")
            continue
        if not same:
            decoders[name] = functools.partial(_from_json, hint)
    return Conversions(decoders=decoders, problems=problems)


def to_json(value: object) -> object:
    """Convert a value to what JSON has.

    Args:
        value: A value of JSON, a UUID, date, decimal, enum, dataclass, msgspec struct, Pydantic
            model or path, or a collection of these.

    Raises:
        TypeError: If it is of another type.
    """
    try:
        return msgspec.to_builtins(value, str_keys=True, enc_hook=_plain)
    except TypeError:
        # JSON takes a few more, such as the key None.
        json.dumps(value, default=_plain)
        return value


def _from_json(hint: Any, value: object) -> Any:
    return msgspec.convert(value, hint, strict=False, str_keys=True, dec_hook=_instance)


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    """Type hints, also if some of them use names that only a type checker imports."""
    unknown: dict[str, Any] = {}
    while True:
        try:
            return get_type_hints(function, localns=unknown)
        except NameError as error:
            name = error.name or ""
            if name in unknown:
                return {}
            unknown[name] = _Unknown


def _is_json(kind: Type) -> bool:
    """Whether values of a type are the same in JSON.

    Raises:
        TypeError: If they have no form in JSON.
    """
    match kind:
        case CustomType(cls=cls):
            if cls in (object, _Unknown):
                return True
            if not issubclass(cls, (BaseModel, PurePath)):
                raise TypeError(f"{cls.__name__} has no form in JSON")
            return False
        case ListType(item_type=item):
            return _is_json(item)
        case DictType(key_type=key, value_type=value):
            return isinstance(key, (StrType, AnyType)) and _is_json(value)
        case UnionType(types=members):
            return all([_is_json(member) for member in members])
        case TypedDictType(fields=fields):
            return all([_is_json(field.type) for field in fields])
    return isinstance(kind, (AnyType, NoneType, BoolType, IntType, FloatType, StrType, LiteralType))


def _plain(value: Any) -> object:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, PurePath):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def _instance(cls: type, value: Any) -> object:
    if issubclass(cls, BaseModel):
        return cls.model_validate(value)
    if issubclass(cls, PurePath):
        return cls(value)
    return value
