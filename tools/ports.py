"""Free ports for servers that get their port as an argument."""

from __future__ import annotations

import socket
import sys

# Open until this process ends, so that the system gives these ports to no other process.
_reserved: list[socket.socket] = []


def free_port(wanted: int = 0) -> int:
    """Reserve a port of 127.0.0.1 until this process ends.

    Args:
        wanted: The port, unless it is in use; 0 for any.

    Returns:
        A port on which no process listens. On Linux, a request for any free port does not get it.
    """
    listener = socket.socket()
    # With this option, a server can listen on the address, which is only bound here.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", wanted))
    except OSError:
        listener.bind(("127.0.0.1", 0))
    port: int = listener.getsockname()[1]
    if sys.platform == "linux":
        _reserved.append(listener)
    else:
        # Other systems do not allow that.
        listener.close()
    return port
