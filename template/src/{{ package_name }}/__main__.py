"""Entry point of all processes: runs the service that `app.py` defines."""

from . import app
from .chassis.cli import run_service
from .chassis.current import service_of


def main() -> None:
    """Run the command line."""
    run_service(service_of(app))


if __name__ == "__main__":
    main()
