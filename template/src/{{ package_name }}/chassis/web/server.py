"""The web server: Granian with the chassis' logging, listening socket and shutdown."""

import time
from contextlib import suppress
from socket import socket
from typing import Any

from granian._granian import SocketHolder
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings, HTTP2Settings
from granian.log import LogLevels
from granian.server import MPServer

from ..log import logging_config
from ..service import Service, given
from ..settings import ChassisSettings
from ..sockets import BACKLOG, listen
from .closing import drop_attempts

# Granian gives these loggers its own handlers unless they are configured.
_LOGGERS = ("_granian", "granian.access")

# Granian's default limits are 400 KB, and 16 MB for HTTP/2: parsing would block other requests.
HEADER_BYTES = 65_536
# Time for the first request of a connection to arrive after SIGTERM.
_ARRIVAL_SECONDS = 0.2


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
        # Granian closes idle and silent connections only if it need not wait for HTTP/2.
        http=HTTPModes.auto if settings.http2 else HTTPModes.http1,
        address=settings.host,
        port=listener.getsockname()[1],
        workers=settings.web_processes,
        workers_kill_timeout=settings.shutdown_seconds,
        # One alone ends with the main process, so that the platform sees it and restarts both.
        respawn_failed_workers=settings.web_processes > 1,
        http1_settings=HTTP1Settings(
            # Also the time limit for the headers of a request.
            header_read_timeout=settings.keep_alive_seconds * 1000,
            max_buffer_size=HEADER_BYTES,
        ),
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

    def signal_handler_reload(self, *_: object, **__: object) -> None:
        """Stop at SIGHUP, which a closed terminal sends: nothing is reloaded here."""
        self.signal_handler_interrupt()  # type: ignore[no-untyped-call]

    def shutdown(self, exit_code: int = 0) -> None:
        """Wait for the requests of new connections, which Granian would close without an answer.

        Args:
            exit_code: Exit status; 0 for the default.
        """
        for process in self.wrks:
            # If the signal was sent to all processes, they may end now.
            process.interrupt_by_parent = True
        # A sandbox may not have filters.
        with suppress(OSError):
            drop_attempts(self._listener)
        time.sleep(_ARRIVAL_SECONDS)
        super().shutdown(exit_code)  # type: ignore[no-untyped-call]

    def _init_shared_socket(self) -> None:
        self._listener.set_inheritable(True)
        number = self._listener.fileno()
        # Granian's type hints lack these arguments and attributes.
        holder: Any = SocketHolder
        shared = {"_sso": self._listener, "_sfd": number, "_shd": holder(number, False, BACKLOG)}
        vars(self).update(shared, _ssp=None)
