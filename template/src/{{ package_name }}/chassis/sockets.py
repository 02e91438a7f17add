"""Listening sockets."""

import errno
import os
import socket
from ipaddress import ip_address

# Maximum number of connections that wait to be accepted.
BACKLOG = 1024
# The machine lacks this address or address family; another address of the name may work.
_NOT_HERE = {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}
# Exceptions for a name that cannot be resolved.
_NO_ADDRESS = (socket.gaierror, UnicodeError)


class CannotListen(Exception):
    """Cannot listen on an address; the message names the setting and says what to do."""


def listen(host: str, port: int, *, setting: str = "PORT") -> socket.socket:
    """Create a listening socket.

    Args:
        host: Address of this machine, or a name such as localhost.
        port: Port; 0 for a free one.
        setting: Setting of the port, which ends in PORT; that of the host ends in HOST.

    Raises:
        CannotListen: If the address does not exist on this machine, or the port is in use.
    """
    host_setting = setting.replace("PORT", "HOST")
    no_address = (
        f"{host_setting}: this machine has no address {host}: use 127.0.0.1, or 0.0.0.0 for all."
    )
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except _NO_ADDRESS:
        raise CannotListen(no_address) from None
    for family, _, _, _, address in found:
        # A socket on :: also accepts IPv4.
        both = family == socket.AF_INET6 and socket.has_dualstack_ipv6()
        try:
            return socket.create_server(
                address, family=family, backlog=BACKLOG, dualstack_ipv6=both
            )
        except OSError as error:
            if error.errno in _NOT_HERE:
                continue
            why = os.strerror(error.errno) if error.errno else str(error)
            raise CannotListen(
                f"{setting}: cannot listen on {host}:{port} ({why}): choose another."
            ) from None
    raise CannotListen(no_address)


def is_loopback(host: str) -> bool:
    """Whether only this machine can connect to an address.

    Args:
        host: IP address, or name of a host.
    """
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
