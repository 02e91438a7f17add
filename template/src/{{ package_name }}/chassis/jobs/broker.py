"""Conversion of broker errors."""

from collections.abc import Iterator
from contextlib import contextmanager

from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from ..errors import BackingServiceUnavailable

BROKER_ERRORS = (RedisConnectionError, RedisTimeoutError)


class BrokerUnavailable(BackingServiceUnavailable):
    """The job broker cannot be reached."""

    def __init__(self, error: Exception) -> None:
        super().__init__("job broker", type(error).__name__)


@contextmanager
def converted_broker_errors() -> Iterator[None]:
    """Convert connection errors of the client to `BrokerUnavailable`."""
    try:
        yield
    except BROKER_ERRORS as error:
        raise BrokerUnavailable(error) from error
