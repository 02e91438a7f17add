"""Update to the newest release of the template in one CI job, and propose the update in another.

`python3 scripts/propose_update.py make FOLDER` runs the template's program in a job without a
token, and writes the update to the new folder FOLDER; nothing if there is no newer release.

`python3 scripts/propose_update.py take FOLDER REPORT` runs in the job that may push, and executes
no code of the template. It commits the files of the update, writes a description to the file REPORT
and prints `branch=`, `title=`, `draft=` and `commit=`; nothing if there is no update.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

PROJECT = Path(__file__).resolve().parents[1]
CLEAN, REFUSED, CONFLICTS, FAILED = 0, 1, 2, 4
ABOUT, BUNDLE, TEXT = "proposal.json", "update.bundle", "report.txt"
NO_UPDATE = (OSError, ValueError, LookupError, TypeError)
REF = "refs/template/update"
# GitHub's limit is 65,536 characters for both texts, which it counts differently.
LONGEST = 25_000
VERSION = re.compile(r"\d+(\.\d+)*((a|b|rc)\d+)?(\.post\d+)?(\.dev\d+)?")
# Environment variables for the template's program, without tokens of the job.
VARIABLES = re.compile(
    r"PATH|HOME|LANG|LC_\w+|TMPDIR|XDG_\w+|SSL_CERT_\w+|(http|https|all|no)_proxy|NETRC"
    r"|GIT_\w+|PIP_\w+|UV_(?!PUBLISH_)\w+|TEMPLATE_READ_TOKEN",
    re.IGNORECASE,
)
NOBODY = ("-c", "user.name=template", "-c", "user.email=template@localhost")


def main() -> int:
    """Make or take an update, and return an exit status."""
    try:
        match sys.argv[1:]:
            case ["make", folder]:
                return make(Path(folder))
            case ["take", folder, report]:
                return take(Path(folder), Path(report))
    except subprocess.CalledProcessError:
        # Git has printed the reason.
        return FAILED
    return refuse("Usage: `make FOLDER` or `take FOLDER REPORT`.")


def make(folder: Path) -> int:
    """Run the update, and write its result to a folder.

    Args:
        folder: A new folder for the result.

    Returns:
        The exit status of the update; 0 if it has conflicts.
    """
    if os.environ.get("TEMPLATE_TOKEN"):
        return refuse(
            "The template's program could read TEMPLATE_TOKEN: give it to the environment "
            "`template` alone, as docs/ci.md says."
        )
    git("switch", "--quiet", "--detach")
    base = git("rev-parse", "HEAD")
    with tempfile.TemporaryDirectory() as scratch:
        document = Path(scratch) / "report.json"
        command = [sys.executable, "scripts/update.py", "--json", str(document)]
        done = subprocess.run(
            command,
            cwd=PROJECT,
            env=environment(),
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        print(done.stdout, file=sys.stderr)
        if done.returncode not in (CLEAN, CONFLICTS):
            return done.returncode
        if not document.exists():
            print("The update wrote no report: see the output above.", file=sys.stderr)
            return FAILED
        report = json.loads(document.read_text(encoding="utf-8"))
    conflicts = [conflict["path"] for conflict in report["conflicts"]]
    if not (report["commit"] or conflicts):
        return CLEAN
    git("add", "--update")
    made = git(*NOBODY, "commit-tree", git("write-tree"), "-p", base, "-m", "Update")
    git("update-ref", REF, made)
    folder.mkdir(parents=True)
    git("bundle", "create", "--quiet", str(folder.absolute() / BUNDLE), REF, f"^{base}")
    about = {
        "old": report["old"]["version"],
        "new": report["new"]["version"],
        "conflicts": conflicts,
    }
    (folder / ABOUT).write_text(json.dumps(about), encoding="utf-8")
    (folder / TEXT).write_text(done.stdout, encoding="utf-8")
    return CLEAN


def environment() -> dict[str, str]:
    """Environment of the template's program, with access to a private template."""
    variables = {name: text for name, text in os.environ.items() if VARIABLES.fullmatch(name)}
    if not variables.get("TEMPLATE_READ_TOKEN"):
        return variables
    places = [os.environ.get(f"{host}_SERVER_URL") for host in ("CI", "GITHUB")]
    place = urlsplit(os.environ.get("TEMPLATE_SERVER") or next(filter(None, places), ""))
    server = f"{place.scheme}://{place.netloc}"
    say = '!say() { echo username=template; echo "password=$TEMPLATE_READ_TOKEN"; }; say'
    settings = [
        (f"credential.{server}.helper", say),
        # The token needs HTTPS, also if the answers file has an SSH address.
        (f"url.{server}/.insteadOf", f"git@{place.hostname}:"),
        (f"url.{server}/.insteadOf", f"ssh://git@{place.hostname}/"),
    ]
    first = int(variables.get("GIT_CONFIG_COUNT") or 0)
    variables["GIT_CONFIG_COUNT"] = str(first + len(settings))
    for number, (key, text) in enumerate(settings, first):
        variables |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": text}
    return variables


