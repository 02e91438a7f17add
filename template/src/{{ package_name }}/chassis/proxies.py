"""Proxies of outgoing requests.

They come from the setting HTTP_PROXY_URL, or from the variables HTTPS_PROXY, HTTP_PROXY and
ALL_PROXY. NO_PROXY lists what is reached without a proxy, separated by commas: hosts, including
their subdomains, addresses, networks such as 10.0.0.0/8, or `*` for everything. A port can follow.
The names of the variables can also be in lower case, as with curl.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Self
from urllib.request import getproxies

import httpx

from .settings import ChassisSettings
from .settings.parts.http_client import PROXY_URL

DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Proxies:
    """The proxies of an environment.

    Args:
        by_scheme: The proxy of each URL scheme that has one.
        direct: Hosts and networks that are reached without one.
    """

    by_scheme: Mapping[str, str]
    direct: tuple[str, ...]

    @classmethod
    def of(cls, variables: Mapping[str, str]) -> Self:
        """Take the proxies from variables.

        Args:
            variables: Values by the beginning of the variable's name, such as `https` or `no`.
        """
        proxies = {
            scheme: (variables.get(scheme) or variables.get("all", "")).strip()
            for scheme in DEFAULT_PORTS
        }
        direct = (each.strip().lower() for each in variables.get("no", "").split(","))
        return cls(
            {
                scheme: proxy if "://" in proxy else f"http://{proxy}"
                for scheme, proxy in proxies.items()
                if proxy
            },
            tuple(each for each in direct if each),
        )

    def proxy_of(self, scheme: str, host: str, port: int | None) -> str | None:
        """Find the proxy for a request.

        Args:
            scheme: `http` or `https`.
            host: Name or address of the server, without brackets.
            port: Port of the server, unless it is the scheme's.

        Returns:
            URL of the proxy, or None if the server is reached without one.
        """
        proxy = self.by_scheme.get(scheme)
        if proxy is None:
            return None
        number = port or DEFAULT_PORTS[scheme]
        if any(_covers(each, host.lower().rstrip("."), number) for each in self.direct):
            return None
        return proxy


class ProxyTransport(httpx.AsyncBaseTransport):
    """Sends each request through its proxy, or without one.

    Args:
        proxies: The proxies.
    """

    def __init__(self, proxies: Proxies) -> None:
        self._proxies = proxies
        self._transports: dict[str | None, httpx.AsyncHTTPTransport] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request.

        Args:
            request: The request.

        Raises:
            httpx.TransportError: If there was no response.
        """
        url = request.url
        transport = self._through(self._proxies.proxy_of(url.scheme, url.host, url.port))
        return await transport.handle_async_request(request)

    async def aclose(self) -> None:
        """Close all connections."""
        for transport in self._transports.values():
            await transport.aclose()

    def _through(self, proxy: str | None) -> httpx.AsyncHTTPTransport:
        if proxy and not PROXY_URL.fullmatch(proxy):
            raise httpx.UnsupportedProtocol(
                "Invalid proxy in HTTPS_PROXY, HTTP_PROXY or ALL_PROXY: expected http://host:port."
            )
        if proxy not in self._transports:
            # httpx itself would read further variables.
            self._transports[proxy] = httpx.AsyncHTTPTransport(proxy=proxy, trust_env=False)
        return self._transports[proxy]


def proxies_of(settings: ChassisSettings) -> Proxies:
    """The proxies that a service uses.

    Args:
        settings: Settings with a proxy, or with the permission to read the environment.
    """
    if proxy := settings.http_proxy_url.get_secret_value():
        return Proxies(dict.fromkeys(DEFAULT_PORTS, proxy), ())
    return Proxies.of(getproxies() if settings.http_proxy_variables else {})


def _covers(rule: str, host: str, port: int) -> bool:
    if rule == "*":
        return True
    name, _, number = rule.rpartition(":")
    # An IPv6 address contains colons, too.
    if name and number.isdecimal() and (":" not in name or name.endswith("]")):
        if int(number) != port:
            return False
        rule = name
    rule = rule.strip("[]")
    try:
        return ip_address(host) in ip_network(rule, strict=False)
    except ValueError:
        name = rule.removeprefix("*").removeprefix(".")
        return host == name or host.endswith(f".{name}")
