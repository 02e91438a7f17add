"""Follow the template: fetch it, and let its own update program do the work.

Run it with `uv run scripts/update.py` or `pipx run scripts/update.py`; `--help` shows its options.
What the program needs is pinned by the template, and installed into a temporary folder.
"""

# /// script
# requires-python = ">=3.11"
# dependencies = []
# ///

import argparse
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[1]
ANSWERS = ".copier-answers.yml"
REQUIREMENTS = "updating/requirements.txt"
SHORTCUTS = {"gh:": "https://github.com/", "gl:": "https://gitlab.com/"}
REFUSED, FAILED, INTERRUPTED = 1, 4, 130
UNREADABLE = (OSError, UnicodeDecodeError)
# The other one is of an address that no command line can have.
NOT_FETCHED = (subprocess.CalledProcessError, ValueError)
# Git sets them for its hooks; they would make it work on another repository.
REPOSITORY = (
    *("GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE", "GIT_PREFIX"),
    *("GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_NAMESPACE"),
    *("GIT_SHALLOW_FILE", "GIT_GRAFT_FILE", "GIT_REPLACE_REF_BASE"),
)
# Where packages come from, of all the settings that uv would find in the project.
INDEX_SETTINGS = (
    *("index", "index-url", "extra-index-url", "no-index", "find-links", "index-strategy"),
    *("allow-insecure-host", "keyring-provider", "native-tls", "system-certs"),
)
ESCAPES = {"n": "\n", "t": "\t", "e": "\x1b", "0": "\0", "_": "\xa0", "N": "\x85"}


class Problem(Exception):
    """What prevents the update, in one sentence, and the exit status for it."""

    def __init__(self, sentence: str, status: int = REFUSED) -> None:
        super().__init__(sentence)
        self.status = status


def main() -> int:
    """Run the template's update program on this project, and return its exit status."""
    try:
        with tempfile.TemporaryDirectory(prefix="template-") as folder:
            return update(sys.argv[1:], Path(folder))
    except Problem as problem:
        print(problem, file=sys.stderr)
        return problem.status
    except KeyboardInterrupt:
        return INTERRUPTED


def update(arguments: list[str], folder: Path) -> int:
    """Fetch the template and what its program needs, and run it.

    Args:
        arguments: What the program is told.
        folder: An empty folder to work in.

    Returns:
        The program's exit status.

    Raises:
        Problem: When it cannot be run.
    """
    if sys.hexversion < 0x030B0000:
        raise Problem("Python 3.11 or newer is needed: run `uv run scripts/update.py`.")
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--template", nargs="?")
    parser.add_argument("-a", "--answers-file", nargs="?")
    given, _ = parser.parse_known_args(arguments)
    source = given.template or recorded_source(given.answers_file)
    environment = {name: value for name, value in os.environ.items() if name not in REPOSITORY}
    clone, packages = folder / "template", folder / "packages"
    fetch(source, clone, environment)
    if not (clone / REQUIREMENTS).is_file():
        raise Problem(
            f"The template at {source} has no {REQUIREMENTS}: it is older than this script, "
            "or another template."
        )
    install(clone / REQUIREMENTS, packages, environment)
    # Of two, the program records the first and reads the last.
    program = [sys.executable, "-m", "updating", str(PROJECT), *arguments, "--template", str(clone)]
    environment["PYTHONPATH"] = os.pathsep.join(map(str, (clone, packages)))
    # Modules in the current folder are the project's.
    environment["PYTHONSAFEPATH"] = "1"
    return subprocess.run(program, env=environment, check=False).returncode


def recorded_source(name: str | None) -> str:
    """Read where the template is.

    Args:
        name: Name of the answers file, if it is told.

    Returns:
        An address or a path, as Copier has recorded it.

    Raises:
        Problem: When nothing says it.
    """
    path = PROJECT / (name or ANSWERS)
    if not name and not path.exists():
        others = [other for other in PROJECT.glob("*answers*.yml") if is_answers_file(other)]
        if len(others) > 1:
            names = " and ".join(sorted(other.name for other in others))
            raise Problem(f"There are {names}: name one of them with --answers-file.")
        path = others[0] if others else path
    try:
        source = recorded(path.read_text(encoding="utf-8"), "_src_path")
    except UNREADABLE:
        source = None
    if not source:
        raise Problem(f"{path.name} is missing or broken: restore it from an earlier commit.")
    return source


