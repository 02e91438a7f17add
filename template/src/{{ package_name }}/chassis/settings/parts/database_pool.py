"""Settings of the connection pool."""

from pydantic import Field

from ..base import PartSettings
from ..types import Positive


class DatabasePoolSettings(PartSettings):
    """Size of the connection pool."""

    database_pool_size: Positive = Field(
        default=15,
        description="Maximum number of connections of a process to the database.",
    )
