"""The entry point of `twelvestar`."""

from __future__ import annotations

import sys

from typer.exceptions import TyperException

from .cli import cli, with_fleet
from .errors import Problem

_INTERRUPTED = 130


def main() -> None:
    """Run the command line; print errors as one sentence on stderr."""
    try:
        # In standalone mode, a wrong argument would have the status of an update with conflicts.
        with_fleet(sys.argv[1:2])
        status = cli(standalone_mode=False)
    except TyperException as error:
        sentence = " ".join(error.format_message().split()).rstrip(".")
        print(f"{sentence}; see --help.", file=sys.stderr)
        sys.exit(1)
    except Problem as problem:
        print(problem, file=sys.stderr)
        sys.exit(problem.status)
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
    sys.exit(status)


if __name__ == "__main__":
    main()
