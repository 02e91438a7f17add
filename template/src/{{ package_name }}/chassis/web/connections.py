"""Origin of a request: the client's address and the page's site."""

from typing import Any

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import Headers

AnyRequest = Request[Any, Any, Any]
Connection = ASGIConnection[Any, Any, Any, Any]


def client_address(connection: Connection) -> str:
    """Address of the client; behind proxies, it depends on TRUSTED_PROXIES.

    Args:
        connection: The request.
    """
    return connection.client.host if connection.client else ""


def same_origin(headers: Headers) -> bool | None:
    """Whether a page of this site sent a request, according to the browser's headers.

    Args:
        headers: Headers of the request.

    Returns:
        None if no page sent it: the address was typed, or the client is not a browser.
    """
    site = headers.get("Sec-Fetch-Site")
    if site is not None:
        return None if site == "none" else site == "same-origin"
    # Without TLS, browsers do not send Sec-Fetch-Site. They send Origin with all methods except
    # GET and HEAD.
    origin = headers.get("Origin")
    if origin is None:
        return None
    host = headers.get("Host", "")
    return bool(host) and origin.partition("://")[2] == host
