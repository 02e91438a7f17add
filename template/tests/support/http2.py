"""HTTP/2 requests without TLS, which few clients support."""

import socket

_CONTINUATION, _HEADERS, _SETTINGS = 9, 1, 4
_END_HEADERS, _END_STREAM = 4, 1
_FRAME_BYTES = 16_384


def begin_request(port: int, path: str, headers: dict[str, str]) -> bytes:
    """Send a GET request, and return the headers of the response.

    Args:
        port: Port of a server on this machine.
        path: Path of the request.
        headers: Additional headers, of any length.

    Returns:
        The encoded headers of the response; their first byte is the code of a common status, such
        as 0x88 for 200. Empty if the server closes the connection without a response.
    """
    pseudo = {":method": "GET", ":path": path, ":scheme": "http", ":authority": "probe"}
    block = b"".join(
        b"\x00" + _string(name) + _string(value) for name, value in {**pseudo, **headers}.items()
    )
    sent = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + _frame(_SETTINGS, 0, 0, b"")
    for place in range(0, len(block), _FRAME_BYTES):
        piece = block[place : place + _FRAME_BYTES]
        kind, flags = (_CONTINUATION, 0) if place else (_HEADERS, _END_STREAM)
        if place + _FRAME_BYTES >= len(block):
            flags |= _END_HEADERS
        sent += _frame(kind, flags, 1, piece)
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(sent)
        with connection.makefile("rb") as received:
            while head := received.read(9):
                content = received.read(int.from_bytes(head[:3]))
                if head[3] == _HEADERS:
                    return content
    return b""


def _frame(kind: int, flags: int, stream: int, content: bytes) -> bytes:
    return len(content).to_bytes(3) + bytes((kind, flags)) + stream.to_bytes(4) + content


def _string(text: str) -> bytes:
    """An uncompressed HPACK string."""
    content = text.encode()
    if len(content) < 0x7F:
        return bytes((len(content),)) + content
    length, rest = bytearray([0x7F]), len(content) - 0x7F
    while rest >= 0x80:
        length.append(rest & 0x7F | 0x80)
        rest >>= 7
    return bytes((*length, rest)) + content
