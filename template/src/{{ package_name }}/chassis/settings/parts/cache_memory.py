"""Settings of the in-memory cache."""

from pydantic import Field

from ..base import PartSettings
from ..types import Positive


class CacheMemorySettings(PartSettings):
    """Size of the cache."""

    cache_max_entries: Positive = Field(
        default=10_000,
        description="Maximum number of cached results per process.",
    )
