"""Sockets that processes listen on."""

import errno
import os
import socket

# Connections that wait until a process takes them.
BACKLOG = 1024
# The machine lacks the address, or the whole family: another address of the same name may do.
_NOT_HERE = {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}
# What a name that stands for no address raises.
_NO_ADDRESS = (socket.gaierror, UnicodeError)


class CannotListen(Exception):
    """Nobody can listen at an address; the message names the setting and says what to do."""


def listen(host: str, port: int, *, setting: str = "PORT") -> socket.socket:
    """Listen at an address where no other process listens.

    Args:
        host: Address of this machine, or a name for one, such as localhost.
        port: Port; 0 for any that is free.
        setting: Setting that the port comes from, whose name ends in PORT; the host's ends in HOST.

    Raises:
        CannotListen: If there is no such address here, or the port is taken.
    """
    host_setting = setting.replace("PORT", "HOST")
    no_address = (
        f"{host_setting}: {host} is no address of this machine: set 127.0.0.1, or 0.0.0.0 for all."
    )
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except _NO_ADDRESS:
        raise CannotListen(no_address) from None
    for family, _, _, _, address in found:
        # A listener at :: takes IPv4 as well.
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
                f"{setting}: {host}:{port} cannot be opened ({why}): choose another."
            ) from None
    raise CannotListen(no_address)
