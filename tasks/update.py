"""What Copier runs before and after an update: the same update as `make update`.

Copier's own merge loses edits of files that the template renames or drops, and says nothing of
conflicts. So its result serves for the answers that it asked for, and is then replaced.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from updating import hook  # noqa: E402
from updating.errors import UpdateError  # noqa: E402


def main() -> int:
    """Run a stage in the project, which is the current folder."""
    stages = {"before": hook.before, "after": hook.after}
    try:
        return stages[sys.argv[1]](Path.cwd(), ROOT)
    except UpdateError as error:
        print(error, file=sys.stderr)
        return error.status


if __name__ == "__main__":
    sys.exit(main())
