"""Update a branch to the newest release of the template, and describe it for whoever merges it.

`python3 scripts/propose_update.py REPORT` writes the description to the file REPORT and prints
`branch=`, `title=` and `draft=`; nothing if there is nothing newer. CI pushes the branch.
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[1]
CLEAN, REFUSED, CONFLICTS = 0, 1, 2
# GitHub takes 65,536 characters, and they are counted in another way.
LONGEST = 50_000


def main() -> int:
    """Update the branch, and return the exit status of the update, or 0 where it has conflicts."""
    if len(sys.argv) != 2:
        return refuse("Name a file for the report: python3 scripts/propose_update.py REPORT")
    git("switch", "--quiet", "--detach")
    with tempfile.TemporaryDirectory() as folder:
        document = Path(folder) / "report.json"
        command = ["uv", "run", "--quiet", "--no-project", "scripts/update.py", "--json", document]
        done = subprocess.run(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True, check=False)
        print(done.stdout, file=sys.stderr)
        if done.returncode not in (CLEAN, CONFLICTS):
            return done.returncode
        report = json.loads(document.read_text(encoding="utf-8"))
    if not (report["commit"] or report["conflicts"]):
        return CLEAN
    title = f"Update the template to {report['new']['version']}"
    if report["conflicts"]:
        git("add", "--all")
        git("commit", "--quiet", "--no-verify", "--message", f"{title}, with conflicts")
    branch = f"template-{report['new']['version']}"
    git("switch", "--quiet", "--force-create", branch)
    Path(sys.argv[1]).write_text(described(report, done.stdout), encoding="utf-8")
    print(f"branch={branch}")
    print(f"title={title}")
    print(f"draft={str(bool(report['conflicts'])).lower()}")
    return CLEAN


def described(report: dict[str, Any], text: str) -> str:
    """Describe an update in Markdown.

    Args:
        report: The report for programs.
        text: The report for people. It is quoted as it is: what it names is not for GitHub or
            GitLab to notify, to link or to close.
    """
    parts = [f"From {report['old']['version']} to {report['new']['version']} of the template."]
    if report["conflicts"]:
        places = "\n".join(f"- `{conflict['path']}`" for conflict in report["conflicts"])
        parts.append(
            "**You and the template changed the same place.** The conflicts are committed with "
            f"their markers: resolve them on this branch before you merge it.\n\n{places}"
        )
    if len(text) > LONGEST:
        text = f"{text[:LONGEST]}\n... The rest is in the output of CI."
    fence = max(["``", *re.findall(r"`+", text)], key=len) + "`"
    parts.append(f"{fence}text\n{text.strip()}\n{fence}")
    return "\n\n".join(parts) + "\n"


def git(*arguments: str) -> None:
    """Run git in the project; it says itself what is wrong."""
    command = ["git", *arguments]
    subprocess.run(command, cwd=PROJECT, check=True)


def refuse(sentence: str) -> int:
    """Say what is wrong, and return the exit status for it."""
    print(sentence, file=sys.stderr)
    return REFUSED


if __name__ == "__main__":
    sys.exit(main())
