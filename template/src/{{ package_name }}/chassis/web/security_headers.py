"""Security headers of all responses, unless a route sets its own."""

from collections.abc import Awaitable

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

# Browsers show nothing of a response that is not meant for them, and load nothing for it. A route
# with a page for browsers sets a policy of its own.
POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
# OWASP's minimum. Without subdomains, which may be other services.
HSTS = "max-age=31536000"

_HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    # For browsers without `frame-ancestors`.
    (b"x-frame-options", b"DENY"),
)
_HTTPS_HEADERS = (*_HEADERS, (b"strict-transport-security", HSTS.encode()))


class SecurityHeaders:
    """ASGI application that adds security headers to each response.

    Args:
        app: The application to wrap.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Handle one connection."""
        if scope["type"] != ScopeType.HTTP:
            return self.app(scope, receive, send)
        # Behind a proxy, the scheme depends on TRUSTED_PROXIES.
        added = _HTTPS_HEADERS if scope["scheme"] == "https" else _HEADERS

        def send_with_headers(message: Message) -> Awaitable[None]:
            if message["type"] == "http.response.start":
                own = {name for name, _ in message["headers"]}
                missing = [header for header in added if header[0] not in own]
                message["headers"] = [*message["headers"], *missing]
            return send(message)

        return self.app(scope, receive, send_with_headers)