def take(folder: Path, report: Path) -> int:
    """Commit the files of an update from another job, and describe it.

    Args:
        folder: Folder of the update; its content is untrusted.
        report: File for the description.

    Returns:
        An exit status.
    """
    if not (folder / ABOUT).exists():
        return CLEAN
    # A link could make this job publish one of its own files.
    if folder.is_symlink() or any((folder / name).is_symlink() for name in (ABOUT, BUNDLE, TEXT)):
        return refuse(f"Invalid update: {folder} contains links.")
    try:
        about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
        old, new, conflicts = about["old"], about["new"], list(map(str, about["conflicts"]))
        text = (folder / TEXT).read_text(encoding="utf-8")
    except NO_UPDATE:
        return refuse(f"Invalid update in {folder}.")
    if not all(VERSION.fullmatch(str(version)) for version in (old, new)):
        return refuse(f"Invalid versions in the update: {old!r} and {new!r}.")
    base = git("rev-parse", "HEAD")
    bundle = str((folder / BUNDLE).absolute())
    options = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules")
    git("fetch", *options, bundle, f"+{REF}:{REF}")
    if git("rev-list", "--parents", "--max-count=1", REF).split()[1:] != [base]:
        return refuse(f"The update is not one commit after {base}.")
    title = f"Update the template to {new}"
    tree = git("rev-parse", f"{REF}^{{tree}}")
    message = f"{title}, with conflicts" if conflicts else title
    # Trailers by which a fleet recognizes an up-to-date service.
    trailers = {"Release": new, "Base": base, "Tree": tree, "Conflicts": len(conflicts)}
    message += "\n\n" + "\n".join(f"Template-{name}: {trailers[name]}" for name in trailers)
    # Use only the files of the other job's commit.
    commit = git("commit-tree", tree, "-p", base, "-m", message)
    report.write_text(described(old, new, conflicts, text), encoding="utf-8")
    print(f"branch=template-{new}")
    print(f"title={title}")
    print(f"draft={str(bool(conflicts)).lower()}")
    print(f"commit={commit}")
    return CLEAN


def described(old: str, new: str, conflicts: list[str], text: str) -> str:
    """Describe an update in Markdown.

    Args:
        old: Current release of the project.
        new: New release.
        conflicts: Files with conflicts.
        text: Report of the update.
    """
    parts = [f"From {old} to {new} of the template."]
    if conflicts:
        parts += [
            "**You and the template changed the same place.** The conflicts are committed with "
            "their markers: resolve them on this branch before you merge it.",
            quoted("\n".join(conflicts)),
        ]
    parts.append(quoted(text))
    return "\n\n".join(parts) + "\n"


def quoted(text: str) -> str:
    """Quote a text as a code block, so that the host ignores mentions, links and issue numbers.

    Args:
        text: The text.
    """
    if len(text) > LONGEST:
        text = f"{text[:LONGEST]}\n... The rest is in the output of CI."
    fence = max(["``", *re.findall(r"`+", text)], key=len) + "`"
    return f"{fence}text\n{text.strip()}\n{fence}"


def git(*arguments: str) -> str:
    """Run git in the project; it prints its own errors.

    Args:
        arguments: Arguments of git.

    Returns:
        Its output without surrounding whitespace.
    """
    command = ["git", *arguments]
    return subprocess.run(
        command, cwd=PROJECT, stdout=subprocess.PIPE, text=True, check=True
    ).stdout.strip()


def refuse(sentence: str) -> int:
    """Print an error, and return its exit status."""
    print(sentence, file=sys.stderr)
    return REFUSED


if __name__ == "__main__":
    sys.exit(main())
