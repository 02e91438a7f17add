"""Ending a broker that nobody needs any more."""

from __future__ import annotations

from contextlib import suppress

import redis


def shut_down(url: str) -> None:
    """End a broker, if there is one.

    Args:
        url: Its address.
    """
    client = redis.Redis.from_url(url, socket_connect_timeout=1, socket_timeout=5)
    with suppress(redis.RedisError, OSError):
        client.shutdown(nosave=True)
    client.close()
