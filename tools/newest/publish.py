"""Open an issue on GitHub for each cause of failures, or update the open one with that title."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from . import results
from .issues import issues


def main(files: list[str]) -> int:
    """Publish the issues of reports.

    Args:
        files: Reports in JSON, of all platforms.
    """
    found = [result for file in files for result in results.read(Path(file))]
    for title, text in issues(found).items():
        number = _open_issue(title)
        if number is None:
            print(_gh("issue", "create", "--title", title, "--body-file", "-", given=text))
        else:
            print(_gh("issue", "edit", str(number), "--body-file", "-", given=text))
    return 0


def _open_issue(title: str) -> int | None:
    listed = _gh(*("issue", "list", "--state", "open", "--limit", "1000", "--json", "number,title"))
    return next((each["number"] for each in json.loads(listed) if each["title"] == title), None)


def _gh(*arguments: str, given: str | None = None) -> str:
    done = subprocess.run(
        ["gh", *arguments], input=given, stdout=subprocess.PIPE, text=True, check=True
    )
    return done.stdout.strip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
