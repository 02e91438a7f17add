"""Keys of cached responses: a route's `cache_key_builder` says what its answer depends on.

`anonymous_only` is the default. `same_for_all` and `per_user` are for routes that answer users, and
any function that makes a string of a request can be a key builder as well.
"""

from typing import Any
from urllib.parse import quote, urlencode

from litestar import Request

AnyRequest = Request[Any, Any, Any]

# Key of a request whose response is neither looked up nor stored.
UNCACHED = ""

CREDENTIALS = ("authorization", "cookie")
NEGOTIATION = ("accept", "accept-language")


def anonymous_only(request: AnyRequest) -> str:
    """Cache GET and HEAD requests without credentials: the default of routes with `cache=`.

    Args:
        request: The request.

    Returns:
        `UNCACHED` if the request has a cookie, an Authorization header or a known user, since its
        response may be for that user alone, or if it has another method.
    """
    has_user = request.scope.get("user") is not None
    has_credentials = any(name in request.headers for name in CREDENTIALS)
    if has_user or has_credentials or request.method not in {"GET", "HEAD"}:
        return UNCACHED
    return same_for_all(request)


def same_for_all(request: AnyRequest) -> str:
    """Give everybody whom the guards let through the same response, whoever it was made for.

    The key consists of the method, scheme, host, path, sorted query, Accept and Accept-Language.

    Args:
        request: The request.
    """
    scope = request.scope
    query = sorted(request.query_params.dict().items())
    parts = [
        request.method,
        f"{scope.get('scheme', 'http')}://{request.headers.get('host', '')}",
        scope.get("root_path", "") + scope["path"],
        urlencode(query, doseq=True),
        *(", ".join(request.headers.getall(name, [])) for name in NEGOTIATION),
    ]
    # Escape each part, so that no client can shift one part of a key into another.
    return " ".join(quote(part, safe="/:=&+*,;") for part in parts)


def per_user(request: AnyRequest) -> str:
    """Give each user a response of their own.

    Args:
        request: The request, whose user a guard or an authentication middleware has found.

    Returns:
        `UNCACHED` if there is no user.
    """
    user = request.scope.get("user")
    return UNCACHED if user is None else f"{same_for_all(request)} {user.id}"
