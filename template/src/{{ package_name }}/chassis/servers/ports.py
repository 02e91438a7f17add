"""Free ports for servers that `dev` and the tests start."""

import socket
import sys

# Open until this process ends, so that the ports stay reserved.
_reserved: list[socket.socket] = []


def free_port() -> int:
    """Reserve a port of 127.0.0.1 for a server that takes its port as an argument.

    While this process runs, the system gives this port to no other process that asks for a free
    one. Connections are refused until the server listens.
    """
    listener = socket.socket()
    # Lets the server listen on an address that is bound, but not listened on, here.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", 0))
    port: int = listener.getsockname()[1]
    if sys.platform == "linux":
        _reserved.append(listener)
    else:
        # Other systems do not allow this.
        listener.close()
    return port
