"""A lease for the coordinator on a shared broker, in which workers find its queue."""

from __future__ import annotations

import asyncio
import hashlib
import json
from typing import Any

import redis.asyncio

from ..errors import Problem
from .engine import Program

_SECONDS, _RENEW = 30, 8
_IF_MINE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call({}) end return 0"


def lease_key(place: str) -> str:
    """Key of the lease for a template's fleet.

    Args:
        place: Location of the template.
    """
    return f"fleet:lease:{hashlib.sha256(place.encode()).hexdigest()[:16]}"


class Lease:
    """The lease of a coordinator.

    Args:
        url: Address of the broker.
        program: The update program of the release.
        queue: Name of the coordinator's queue.
    """

    def __init__(self, url: str, program: Program, queue: str) -> None:
        self._redis: Any = redis.asyncio.from_url(url)
        self._key = lease_key(program.template.place)
        value = {"queue": queue, "release": str(program.release.version)}
        self._value = json.dumps({**value, "commit": program.release.commit}, sort_keys=True)
        self._taken = False

    async def take(self) -> None:
        """Acquire it.

        Raises:
            Problem: When another coordinator has it, or the broker is unreachable.
        """
        try:
            self._taken = bool(await self._redis.set(self._key, self._value, nx=True, ex=_SECONDS))
        except (redis.RedisError, OSError) as error:
            raise Problem(f"The broker of FLEET_REDIS_URL cannot be reached: {error}", 4) from error
        if not self._taken:
            raise Problem(
                f"Another coordinator is using this broker: wait until it ends, or {_SECONDS} s "
                "if it was killed."
            )

    async def keep(self) -> None:
        """Renew it until cancelled.

        Raises:
            Problem: When it has expired, because this process or the broker was stopped for too
                long.
        """
        script = _IF_MINE.format("'EXPIRE', KEYS[1], ARGV[2]")
        while True:
            await asyncio.sleep(_RENEW)
            try:
                kept = await self._redis.eval(script, 1, self._key, self._value, _SECONDS)
                # A restarted broker has no lease.
                kept = kept or await self._redis.set(self._key, self._value, nx=True, ex=_SECONDS)
            except (redis.RedisError, OSError):
                continue
            if not kept:
                raise Problem("Another coordinator has taken over.", 4)

    async def give_back(self) -> None:
        """Release it."""
        if self._taken:
            await self._redis.eval(_IF_MINE.format("'DEL', KEYS[1]"), 1, self._key, self._value)
        await self._redis.aclose()
