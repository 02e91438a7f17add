"""The smallest Litestar application with the same response as the generated one."""

from dataclasses import dataclass

from litestar import Litestar, get


@dataclass
class Health:
    """State of this process."""

    status: str
    release: str


@get("/health/live")
async def live() -> Health:
    """Answer."""
    return Health(status="ok", release="0.1.0")


app = Litestar([live])
