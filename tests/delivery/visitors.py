"""Requests that go on during a deployment."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from itertools import pairwise

import httpx

from tests.drill.load import Load

# Every second request opens a connection of its own.
NEW_CONNECTION = {"Connection": "close"}


@dataclass(slots=True)
class Visitors(Load):
    """Clients that create and read notes until they are told to stop.

    Attributes:
        errors: Why requests got no response.
    """

    errors: list[str] = field(default_factory=list)

    def lost(self) -> int:
        """How many requests got no response, or one that says that the service is away."""
        return sum(each.status == 0 or each.status >= 500 for each in self.responses)

    def longest_gap(self) -> float:
        """The longest time without a response of the service, in seconds."""
        ends = sorted(each.start + each.seconds for each in self.responses if each.is_success)
        return max((later - earlier for earlier, later in pairwise(ends)), default=0)

    def _request(self, client: httpx.Client, kind: str, number: int) -> int:
        headers = NEW_CONNECTION if number % 2 else {}
        method, path = ("GET", "/health/live") if kind == "count" else ("POST", "/notes")
        # Titles are unique.
        note = {"title": f"{time.monotonic()} {number}", "body": "hello"}
        body = note if method == "POST" else None
        try:
            return client.request(method, path, json=body, headers=headers).status_code
        except httpx.TransportError as error:
            kept = "another" if headers else "a kept"
            self.errors.append(f"{method} on {kept} connection: {error!r}")
            raise
