"""A relay in front of a backing service, which can fall silent, break off and go away."""

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, Self
from urllib.parse import urlsplit

PIECE = 65536


class Relay:
    """Passes connections to a port of this machine on to a backing service.

    It runs in a thread of its own, so that blocking and asynchronous tests can use it alike.

    Args:
        target: Where the service listens: host and port, or the path of a socket.
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
        """Listen, at the same port as before."""
        self._run(self._open())

    def close(self) -> None:
        """Refuse connections, and break off those that there are."""
        self._run(self._close())

    def break_off(self) -> None:
        """Break off the connections that there are."""
        self._run(self._break_off())

    def silence(self) -> None:
        """Go on taking connections and what they send, and never answer."""
        self._loop.call_soon_threadsafe(self._speaking.clear)

    def speak(self) -> None:
        """Pass on what was held back, and answer again."""
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
            # A server that is closed forgets the connections that it took just before.
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
        # Transports take leave of their sockets in the next round of the loop.
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
    """Make a relay in front of the service of an address.

    Args:
        url: The address.
        default_port: Where the service listens if the address does not say.
    """
    address = urlsplit(url)
    return Relay((address.hostname or "127.0.0.1", address.port or default_port))


def moved(url: str, port: int) -> str:
    """The address of the same service behind another port of this machine."""
    address = urlsplit(url)
    user, at, _ = address.netloc.rpartition("@")
    return address._replace(netloc=f"{user}{at}127.0.0.1:{port}").geturl()
