"""The web server: Granian with the chassis' logging, listening socket and shutdown."""

from socket import socket
from typing import Any

from granian._granian import SocketHolder
from granian.constants import Interfaces
from granian.http import HTTP1Settings, HTTP2Settings
from granian.log import LogLevels
from granian.server import MPServer

from ..log import logging_config
from ..service import Service, given
from ..settings import ChassisSettings
from ..sockets import BACKLOG, listen

# Granian gives these loggers its own handlers unless they are configured.
_LOGGERS = ("_granian", "granian.access")

# Granian's default limits are 400 KB, and 16 MB for HTTP/2: parsing would block other requests.
HEADER_BYTES = 65_536


def serve(settings: ChassisSettings, service: Service) -> None:
    """Serve until SIGTERM or SIGINT, then finish running requests.

    Args:
        settings: Settings of this process.
        service: The service.

    Raises:
        CannotListen: If the address does not exist on this machine, or is in use.
    """
    listener = listen(settings.host, settings.port)
    logging = logging_config(settings, process="web", processors=given(service.log_processors))
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
        http1_settings=HTTP1Settings(max_buffer_size=HEADER_BYTES),
        http2_settings=HTTP2Settings(max_headers_size=HEADER_BYTES),
        log_dictconfig=logging,
        log_level=LogLevels(settings.log_level),
    ).serve()


class _Server(MPServer):
    """Granian's server with one listening socket for all processes.

    On Linux, Granian opens the port in each process with SO_REUSEPORT. Another service could then
    open it, too, and receive some of the requests.

    Args:
        listener: The socket.
        target: Application that each process imports.
        options: Options of Granian.
    """

    def __init__(self, listener: socket, target: str, **options: Any) -> None:
        super().__init__(target, **options)
        self._listener = listener

    def _init_shared_socket(self) -> None:
        self._listener.set_inheritable(True)
        number = self._listener.fileno()
        # Granian's type hints lack these arguments and attributes.
        holder: Any = SocketHolder
        shared = {"_sso": self._listener, "_sfd": number, "_shd": holder(number, False, BACKLOG)}
        vars(self).update(shared, _ssp=None)
