"""Update from the template: fetch it, and run its update program.

Run it with `uv run scripts/update.py` or `pipx run scripts/update.py`; `--help` shows its options.
The program's dependencies are pinned by the template, and installed into a temporary folder.
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
# Keys whose releases are accepted, in the format of OpenSSH's allowed signers. Without this file,
# all releases are.
SIGNERS = ".template-signers"
SHORTCUTS = {"gh:": "https://github.com/", "gl:": "https://gitlab.com/"}
REFUSED, FAILED, INTERRUPTED = 1, 4, 130
UNREADABLE = (OSError, UnicodeDecodeError)
# ValueError: the address cannot be a command-line argument.
NOT_FETCHED = (subprocess.CalledProcessError, ValueError)
# Git sets these for hooks; they would make git use another repository.
REPOSITORY = (
    *("GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE", "GIT_PREFIX"),
    *("GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_NAMESPACE"),
    *("GIT_SHALLOW_FILE", "GIT_GRAFT_FILE", "GIT_REPLACE_REF_BASE"),
)
# uv's settings of the project about package indexes.
INDEX_SETTINGS = (
    *("index", "index-url", "extra-index-url", "no-index", "find-links", "index-strategy"),
    *("allow-insecure-host", "keyring-provider", "native-tls", "system-certs"),
)
ESCAPES = {"n": "\n", "t": "\t", "e": "\x1b", "0": "\0", "_": "\xa0", "N": "\x85"}


class Problem(Exception):
    """An error in one sentence, with its exit status."""

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
    """Fetch the template, install its dependencies, and run its program.

    Args:
        arguments: Arguments of the program.
        folder: An empty folder to work in.

    Returns:
        The program's exit status.

    Raises:
        Problem: If the program cannot be run.
    """
    if sys.hexversion < 0x030B0000:
        raise Problem("Python 3.11 or newer is needed: run `uv run scripts/update.py`.")
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--template", nargs="?")
    parser.add_argument("-a", "--answers-file", nargs="?")
    parser.add_argument("--to", nargs="?")
    given, _ = parser.parse_known_args(arguments)
    source = given.template or recorded_source(given.answers_file)
    environment = {name: value for name, value in os.environ.items() if name not in REPOSITORY}
    clone, packages = folder / "template", folder / "packages"
    fetch(source, clone, environment)
    if os.path.lexists(PROJECT / SIGNERS):
        tag = given.to or newest(clone, environment)
        environment["TEMPLATE_VERIFIED"] = keep_verified(clone, tag, environment)
        arguments = [*arguments, "--to", tag]
    if not (clone / REQUIREMENTS).is_file():
        raise Problem(
            f"The template at {source} has no {REQUIREMENTS}: it is older than this script, "
            "or another template."
        )
    install(clone / REQUIREMENTS, packages, environment)
    # If there are two, the program records the first one and uses the last one.
    program = [sys.executable, "-m", "updating", str(PROJECT), *arguments, "--template", str(clone)]
    environment["PYTHONPATH"] = os.pathsep.join(map(str, (clone, packages)))
    # Modules in the current folder belong to the project.
    environment["PYTHONSAFEPATH"] = "1"
    return subprocess.run(program, env=environment, check=False).returncode


def recorded_source(name: str | None) -> str:
    """Read the template's address from the answers file.

    Args:
        name: Name of the answers file, if it is given.

    Returns:
        An address or a path, as Copier has recorded it.

    Raises:
        Problem: If there is no address.
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
    """Whether a file is an answers file of Copier.

    Args:
        path: The file.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except UNREADABLE:
        return False
    return bool(recorded(text, "_src_path") and recorded(text, "_commit"))


def recorded(text: str, key: str) -> str | None:
    """Read a top-level string of a YAML file.

    Args:
        text: Content of the file.
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
    """Join the lines of a folded YAML string.

    Args:
        text: The text.
    """
    return re.sub(r"\s*\n\s*", " ", text.strip())


def unescaped(code: str) -> str:
    """Character of a YAML escape sequence.

    Args:
        code: The escape, without its backslash.
    """
    return chr(int(code[1:], 16)) if len(code) > 1 else ESCAPES.get(code, code)


