"""Closing a port without losing the requests of clients that have connected."""

import ctypes
import socket
import struct
import sys

# SO_ATTACH_FILTER of Linux, which Python does not name.
_ATTACH_FILTER = 26
# Instructions of a socket filter: load the flags of the TCP header, drop the packet if one of them
# is SYN, and keep it otherwise.
_DROP_SYN = (
    (0x30, 0, 0, 13),
    (0x45, 0, 1, 0x02),
    (0x06, 0, 0, 0),
    (0x06, 0, 0, 0xFFFFFFFF),
)


def drop_attempts(listener: socket.socket) -> None:
    """Drop further attempts to connect to a listening socket; does nothing except on Linux.

    Connections that wait to be accepted would be reset if the socket were closed. Now they can be
    accepted first, by any process, and no others follow. Clients repeat a dropped attempt after a
    second, when the port is closed or belongs to another process.

    Args:
        listener: The socket.
    """
    if sys.platform != "linux":
        return
    program = b"".join(struct.pack("=HBBI", *instruction) for instruction in _DROP_SYN)
    code = ctypes.create_string_buffer(program, len(program))
    described = struct.pack("@HP", len(_DROP_SYN), ctypes.addressof(code))
    listener.setsockopt(socket.SOL_SOCKET, _ATTACH_FILTER, described)
