"""HTTP requests to a forge, with rate limits, retries and redacted errors."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

import httpx

from .base import Conflict, ForgeError, NotAllowed, NotFound, Unavailable
from .limits import Throttle
from .names import forge_address, origin
from .secrets import read_token, redact, token_name

MOST = 64 * 1024 * 1024
"""Largest size of a response, in bytes."""
PAGES = 2_000

T = TypeVar("T")

_trying: ContextVar[bool] = ContextVar("_trying", default=False)

# GitHub asks for at least a minute if it gives no time.
_LIMIT_WAIT = 60.0
_REDIRECTS = 3


@dataclass(frozen=True, slots=True)
class Response:
    """The response of a forge.

    Attributes:
        status: HTTP status, of a success.
        data: Its JSON; None without a body.
        headers: Its headers.
    """

    status: int
    data: Any
    headers: httpx.Headers

    def more(self) -> bool:
        """Whether there is another page."""
        if "x-next-page" in self.headers:
            return bool(self.headers["x-next-page"].strip())
        if isinstance(self.data, dict) and isinstance(self.data.get("pagination"), dict):
            return bool(self.data["pagination"].get("next"))
        return 'rel="next"' in self.headers.get("link", "")


class Client:
    """HTTP client of one forge, with one token.

    Args:
        url: URL of the forge.
        api: URL of its API.
        token: `env:NAME` or `file:PATH`.
        authorize: Makes the header with the token.
        throttle: Enforces its rate limits.
        headers: Further headers of every request.
    """

    def __init__(
        self,
        url: str,
        api: str,
        token: str,
        authorize: Callable[[str], tuple[str, str]],
        throttle: Throttle,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.url = forge_address(url)
        self.api = forge_address(api)
        self.throttle = throttle
        self._spec = token
        self._authorize = authorize
        self._token = ""
        self._http = httpx.AsyncClient(
            # Use the proxies of the standard variables, except for a forge on this machine. httpx
            # does not read .netrc without being asked to.
            trust_env=origin(self.api)[0] == "https",
            follow_redirects=False,
            timeout=throttle.limits.timeout,
            headers={"user-agent": "twelvestar", "accept": "application/json", **(headers or {})},
        )

    @property
    def token_name(self) -> str:
        """The variable or file with the token."""
        return token_name(self._spec)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    def redact(self, text: object) -> str:
        """Redact a forge's message for an error.

        Args:
            text: The message.
        """
        return redact(str(text), [self._token])

    async def get(self, path: str, **query: str | int) -> Response:
        """Send a GET request.

        Args:
            path: Path below the API's URL.
            query: The query.
        """

        async def once() -> Response:
            async with self.throttle.read():
                return await self._send("GET", path, query=query)

        return await self.persist(once)

    async def pages(self, path: str, key: str = "", /, **query: str | int) -> AsyncIterator[Any]:
        """Read a paginated list.

        Pages are requested by number. URLs in responses are not followed, so that the token is not
        sent elsewhere.

        Args:
            path: Path below the API's URL.
            key: Key of the list in a response; empty if the response is the list.
            query: The query.
        """
        for page in range(1, PAGES + 1):
            response = await self.get(path, **query, page=page)
            with self.reading(path):
                items = response.data[key] if key else response.data
                if not isinstance(items, list):
                    raise TypeError("a list was expected")
            for item in items:
                yield item
            if not response.more():
                return
        raise ForgeError(f"{self.url} has more than {PAGES} pages of {path}: ask for less.")

    async def write(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, *, form: bool = False
    ) -> Response:
        """Send an idempotent change.

        Args:
            method: The HTTP method.
            path: Path below the API's URL.
            body: What to send.
            form: Whether to send it as a form instead of JSON.
        """

        async def act() -> Response:
            return await self.send(method, path, body, form=form)

        return await self.writing(act)

    async def writing(self, act: Callable[[], Awaitable[T]]) -> T:
        """Make a change, without other concurrent writes to the host.

        Args:
            act: One try. If the change is not idempotent, it first checks whether an earlier try
                has succeeded.
        """

        async def once() -> T:
            async with self.throttle.write():
                return await act()

        return await self.persist(once)

    async def send(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, *, form: bool = False
    ) -> Response:
        """Send a change once; for use in `writing`.

        Args:
            method: The HTTP method.
            path: Path below the API's URL.
            body: What to send.
            form: Whether to send it as a form instead of JSON.
        """
        return await self._send(method, path, body=body, form=form)

    async def persist(self, act: Callable[[], Awaitable[T]]) -> T:
        """Retry until it succeeds, fails permanently, or the tries are used up.

        Nested calls are not retried separately.

        Args:
            act: One try.
        """
        if _trying.get():
            return await act()
        for attempt in range(1, self.throttle.limits.tries):
            try:
                return await self._once(act)
            except Unavailable as error:
                if error.wait is not None:
                    self.throttle.hold(error.wait)
                else:
                    await self.throttle.clock.sleep(self.throttle.delay(attempt))
        return await self._once(act)

    async def _once(self, act: Callable[[], Awaitable[T]]) -> T:
        before = _trying.set(True)
        try:
            return await act()
        finally:
            _trying.reset(before)

    async def _send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str | int] | None = None,
        body: Mapping[str, Any] | None = None,
        form: bool = False,
    ) -> Response:
        self._token = self._token or read_token(self._spec)
        name, value = self._authorize(self._token)
        url = httpx.URL(f"{self.api}/{path}", params=query or None)
        for _ in range(_REDIRECTS):
            request = self._http.build_request(
                method,
                url,
                headers={name: value},
                json=None if form or body is None else body,
                data=body if form else None,
            )
            status, headers, content = await self._exchange(request)
            if (wait := self._reset(headers)) is not None:
                self.throttle.hold(wait)
            if not 300 <= status < 400 or "location" not in headers:
                return self._judge(method, path, status, headers, content)
            url = self._redirected(method, path, url, headers["location"], status)
        raise ForgeError(f"{self.url} redirects {method} {path} again and again.", status)

    async def _exchange(self, request: httpx.Request) -> tuple[int, httpx.Headers, bytes]:
        seconds = self.throttle.limits.timeout
        try:
            # httpx has limits for each part of a response, but none for all of it.
            async with asyncio.timeout(seconds):
                response = await self._http.send(request, stream=True)
                try:
                    content = bytearray()
                    async for part in response.aiter_bytes():
                        content += part
                        if len(content) > MOST:
                            raise ForgeError(f"{self.url} sent more than {MOST} bytes.")
                finally:
                    await response.aclose()
        except TimeoutError as error:
            raise Unavailable(f"{self.url} took longer than {seconds:g} seconds.") from error
        except (httpx.TransportError, httpx.DecodingError) as error:
            what = self.redact(error) or type(error).__name__
            raise Unavailable(f"{self.url} cannot be reached: {what}.") from error
        return response.status_code, response.headers, bytes(content)

    def _redirected(
        self, method: str, path: str, url: httpx.URL, location: str, status: int
    ) -> httpx.URL:
        try:
            target = url.join(location)
        except httpx.InvalidURL as error:
            raise ForgeError(f"{self.url} redirects {path} to an invalid URL.", status) from error
        if origin(str(target)) != origin(self.api):
            raise ForgeError(
                f"{self.url} redirects {path} to another host, and the token is not sent there: "
                "use the forge's own URL.",
                status,
            )
        if method != "GET":
            raise ForgeError(
                f"{self.url} redirects {method} {path}: if the repository was renamed, use its new"
                " name.",
                status,
            )
        return target

    def _judge(
        self, method: str, path: str, status: int, headers: httpx.Headers, content: bytes
    ) -> Response:
        if 200 <= status < 300:
            return Response(
                status, self._parsed(path, content) if content.strip() else None, headers
            )
        said = self.redact(_message(content) or f"status {status}").rstrip(".")
        what = f"{method} {path}"
        if (wait := self._limit(status, headers, said)) is not None:
            raise Unavailable(f"{self.url} asks to retry later: {said}.", status, wait)
        if status >= 500 or status == 408:
            raise Unavailable(f"{self.url} failed at {what}: {said}.", status, _after(headers))
        if status == 401:
            raise NotAllowed(
                f"The token in {self.token_name} is wrong, expired or revoked: {self.url} says"
                f' "{said}". Make a new one.',
                status,
            )
        if status == 403:
            raise NotAllowed(
                f"The token in {self.token_name} lacks the right to {what}: {self.url} says"
                f' "{said}".',
                status,
            )
        if status == 423:
            raise NotAllowed(f"{self.url} does not allow {what}: {said}.", status)
        if status == 404:
            raise NotFound(f"{self.url} has no {path}, or not for this token: {said}.", status)
        if status in (405, 406, 409):
            raise Conflict(f"{self.url} refused {what}: {said}.", status)
        raise ForgeError(f"{self.url} refused {what}: {said}.", status)

    def _limit(self, status: int, headers: httpx.Headers, said: str) -> float | None:
        """Seconds to wait, if the response is about a rate limit."""
        if status not in (403, 429):
            return None
        if (seconds := _after(headers)) is not None:
            return seconds
        if (seconds := self._reset(headers)) is not None:
            return seconds
        about_limits = any(word in said.lower() for word in ("rate limit", "abuse detection"))
        return _LIMIT_WAIT if status == 429 or about_limits else None

    def _reset(self, headers: httpx.Headers) -> float | None:
        """Seconds until the rate limit is reset, if no request is left."""
        for prefix in ("x-ratelimit", "ratelimit"):
            reset = _number(headers.get(f"{prefix}-reset"))
            if headers.get(f"{prefix}-remaining") == "0" and reset is not None:
                # One second more, because its clock may differ from ours.
                return max(1.0, reset - self.throttle.clock.now() + 1)
        return None

    def _parsed(self, path: str, content: bytes) -> Any:
        try:
            return json.loads(content)
        except (ValueError, RecursionError) as error:
            # For example an HTML maintenance page.
            raise Unavailable(f"{self.url} sent a response to {path} that is not JSON.") from error

    @contextmanager
    def reading(self, what: str) -> Iterator[None]:
        """Convert errors in reading a response to a ForgeError.

        Args:
            what: The request.
        """
        try:
            yield
        except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
            raise ForgeError(
                f"{self.url} sent an unexpected response to {what}: {self.redact(error)}."
            ) from error


def _message(content: bytes) -> str:
    """The message in the JSON of an error, for all forges."""
    text = content[:10_000].decode(errors="replace")
    try:
        data = json.loads(content)
    except (ValueError, RecursionError):
        return text
    if not isinstance(data, dict):
        return text
    said = [data[key] for key in ("message", "error", "error_description") if data.get(key)]
    said += [data["errors"]] if data.get("errors") else []
    return "; ".join(_flat(part) for part in said) or text


def _flat(said: Any) -> str:
    if isinstance(said, dict):
        if isinstance(said.get("message"), str):
            return str(said["message"])
        return "; ".join(f"{key}: {_flat(part)}" for key, part in said.items())
    if isinstance(said, Sequence) and not isinstance(said, str):
        return "; ".join(_flat(part) for part in said)
    return str(said)


def _after(headers: httpx.Headers) -> float | None:
    """Seconds of `Retry-After`, which can also be a date."""
    if (value := headers.get("retry-after")) is None:
        return None
    if (seconds := _number(value)) is not None:
        return max(0.0, seconds)
    try:
        when = parsedate_to_datetime(value)
    except ValueError:
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return max(0.0, (when - datetime.now(UTC)).total_seconds())


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if 0 <= number < 1e12 else None
