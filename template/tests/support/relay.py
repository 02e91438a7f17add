"""A TCP relay in front of a backing service, to simulate outages."""

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, Self
from urllib.parse import urlsplit

PIECE = 65536


class Relay:
    """Forwards connections from a local port to a backing service.

    It runs in a separate thread, so that synchronous and asynchronous tests can use it.

    Args:
        target: Host and port of the service, or the path of its socket.
    """

    def __init__(self, target: tuple[str, int] | str) -> None:
        self.target = target
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._speaking = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        self.speak()
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
        self._run(self._cancel())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def open(self) -> None:
        """Listen again on the same port."""
        self._run(self._open())

    def close(self) -> None:
        """Refuse new connections, and close existing ones."""
        self._run(self._close())

    def break_off(self) -> None:
        """Close existing connections."""
        self._run(self._break_off())

    def silence(self) -> None:
        """Accept connections and data, but send no responses."""
        self._loop.call_soon_threadsafe(self._speaking.clear)

    def speak(self) -> None:
        """Send delayed responses, and resume."""
        self._loop.call_soon_threadsafe(self._speaking.set)

    def _run(self, task: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(task, self._loop).result(10)

    async def _open(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        if self._server is not None:
            for listener in self._server.sockets:
                self._loop.remove_reader(listener)
            # A closed server does not close connections that it has just accepted.
            await asyncio.sleep(0)
            self._server.close()
            self._server = None
        await self._break_off()

    async def _break_off(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()
        await asyncio.sleep(0)

    async def _cancel(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        # Transports close their sockets in the next iteration of the event loop.
        await asyncio.sleep(0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers = {writer}
        self._writers.add(writer)
        try:
            if self._server is None:
                return
            if isinstance(self.target, str):
                beyond = await asyncio.open_unix_connection(self.target)
            else:
                beyond = await asyncio.open_connection(*self.target)
            writers.add(beyond[1])
            self._writers.add(beyond[1])
            await asyncio.gather(self._pass(reader, beyond[1]), self._pass(beyond[0], writer))
        except OSError:
            pass
        finally:
            for each in writers:
                each.transport.abort()
            self._writers -= writers

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(PIECE):
            await self._speaking.wait()
            writer.write(piece)
            await writer.drain()
        writer.close()


def relay_before(url: str, default_port: int) -> Relay:
    """Create a relay in front of a service.

    Args:
        url: The address.
        default_port: Port of the service if the address has none.
    """
    address = urlsplit(url)
    return Relay((address.hostname or "127.0.0.1", address.port or default_port))


def moved(url: str, port: int) -> str:
    """Address of the same service on another local port."""
    address = urlsplit(url)
    user, at, _ = address.netloc.rpartition("@")
    return address._replace(netloc=f"{user}{at}127.0.0.1:{port}").geturl()
