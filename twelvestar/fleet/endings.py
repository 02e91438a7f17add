"""Shutting down a broker that is no longer needed."""

from __future__ import annotations

from contextlib import suppress

import redis


def shut_down(url: str) -> None:
    """Shut down a broker, if it is running.

    Args:
        url: Its address.
    """
    client = redis.Redis.from_url(url, socket_connect_timeout=1, socket_timeout=5)
    with suppress(redis.RedisError, OSError):
        client.shutdown(nosave=True)
    client.close()