def fetch(source: str, clone: Path, environment: dict[str, str]) -> None:
    """Clone the template.

    Args:
        source: Address in one of Copier's forms.
        clone: A new folder.
        environment: Variables for git.

    Raises:
        Problem: If it cannot be cloned.
    """
    settings = ("-c", "core.hooksPath=/dev/null", "-c", "core.autocrlf=false")
    command = ["git", *settings, "clone", "--quiet", "--template="]
    command += ["--", address(source), str(clone)]
    # Forbid addresses that run a program, such as ext::sh.
    allowed = {"GIT_ALLOW_PROTOCOL": "file:git:http:https:ssh", "GIT_LFS_SKIP_SMUDGE": "1"}
    try:
        subprocess.run(
            command, env={**allowed, **environment}, stdout=subprocess.DEVNULL, check=True
        )
    except FileNotFoundError:
        raise Problem("git is not installed: install it, and update again.") from None
    except NOT_FETCHED:
        raise Problem(
            f"The template could not be fetched from {source}: see git's message above.", FAILED
        ) from None


def newest(clone: Path, environment: dict[str, str]) -> str:
    """Name of the newest tag that is a release, and no pre-release.

    Args:
        clone: The template.
        environment: Variables for git.

    Raises:
        Problem: If there is none.
    """
    listing = ["git", "-C", str(clone), "tag", "--list", "[0-9]*", "--sort=-version:refname"]
    done = subprocess.run(listing, env=environment, capture_output=True, text=True, check=True)
    for tag in done.stdout.split():
        if not re.search(r"\d[-_.]?(a|b|rc|alpha|beta|dev|pre)", tag):
            return tag
    raise Problem(f"The template has no tagged release, and {SIGNERS} requires a signed one.")


def keep_verified(clone: Path, tag: str, environment: dict[str, str]) -> str:
    """Check the signature of a release, and leave only that release and its history in the clone.

    Args:
        clone: The template.
        tag: Name of the release.
        environment: Variables for git.

    Returns:
        The commit of the release.

    Raises:
        Problem: If the tag has no signature by an accepted key.
    """
    if shutil.which("ssh-keygen", path=environment.get("PATH")) is None:
        raise Problem(f"{SIGNERS} requires ssh-keygen to check releases: install OpenSSH.")
    # Keys of other kinds are not in that file.
    settings = [f"gpg.ssh.allowedSignersFile={PROJECT / SIGNERS}", "core.hooksPath=/dev/null"]
    settings += [f"gpg.{kind}program=false" for kind in ("", "openpgp.", "x509.")]

    def git(*arguments: str) -> list[str]:
        options = [word for setting in settings for word in ("-c", setting)]
        command = ["git", "-C", str(clone), *options, *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        return done.stdout.split()

    name = f"refs/tags/{tag}"
    try:
        git("verify-tag", name)
        # A signed tag could be published again under another name.
        if git("for-each-ref", "--format=%(tag)", name) != [tag]:
            raise Problem(f"The tag {tag} of the template was signed under another name.")
        [commit] = git("rev-parse", "--verify", f"{name}^{{commit}}")
    except NOT_FETCHED:
        raise Problem(
            f"{tag} of the template is no tag that is signed by a key in {SIGNERS}: "
            "nothing was changed."
        ) from None
    git("checkout", "--quiet", "--detach", commit)
    refs = ("for-each-ref", "--format=%(refname)")
    for ref in {*git(*refs, f"--no-merged={commit}"), *git(*refs, "refs/heads", "refs/remotes")}:
        git("update-ref", "--no-deref", "-d", ref)
    return commit


def address(source: str) -> str:
    """Convert an address of Copier to one of git.

    Args:
        source: Copier's address. A relative path is relative to the project, or else to the
            current folder.
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
    """Install the program's pinned dependencies, from wheels.

    Args:
        requirements: Versions and hashes.
        packages: A new folder.
        environment: Environment of the installer.

    Raises:
        Problem: If the installation fails.
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
    # Not in the project, where uv would read all its settings.
    done = subprocess.run(
        command, cwd=packages.parent, env=environment, stdout=subprocess.DEVNULL, check=False
    )
    if done.returncode:
        raise Problem("Cannot install the update program: see the message above.", FAILED)


def index_settings() -> list[str]:
    """The project's package indexes, as lines of a uv.toml."""
    import tomllib

    settings: dict[str, Any] = {}
    with suppress(OSError, ValueError, KeyError, TypeError):
        text = (PROJECT / "pyproject.toml").read_text(encoding="utf-8")
        settings = dict(tomllib.loads(text)["tool"]["uv"])
    with suppress(OSError, ValueError):
        settings = tomllib.loads((PROJECT / "uv.toml").read_text(encoding="utf-8"))
    return [f"{key} = {toml(settings[key])}" for key in INDEX_SETTINGS if key in settings]


def toml(value: object) -> str:
    """Format a value as TOML.

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
