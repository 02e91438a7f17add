"""Ports for servers that take theirs as an argument."""

from __future__ import annotations

import socket
import sys

# Open until this process ends, so that nobody else is given these ports.
_reserved: list[socket.socket] = []


def free_port(wanted: int = 0) -> int:
    """Reserve a port of 127.0.0.1 until this process ends.

    Args:
        wanted: The port, unless somebody listens on it; 0 for any.

    Returns:
        A port that nobody listens on, and that nobody else is given who asks for any free one.
    """
    listener = socket.socket()
    # With it, a server may listen at an address that is bound here and not listened at.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", wanted))
    except OSError:
        listener.bind(("127.0.0.1", 0))
    port: int = listener.getsockname()[1]
    if sys.platform == "linux":
        _reserved.append(listener)
    else:
        # Other systems let nobody share an address in this way.
        listener.close()
    return port
