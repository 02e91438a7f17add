"""What every question to the job broker has in common."""

from collections.abc import Iterator
from contextlib import contextmanager

from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from ..errors import BackingServiceUnavailable

BROKER_ERRORS = (RedisConnectionError, RedisTimeoutError)


class BrokerUnavailable(BackingServiceUnavailable):
    """The job broker did not answer."""

    def __init__(self, error: Exception) -> None:
        super().__init__("job broker", type(error).__name__)


@contextmanager
def reaching_the_broker() -> Iterator[None]:
    """Turn the client's own errors into one that callers know."""
    try:
        yield
    except BROKER_ERRORS as error:
        raise BrokerUnavailable(error) from error
