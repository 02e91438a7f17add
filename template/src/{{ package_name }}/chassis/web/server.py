"""The web server: Granian, with the chassis' logging, a port of its own and an orderly end."""

from socket import socket
from typing import Any

from granian._granian import SocketHolder
from granian.constants import Interfaces
from granian.http import HTTP1Settings, HTTP2Settings
from granian.log import LogLevels
from granian.server import MPServer

from ...settings import Settings
from ..log import logging_config
from ..sockets import BACKLOG, listen

# Granian gives these loggers handlers of their own unless told otherwise.
_LOGGERS = ("_granian", "granian.access")

# Its own limits are 400 KB, and 16 MB by HTTP/2: reading such headers would hold everybody up.
HEADER_BYTES = 65_536


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT; requests that have begun are finished first.

    Args:
        settings: Address, port, number of processes and time to finish.

    Raises:
        CannotListen: If there is no such address here, or another process listens there.
    """
    listener = listen(settings.host, settings.port)
    logging = logging_config(settings, process="web")
    for name in _LOGGERS:
        logging["loggers"][name] = {"handlers": ["stream"], "propagate": False}
    _Server(
        listener,
        f"{__package__}.asgi:asgi",
        factory=True,
        interface=Interfaces.ASGI,
        address=settings.host,
        port=listener.getsockname()[1],
        workers=settings.web_processes,
        workers_kill_timeout=settings.shutdown_seconds,
        websockets=False,
        http1_settings=HTTP1Settings(max_buffer_size=HEADER_BYTES),
        http2_settings=HTTP2Settings(max_headers_size=HEADER_BYTES),
        log_dictconfig=logging,
        log_level=LogLevels(settings.log_level),
    ).serve()


class _Server(MPServer):
    """Granian's server, whose processes share one listening socket.

    On Linux, Granian lets each process open the port with SO_REUSEPORT, with which another service
    can open it too and take a part of the requests. On other systems it shares a socket as well.

    Args:
        listener: The socket.
        target: What each process imports.
        options: Granian's own.
    """

    def __init__(self, listener: socket, target: str, **options: Any) -> None:
        super().__init__(target, **options)
        self._listener = listener

    def _init_shared_socket(self) -> None:
        self._listener.set_inheritable(True)
        number = self._listener.fileno()
        # Granian's types leave the arguments out, and know no socket that is shared.
        holder: Any = SocketHolder
        shared = {"_sso": self._listener, "_sfd": number, "_shd": holder(number, False, BACKLOG)}
        vars(self).update(shared, _ssp=None)
