"""The stand-in as a process: `python -m tests.fleet.standin FOLDER PORT`."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from granian.constants import Interfaces
from granian.server.embed import Server

from .app import create_app


def main(folder: str, port: str) -> None:
    """Serve until a signal.

    Args:
        folder: Folder for the repositories.
        port: A free port of loopback.
    """
    app = create_app(Path(folder), os.environ["STANDIN_TOKEN"])
    server = Server(app, address="127.0.0.1", port=int(port), interface=Interfaces.ASGI)
    asyncio.run(server.serve())


main(*sys.argv[1:])
