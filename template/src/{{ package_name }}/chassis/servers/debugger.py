"""`breakpoint()` in the processes of `dev`.

The standard input of server processes is empty, so that pdb would end at once.
"""

import sys
from pathlib import Path
from pdb import Pdb

TERMINAL = Path("/dev/tty")


def set_trace() -> None:
    """Open pdb in the terminal, at the caller's line."""
    try:
        terminal = TERMINAL.open(), TERMINAL.open("w")
    except OSError:
        print("breakpoint() needs a terminal: run `dev` in one.", file=sys.stderr)
        return
    Pdb(stdin=terminal[0], stdout=terminal[1]).set_trace(sys._getframe(1))
