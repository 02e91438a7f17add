"""Type hints of settings."""

from collections.abc import Iterator
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

_LISTS = (list, tuple, set, frozenset)


def members(annotation: Any) -> Iterator[Any]:
    """Types that a value may have, without `None`.

    Args:
        annotation: Type hint of a setting, which may be a union, an alias or `Annotated`.
    """
    # The alias of a `type` statement.
    annotation = getattr(annotation, "__value__", annotation)
    if get_origin(annotation) is Annotated:
        yield from members(get_args(annotation)[0])
    elif get_origin(annotation) in (Union, UnionType):
        for member in get_args(annotation):
            yield from members(member)
    elif annotation is not type(None):
        yield annotation


def is_list(annotation: Any) -> bool:
    """Whether a value may be a list, a tuple or a set."""
    return any((get_origin(member) or member) in _LISTS for member in members(annotation))


def model_of(annotation: Any) -> type[BaseModel] | None:
    """The model of a nested setting; None if the setting has no fields of its own."""
    for member in members(annotation):
        if isinstance(member, type) and issubclass(member, BaseModel):
            return member
    return None
