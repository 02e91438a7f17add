"""Settings of the worker and its jobs."""

from pydantic import Field

from ..base import PartSettings
from ..types import PortOrZero, Positive


class WorkerSettings(PartSettings):
    """Queue, jobs and health probes of a worker."""

    health_host: str = Field(
        default="127.0.0.1",
        description="Address to listen on with HEALTH_PORT.",
    )
    health_port: PortOrZero = Field(
        default=0,
        description="Port of a worker's /health/live and /health/ready; 0 for none.",
    )
    job_queue: str = Field(
        default="default",
        description="Name of the queue; each service needs its own.",
    )
    job_concurrency: Positive = Field(
        default=10,
        description="Maximum number of jobs that a worker runs concurrently.",
    )
    job_heartbeat_seconds: Positive = Field(
        default=30,
        description="Seconds without a heartbeat after which a worker's jobs are run again.",
    )
    job_result_seconds: Positive = Field(
        default=86_400,
        description="How long a finished job and its result are stored, in seconds.",
    )
    job_failed_seconds: Positive = Field(
        default=604_800,
        description="Minimum time that a failed job is stored for retries, in seconds.",
    )
