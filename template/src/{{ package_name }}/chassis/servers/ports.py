"""Ports for servers that `dev` and the tests start."""

import socket
import sys

# Open until this process ends, so that nobody else is given these ports.
_reserved: list[socket.socket] = []


def free_port() -> int:
    """Reserve a port of 127.0.0.1 for a server that takes its port as an argument.

    As long as this process runs, nobody else who asks for any free port is given this one. Until
    the server listens there, connections are refused.
    """
    listener = socket.socket()
    # With it, the server may listen at an address that is bound here and not listened at.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", 0))
    port: int = listener.getsockname()[1]
    if sys.platform == "linux":
        _reserved.append(listener)
    else:
        # Other systems let nobody share an address in this way.
        listener.close()
    return port
