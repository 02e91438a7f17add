"""The web server: Granian, with the chassis' logging and an orderly end."""

from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import Server

from ...settings import Settings
from ..log import logging_config

# Granian gives these loggers handlers of their own unless told otherwise.
_LOGGERS = ("_granian", "granian.access")


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT; requests that have begun are finished first.

    Args:
        settings: Address, port, number of processes and time to finish.
    """
    logging = logging_config(settings, process="web")
    for name in _LOGGERS:
        logging["loggers"][name] = {"handlers": ["stream"], "propagate": False}
    Server(
        f"{__package__}.asgi:asgi",
        factory=True,
        interface=Interfaces.ASGI,
        address=settings.host,
        port=settings.port,
        workers=settings.web_processes,
        workers_kill_timeout=settings.shutdown_seconds,
        websockets=False,
        log_dictconfig=logging,
        log_level=LogLevels(settings.log_level),
    ).serve()
