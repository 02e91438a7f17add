"""Query parameters: times, and parameters that a route does not have."""

from datetime import UTC, datetime
from typing import Annotated

import msgspec
from litestar.enums import ParamType
from litestar.exceptions import ClientException
from litestar.handlers import BaseRouteHandler
from litestar.params import ParameterKwarg, QueryParameter

from .connections import Connection

_Moment = Annotated[datetime, msgspec.Meta(tz=True)]
_UNREADABLE = (msgspec.ValidationError, OverflowError)


def time_parameter(description: str) -> QueryParameter:
    """Describe a parameter that is a point in time, for handlers that read it with `time_of`.

    Litestar's own type `datetime` would also accept numbers, and times without a time zone.

    Args:
        description: What the time is for.
    """
    schema = {"type": "string", "format": "date-time", "oneOf": None}
    return QueryParameter(description=description, schema_extra=schema)


def time_of(text: str | None) -> datetime | None:
    """Point in time of a parameter.

    Args:
        text: The parameter; None if it was not sent.

    Raises:
        ClientException: If it is no point in time, or has no time zone.
    """
    if text is None:
        return None
    try:
        return msgspec.convert(text, _Moment, strict=True).astimezone(UTC)
    except _UNREADABLE as error:
        raise ClientException(
            f"Invalid time {text!r}: write it with a time zone, like 2026-01-31T12:00:00Z."
        ) from error


def known_query(connection: Connection, handler: BaseRouteHandler) -> None:
    """Guard that refuses query parameters of which the route knows nothing.

    Otherwise, a filter with a typing error finds everything.

    Raises:
        ClientException: If there is one.
    """
    known = {
        parameter.kwarg_definition.name or name
        for name, parameter in handler.parsed_fn_signature.parameters.items()
        if isinstance(parameter.kwarg_definition, ParameterKwarg)
        and parameter.kwarg_definition.param_type is ParamType.QUERY
    }
    unknown = sorted(set(connection.query_params) - known)
    if unknown:
        raise ClientException(
            f"Unknown query parameter {unknown[0]!r}: use {', '.join(sorted(known)) or 'none'}."
        )
