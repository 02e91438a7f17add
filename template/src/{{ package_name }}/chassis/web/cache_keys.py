"""Cache keys of responses, for a route's `cache_key_builder`.

`anonymous_only` is the default. `same_for_all` and `per_user` are for routes with authenticated
users, and any function from a request to a string can be a key builder, too.
"""

from urllib.parse import quote, urlencode

from .connections import AnyRequest

# Key of a request whose response is neither looked up nor stored.
UNCACHED = ""

CREDENTIALS = ("authorization", "cookie")
NEGOTIATION = ("accept", "accept-language")


def anonymous_only(request: AnyRequest) -> str:
    """Cache GET and HEAD requests without credentials: the default of routes with `cache=`.

    Args:
        request: The request.

    Returns:
        The key, or `UNCACHED` if the request has another method, a cookie, an Authorization header
        or a user, since its response may be for that user only.
    """
    has_user = request.scope.get("user") is not None
    has_credentials = any(name in request.headers for name in CREDENTIALS)
    if has_user or has_credentials or request.method not in {"GET", "HEAD"}:
        return UNCACHED
    return same_for_all(request)


def same_for_all(request: AnyRequest) -> str:
    """Cache one response for all users; guards still run for each request.

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
    # Escape each part, so that different requests cannot have the same key.
    return " ".join(quote(part, safe="/:=&+*,;") for part in parts)


def per_user(request: AnyRequest) -> str:
    """Cache one response per user.

    Args:
        request: The request, with its user set by a guard or an authentication middleware.

    Returns:
        The key, or `UNCACHED` if there is no user.
    """
    user = request.scope.get("user")
    return UNCACHED if user is None else f"{same_for_all(request)} {user.id}"