def is_answers_file(path: Path) -> bool:
    """Whether a file says what a project was generated from.

    Args:
        path: The file.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except UNREADABLE:
        return False
    return bool(recorded(text, "_src_path") and recorded(text, "_commit"))


def recorded(text: str, key: str) -> str | None:
    """Read one text at the top of a YAML file.

    Args:
        text: What is in the file.
        key: The key.

    Returns:
        Its value; None if there is none.
    """
    found = re.search(rf"^{key}:[ \t]+(.+(?:\n[ \t]+.*)*)", text, re.MULTILINE)
    if found is None:
        return None
    if single := re.match(r"'((?:[^']|'')*)'", found[1]):
        return folded(single[1]).replace("''", "'")
    if double := re.match(r'"((?:[^"\\]|\\.)*)"', found[1], re.DOTALL):
        joined = folded(re.sub(r"\\\n[ \t]*", "", double[1]))
        return re.sub(r"\\(x\w{2}|u\w{4}|U\w{8}|.)", lambda found: unescaped(found[1]), joined)
    return folded(re.sub(r"(^|\s)#.*", "", found[1]))


def folded(text: str) -> str:
    """Join the lines that YAML has broken a text into.

    Args:
        text: The text.
    """
    return re.sub(r"\s*\n\s*", " ", text.strip())


def unescaped(code: str) -> str:
    """The character that an escape of YAML stands for.

    Args:
        code: The escape, without its backslash.
    """
    return chr(int(code[1:], 16)) if len(code) > 1 else ESCAPES.get(code, code)


def fetch(source: str, clone: Path, environment: dict[str, str]) -> None:
    """Clone the template.

    Args:
        source: Where it is, in one of the forms that Copier takes.
        clone: A new folder.
        environment: Variables for git.

    Raises:
        Problem: When it cannot be cloned.
    """
    settings = ("-c", "core.hooksPath=/dev/null", "-c", "core.autocrlf=false")
    command = ["git", *settings, "clone", "--quiet", "--template="]
    command += ["--", address(source), str(clone)]
    # An address may name a program to be run, such as ext::sh.
    allowed = {"GIT_ALLOW_PROTOCOL": "file:git:http:https:ssh", "GIT_LFS_SKIP_SMUDGE": "1"}
    try:
        subprocess.run(
            command, env={**allowed, **environment}, stdout=subprocess.DEVNULL, check=True
        )
    except FileNotFoundError:
        raise Problem("git is not installed: install it, and update again.") from None
    except NOT_FETCHED:
        raise Problem(
            f"The template could not be fetched from {source}; git says why above.", FAILED
        ) from None


def address(source: str) -> str:
    """Say in git's words where the template is.

    Args:
        source: Where it is, in Copier's words. A relative path begins at the project, or else at
            the current folder.
    """
    for shortcut, host in SHORTCUTS.items():
        if source.startswith(shortcut):
            path = source.removeprefix(shortcut).removeprefix("/").removesuffix(".git")
            return f"{host}{path}.git"
    source = source.removeprefix("git+")
    with suppress(OSError, RuntimeError, ValueError):
        path_here = Path(source).expanduser()
        for base in (PROJECT, Path.cwd()):
            if (base / path_here).exists():
                return str((base / path_here).resolve())
    return source


def install(requirements: Path, packages: Path, environment: dict[str, str]) -> None:
    """Install what the program needs: the pinned wheels and nothing else.

    Args:
        requirements: Their versions and hashes.
        packages: A new folder.
        environment: Variables for the installer.

    Raises:
        Problem: When it cannot be installed.
    """
    options = ["--quiet", "--require-hashes", "--no-deps", "--only-binary", ":all:"]
    options += ["--target", str(packages), "--requirement", str(requirements)]
    if uv := environment.get("UV") or shutil.which("uv"):
        command = [uv, "pip", "install", "--python", sys.executable, *options]
        settings = packages.with_name("uv.toml")
        settings.write_text("".join(f"{line}\n" for line in index_settings()), encoding="utf-8")
    elif importlib.util.find_spec("pip"):
        command = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", *options]
    else:
        raise Problem("There is neither uv nor pip: install uv, and update again.")
    # In the project, uv would take all of its settings.
    done = subprocess.run(
        command, cwd=packages.parent, env=environment, stdout=subprocess.DEVNULL, check=False
    )
    if done.returncode:
        raise Problem("What the update needs could not be installed, as is said above.", FAILED)


def index_settings() -> list[str]:
    """Say for uv where the project's packages come from, in lines of TOML."""
    import tomllib

    settings: dict[str, Any] = {}
    with suppress(OSError, ValueError, KeyError, TypeError):
        text = (PROJECT / "pyproject.toml").read_text(encoding="utf-8")
        settings = dict(tomllib.loads(text)["tool"]["uv"])
    with suppress(OSError, ValueError):
        settings = tomllib.loads((PROJECT / "uv.toml").read_text(encoding="utf-8"))
    return [f"{key} = {toml(settings[key])}" for key in INDEX_SETTINGS if key in settings]


def toml(value: object) -> str:
    """Write a value in TOML.

    Args:
        value: The value.
    """
    if isinstance(value, dict):
        pairs = [f"{json.dumps(key)} = {toml(each)}" for key, each in value.items()]
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    return json.dumps(value, ensure_ascii=False)


if __name__ == "__main__":
    sys.exit(main())
