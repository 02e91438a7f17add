"""A load generator: a fixed number of requests over persistent connections.

It runs in a separate process and measures no time: the caller measures the CPU time of the server.
"""

import argparse
import asyncio
from collections.abc import Sequence

CONNECTIONS = 16


async def _connection(port: int, request: bytes, count: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for _ in range(count):
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200 "):
                raise SystemExit(f"unexpected response: {head.decode()}")
            _, _, length = head.lower().partition(b"content-length: ")
            await reader.readexactly(int(length.partition(b"\r\n")[0]))
    finally:
        writer.close()


async def load(port: int, path: str, count: int, headers: Sequence[str] = ()) -> None:
    """Send requests, and return after the last response.

    Args:
        port: Port of the server on this machine.
        path: Path of the requests.
        count: Number of requests; rounded up to a multiple of the connections.
        headers: Further headers, as `Name: value`.
    """
    lines = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1", "Accept: */*", *headers]
    request = "\r\n".join([*lines, "", ""]).encode()
    each = -(-count // CONNECTIONS)
    await asyncio.gather(*(_connection(port, request, each) for _ in range(CONNECTIONS)))


def main() -> None:
    """Read the arguments and send the requests."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("path")
    parser.add_argument("count", type=int)
    parser.add_argument("--header", action="append", default=[], metavar="'Name: value'")
    arguments = parser.parse_args()
    asyncio.run(load(arguments.port, arguments.path, arguments.count, arguments.header))


if __name__ == "__main__":
    main()
