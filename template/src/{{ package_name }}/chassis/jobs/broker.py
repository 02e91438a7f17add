"""Conversion of broker errors."""

from collections.abc import Iterator
from contextlib import contextmanager

from redis.exceptions import ClusterDownError as RedisClusterDownError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import OutOfMemoryError as RedisOutOfMemoryError
from redis.exceptions import ReadOnlyError as RedisReadOnlyError
from redis.exceptions import RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.exceptions import TryAgainError as RedisTryAgainError

from ..errors import BackingServiceUnavailable

# Errors that end without a change of the service: with a restart, a failover or more memory.
_TEMPORARY = (
    RedisClusterDownError,
    RedisConnectionError,
    RedisOutOfMemoryError,
    RedisReadOnlyError,
    RedisTimeoutError,
    RedisTryAgainError,
)
# Codes that redis-py has no class for: the disk is full, and too few replicas are connected.
_TEMPORARY_CODES = ("MISCONF ", "NOREPLICAS ")
# After a failover, connections to the old server go on, and it refuses to write.
RETRIED_ERRORS = [RedisReadOnlyError]


class BrokerUnavailable(BackingServiceUnavailable):
    """The job broker cannot be reached, or takes no jobs."""

    def __init__(self, error: Exception) -> None:
        super().__init__("job broker", type(error).__name__)


@contextmanager
def converted_broker_errors() -> Iterator[None]:
    """Convert temporary errors of the broker to `BrokerUnavailable`."""
    try:
        yield
    except RedisError as error:
        if _is_temporary(error):
            raise BrokerUnavailable(error) from error
        raise


def _is_temporary(error: RedisError) -> bool:
    has_code = isinstance(error, ResponseError) and str(error).startswith(_TEMPORARY_CODES)
    return has_code or isinstance(error, _TEMPORARY)
