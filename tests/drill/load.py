"""Requests that go on during an outage, and what became of them."""

from __future__ import annotations

import itertools
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

import httpx

CLIENTS = 4
PAUSE_SECONDS = 0.05
# Longer than any response may take.
RESPONSE_SECONDS = 60
# Of five requests, two write a row, two enqueue a job, and one reads.
PATHS = ("rows", "jobs", "count", "rows", "jobs")


@dataclass(frozen=True, slots=True)
class Response:
    """What a request got.

    Attributes:
        start: When it was sent, by the monotonic clock, in seconds.
        seconds: How long it took.
        status: Status of the response; 0 for none.
    """

    start: float
    seconds: float
    status: int

    @property
    def is_success(self) -> bool:
        """Whether the request was served."""
        return 200 <= self.status < 300


@dataclass(slots=True)
class Load:
    """Clients that send requests until they are told to stop.

    Attributes:
        url: The service.
        responses: All responses.
        rows: Numbers of rows that the service accepted.
        jobs: Numbers of jobs that it accepted, with or without a row.
    """

    url: str
    responses: list[Response] = field(default_factory=list)
    rows: set[int] = field(default_factory=set)
    jobs: set[int] = field(default_factory=set)
    _numbers: itertools.count[int] = field(default_factory=itertools.count)
    _threads: list[threading.Thread] = field(default_factory=list)
    _stopping: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        """Begin to send requests."""
        self._stopping.clear()
        self._threads = [threading.Thread(target=self._send) for _ in range(CLIENTS)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Wait for the last responses."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def reset(self) -> None:
        """Forget all responses."""
        self.responses, self.rows, self.jobs = [], set(), set()

    def served_since(self, moment: float) -> bool:
        """Whether the last requests that were sent after a moment were all served.

        Args:
            moment: By the monotonic clock, in seconds.
        """
        sent = [each for each in list(self.responses) if each.start > moment]
        return len(sent) >= 4 * len(PATHS) and all(each.is_success for each in sent[-20:])

    def statuses(self) -> Counter[int]:
        """How often each status was sent; 0 is for no response."""
        return Counter(each.status for each in self.responses)

    def _send(self) -> None:
        with httpx.Client(base_url=self.url, timeout=RESPONSE_SECONDS) as client:
            while not self._stopping.wait(PAUSE_SECONDS):
                number = next(self._numbers)
                kind = PATHS[number % len(PATHS)]
                start = time.monotonic()
                try:
                    status = self._request(client, kind, number)
                except httpx.TransportError:
                    status = 0
                response = Response(start, time.monotonic() - start, status)
                self.responses.append(response)
                if response.is_success and kind != "count":
                    self.jobs.add(number)
                    if kind == "rows":
                        self.rows.add(number)

    def _request(self, client: httpx.Client, kind: str, number: int) -> int:
        """Send a request, and return the status of the response."""
        if kind == "count":
            return client.get("/drill/count").status_code
        return client.post(f"/drill/{kind}/{number}").status_code
