"""Settings as environment variables: their names, and their values as text."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import BaseModel, TypeAdapter
from pydantic.fields import FieldInfo

from .base import PartSettings

_ANY: TypeAdapter[object] = TypeAdapter(object)


@dataclass(frozen=True, slots=True)
class Variable:
    """One environment variable.

    Attributes:
        name: Its name, such as `LOG_LEVEL`, or `MAIL__HOST` of a nested setting.
        field: The field that it sets.
        value: The value of the field; None if it has none.
    """

    name: str
    field: FieldInfo
    value: object


def current_variables(settings: PartSettings) -> Iterator[Variable]:
    """Variables with the values of loaded settings.

    Args:
        settings: The settings.
    """
    delimiter = settings.model_config.get("env_nested_delimiter")
    for name, field in type(settings).model_fields.items():
        yield from _variables(name.upper(), field, getattr(settings, name), delimiter)


def default_variables(cls: type[PartSettings]) -> Iterator[Variable]:
    """Variables with the defaults of a settings class.

    Args:
        cls: The class.
    """
    delimiter = cls.model_config.get("env_nested_delimiter")
    for name, field in cls.model_fields.items():
        yield from _variables(name.upper(), field, _default(field), delimiter)


def as_text(value: object) -> str:
    """Text of a variable that sets a value; secrets are masked.

    Args:
        value: Value of a setting: nothing for None, `true` or `false`, a list by commas where that
            can be read again, and JSON for all other collections.
    """
    plain = _ANY.dump_python(value, mode="json", fallback=str)
    if plain is None:
        return ""
    if isinstance(plain, list) and plain and all(map(_fits_between_commas, plain)):
        return ",".join(map(as_text, plain))
    return plain if isinstance(plain, str) else json.dumps(plain, ensure_ascii=False)


def _variables(
    name: str, field: FieldInfo, value: object, delimiter: str | None
) -> Iterator[Variable]:
    if not isinstance(value, BaseModel) or not delimiter:
        yield Variable(name, field, value)
        return
    for nested, nested_field in type(value).model_fields.items():
        nested_name = f"{name}{delimiter}{nested.upper()}"
        yield from _variables(nested_name, nested_field, getattr(value, nested), delimiter)


def _default(field: FieldInfo) -> object:
    """The default of a field; None if there is none, or another one each time."""
    if field.is_required() or field.default_factory_takes_validated_data:
        return None
    default = field.get_default(call_default_factory=True)
    return default if default == field.get_default(call_default_factory=True) else None


def _fits_between_commas(item: object) -> bool:
    text = as_text(item)
    # Brackets are those of JSON.
    return text == text.strip() != "" and "," not in text and text[0] not in "[{"
