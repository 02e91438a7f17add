"""Client address, scheme and path prefix of requests that come through proxies."""

from collections.abc import Awaitable, Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TypeAlias

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from ..settings.parts.web import Network

Address: TypeAlias = IPv4Address | IPv6Address

_CONNECTIONS = {ScopeType.HTTP, ScopeType.WEBSOCKET}
_FORWARDED_FOR = b"x-forwarded-for"
_FORWARDED_PROTO = b"x-forwarded-proto"
_SCHEMES = {"http": "ws", "https": "wss"}


class Proxies:
    """ASGI application that reads the headers of trusted proxies, and handles a path prefix.

    The client is the last address in X-Forwarded-For that is not a trusted proxy: a client can send
    the header, too, and proxies append to it. The scheme is the value that the same proxy has added
    to X-Forwarded-Proto.

    Args:
        app: The application to wrap.
        trusted: Addresses of trusted proxies.
        prefix: Path under which the service is public, such as `/api`, or an empty string. Requests
            are accepted with it and without it, because some proxies remove it.
    """

    def __init__(self, app: ASGIApp, trusted: Iterable[Network], prefix: str) -> None:
        self.app = app
        self._trusted = tuple(trusted)
        self._prefix = prefix
        self._raw_prefix = prefix.encode()

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Handle one connection."""
        if scope["type"] in _CONNECTIONS:
            if self._trusted:
                self._read_headers(scope)
            if self._prefix:
                self._add_prefix(scope)
        return self.app(scope, receive, send)

    def _read_headers(self, scope: Scope) -> None:
        client = scope["client"]
        peer = parse_address(client[0]) if client else None
        if peer is None or not self._trusts(peer):
            return
        address, depth = self._client(peer, _values(scope, _FORWARDED_FOR))
        scope["client"] = (str(address), 0)
        # A proxy that replaces the header leaves fewer values than there are proxies.
        scheme = _values(scope, _FORWARDED_PROTO)[-depth:][0].lower()
        if scheme in _SCHEMES:
            is_websocket = scope["type"] == ScopeType.WEBSOCKET
            scope["scheme"] = _SCHEMES[scheme] if is_websocket else scheme

    def _client(self, peer: Address, hops: list[str]) -> tuple[Address, int]:
        """The client, and how many trusted proxies its request has come through."""
        client, depth = peer, 1
        for number, hop in enumerate(reversed(hops), 1):
            address = parse_address(hop)
            if address is None:
                # Such as `unknown`: nothing before it is known to come from a trusted proxy.
                break
            client, depth = address, number
            if not self._trusts(client):
                break
        return client, depth

    def _trusts(self, address: Address) -> bool:
        return any(address in network for network in self._trusted)

    def _add_prefix(self, scope: Scope) -> None:
        path = scope["path"]
        scope["root_path"] = self._prefix
        # Litestar expects the path with the prefix, and removes it.
        if path != self._prefix and not path.startswith(f"{self._prefix}/"):
            scope["path"] = self._prefix + path
            scope["raw_path"] = self._raw_prefix + scope["raw_path"]


def _values(scope: Scope, header: bytes) -> list[str]:
    lines = [value.decode("latin-1") for name, value in scope["headers"] if name == header]
    return [value.strip() for value in ",".join(lines).split(",")]


def parse_address(text: str) -> Address | None:
    """Parse an address in the forms that proxies and servers write.

    Args:
        text: Such as `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]:4711`,
            `fe80::1%eth0` or `::ffff:192.0.2.1`, also in quotes.

    Returns:
        The address, IPv4 if it is mapped to IPv6; None if it is none.
    """
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return (isinstance(address, IPv6Address) and address.ipv4_mapped) or address
