"""Hostile requests that the server accepts."""

# The default size limit of bodies, and a little less than the limit of headers.
BODY = 1_000_000
HEADERS = 60_000

_JSON = {"Content-Type": "application/json"}
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_PARTS = {"Content-Type": "multipart/form-data; boundary=a"}
_MSGPACK = {"Content-Type": "application/msgpack"}
_PART = b"--a\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n"


def texts(size: int) -> dict[str, str]:
    """Texts that are slow to normalize, search or store.

    Args:
        size: Length of each, in bytes of JSON.
    """
    return {
        # Out of order, so that normalization takes quadratic time.
        "combining": "a" + "\u0301\u0327" * (size // 4 - 1),
        "growing": "\ufdfa" * (size // 3),
        "lower": "\u0130" * (size // 2),
        "at": "@" * size,
        "spaces": " " * size,
        "digits": "9" * size,
        "NUL": "\x00" * (size // 6),
    }


def bodies() -> dict[str, tuple[dict[str, str], bytes]]:
    """Bodies that are slow to decode, with their headers."""
    keys = ",".join(f'"{number:06}":0' for number in range(BODY // 11)).encode()
    return {
        "lists": (_JSON, b"[" * BODY),
        "objects": (_JSON, b'{"a":' * (BODY // 5)),
        "keys": (_JSON, b"{" + keys + b"}"),
        "items": (_JSON, b"[" + b"0," * (BODY // 2 - 2) + b"0]"),
        "integer": (_JSON, b"9" * BODY),
        "exponent": (_JSON, b"1e" + b"9" * (BODY - 2)),
        "spaces": (_JSON, b" " * BODY),
        "no UTF-8": (_JSON, b'"' + b"\xff" * (BODY - 2) + b'"'),
        "fields": (_FORM, b"a=b&" * (BODY // 4)),
        "parts": (_PARTS, _PART * (BODY // len(_PART))),
        "boundaries": (_PARTS, b"\r\n--a" * (BODY // 5)),
        "MessagePack": (_MSGPACK, b"\x91" * BODY),
    }


def headers() -> dict[str, dict[str, str]]:
    """Headers that are slow to parse."""
    return {
        "cookies": {"Cookie": ";".join(f"a{number:05}=b" for number in range(HEADERS // 9))},
        "cookie": {"Cookie": 'a="' + "\\" * (HEADERS - 20) + '"'},
        "proxies": {"X-Forwarded-For": ",".join(["10.0.0.1"] * (HEADERS // 9))},
        "proxy": {"X-Forwarded-For": ":" * HEADERS},
        "types": {"Accept": "text/plain;version=1," * (HEADERS // 21)},
        "version": {"Accept": "text/plain;version=" + "1." * (HEADERS // 2 - 20)},
        "content type": {"Content-Type": "multipart/form-data" + ";a=b" * (HEADERS // 5)},
        "tags": {"If-None-Match": '"a",' * (HEADERS // 5)},
        "password": {"Authorization": "Basic " + "A" * (HEADERS - 100)},
        "request id": {"X-Request-ID": "a" * HEADERS},
        "host": {"Host": "a:" + "9" * (HEADERS - 100)},
        "origin": {"Origin": "http://" + "[" * (HEADERS - 100)},
        "many": {f"X-{number}": "a" * 500 for number in range(90)},
    }
