"""Locking the declared dependencies of a project, without its code.

uv builds a project whose metadata are dynamic, takes the interpreter that `.python-version` names,
and downloads one from wherever the project's settings say. So it runs in a folder that contains
only the declarations that a lock file depends on.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .merge import Files
from .trees import Store

DECLARATION = "pyproject.toml"
LOCK = "uv.lock"
SETTINGS = "uv.toml"
PYTHON = ".python-version"
SECONDS = 300

_PROJECT_KEYS = (*("name", "version", "requires-python", "dependencies", "optional-dependencies"),)
_UV_KEYS = {
    # The requested dependencies
    *("constraint-dependencies", "override-dependencies", "exclude-dependencies"),
    *("build-constraint-dependencies", "dev-dependencies", "dependency-groups"),
    *("dependency-metadata", "sources", "no-sources", "no-sources-package"),
    # The resolution
    *("conflicts", "environments", "required-environments", "resolution", "prerelease"),
    *("fork-strategy", "exclude-newer", "exclude-newer-package", "upgrade", "upgrade-package"),
    *("no-binary", "no-binary-package", "no-build", "no-build-package"),
    *("managed", "package", "preview", "preview-features", "required-version"),
    # The sources of packages
    *("index", "index-url", "extra-index-url", "no-index", "find-links", "index-strategy"),
    *("allow-insecure-host", "keyring-provider", "native-tls", "system-certs", "offline"),
    *("http-proxy", "https-proxy", "no-proxy", "python-downloads", "python-preference"),
}
_VERSION = re.compile(r"((cpython|pypy|graalpy)?[@-]?\d+(\.\d+)*((a|b|rc)\d+)?t?)?(\s*#.*)?")
_REFERENCE = re.compile(r"\s*[\w.-]+\s*(?:\[[^]]*\])?\s*@\s*(\S+)")
_REMOTE = re.compile(r"(git\+)?(https?|ssh)://")
_REGULAR = ("100644", "100755")

_VARIABLES = re.compile(
    r"PATH|HOME|XDG_\w+|TMPDIR|LANG|LC_\w+|SSL_CERT_\w+|(http|https|all|no)_proxy|NETRC"
    r"|SSH_AUTH_SOCK|UV_\w+",
    re.IGNORECASE,
)
# Variables that contain a token or the path of a project, or that make uv only check the lock file.
_OTHER_VARIABLES = re.compile(
    r"UV_(PROJECT|PROJECT_ENVIRONMENT|WORKING_DIR|WORKING_DIRECTORY|ENV_FILE|LOCKED|FROZEN"
    r"|DRY_RUN|PUBLISH_\w+)"
)


class LockError(Exception):
    """A project that cannot be locked without its code; the message is the reason."""


def declared(store: Store, files: Files) -> dict[str, Any] | None:
    """The declarations that a lock file depends on.

    Args:
        store: Store with the contents of files.
        files: The project's files.

    Returns:
        TOML documents by file name; None if the project's are invalid.
    """
    try:
        whole = tomllib.loads(_text(store, files, DECLARATION))
        settings = tomllib.loads(_text(store, files, SETTINGS)) if SETTINGS in files else None
        project = {key: whole["project"][key] for key in _PROJECT_KEYS if key in whole["project"]}
        own = whole.get("tool", {}).get("uv", {})
        uv = _kept(own)
        # uv recognizes a package by its build backend, which is left out because uv would run it.
        uv.setdefault("package", "build-system" in whole)
        # If a lock file is needed, `lock` reports the reason.
        project |= {"dynamic": kept} if (kept := _dynamic(whole["project"])) else {}
        uv |= {"workspace": own["workspace"]} if "workspace" in own else {}
    except (LockError, AttributeError, KeyError, TypeError, ValueError):
        return None
    document: dict[str, Any] = {"project": project, "tool": {"uv": uv}}
    if "dependency-groups" in whole:
        document["dependency-groups"] = whole["dependency-groups"]
    return {DECLARATION: document} | ({} if settings is None else {SETTINGS: _kept(settings)})


def lock(store: Store, files: Files, folder: Path) -> bytes:
    """Make a lock file for the declared dependencies.

    No code of the project or its dependencies runs: uv refuses a dependency that would have to be
    built.

    Args:
        store: Store with the contents of files.
        files: The project's files.
        folder: A new folder to work in.

    Returns:
        The lock file.

    Raises:
        LockError: When that is impossible.
    """
    documents = declared(store, files)
    if documents is None:
        raise LockError(f"{DECLARATION} or {SETTINGS} cannot be read")
    _refuse_what_needs_the_project(documents[DECLARATION])
    locked = _text(store, files, LOCK)
    _refuse_local_packages(locked)
    try:
        from tomlkit import dumps
    except ImportError as error:
        raise LockError("tomlkit is not installed") from error
    # Otherwise uv searches parent folders, which others may write to, for a workspace and settings.
    documents[DECLARATION]["tool"]["uv"]["workspace"] = {"members": []}
    texts = {name: dumps(document) for name, document in documents.items()} | {LOCK: locked}
    # Any other Python gives the same lock file.
    if PYTHON in files and _names_versions(text := _text(store, files, PYTHON)):
        texts[PYTHON] = text
    folder.mkdir(parents=True)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    _run_uv(folder)
    return (folder / LOCK).read_bytes()


def _text(store: Store, files: Files, path: str) -> str:
    if files[path].mode not in _REGULAR:
        raise LockError(f"{path} is not a regular file")
    try:
        return store.read(files[path].blob).decode()
    except UnicodeDecodeError as error:
        raise LockError(f"{path} is not UTF-8") from error


def _kept(settings: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in settings.items() if key in _UV_KEYS}


def _dynamic(project: dict[str, Any]) -> list[str]:
    return [key for key in project.get("dynamic", []) if key in _PROJECT_KEYS]


def _refuse_what_needs_the_project(document: dict[str, Any]) -> None:
    project, uv = document["project"], document["tool"]["uv"]
    if "dynamic" in project:
        raise LockError(f"the project's own code computes its {' and '.join(project['dynamic'])}")
    if "workspace" in uv:
        raise LockError("the project is a workspace")
    sources = uv.get("sources", {})
    for name, source in sources.items() if isinstance(sources, dict) else ():
        for each in source if isinstance(source, list) else [source]:
            if isinstance(each, dict) and each.keys() & {"path", "workspace"}:
                raise LockError(f"{name} is installed from a folder")
    for text in _strings(document):
        if (reference := _REFERENCE.match(text)) and not _REMOTE.match(reference[1]):
            raise LockError(f"{text} is installed from a folder")


def _refuse_local_packages(locked: str) -> None:
    """Refuse a lock file with local folders, because uv would build them."""
    try:
        packages = tomllib.loads(locked).get("package", [])
        sources = [(package["name"], package.get("source", {})) for package in packages]
        for name, source in sources:
            for kind in ("directory", "editable", "path", "virtual"):
                if source.get(kind, ".") != ".":
                    raise LockError(f"{LOCK} has {name} installed from a folder")
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise LockError(f"{LOCK} cannot be read") from error


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _strings(each)


def _names_versions(text: str) -> bool:
    return all(_VERSION.fullmatch(line.strip()) for line in text.splitlines())


def _run_uv(folder: Path) -> None:
    # A relative entry could point into the project.
    entries = os.environ.get("PATH", "").split(os.pathsep)
    path = os.pathsep.join(entry for entry in entries if Path(entry).is_absolute())
    beside = Path(sys.executable).with_name("uv")
    program = shutil.which("uv", path=path) or (str(beside) if beside.exists() else None)
    if program is None:
        raise LockError("uv is not installed")
    environment = {
        name: value
        for name, value in os.environ.items()
        if _VARIABLES.fullmatch(name) and not _OTHER_VARIABLES.fullmatch(name)
    } | {"PATH": path, "UV_NO_BUILD": "1", "GIT_TERMINAL_PROMPT": "0"}
    said = folder / "said"
    with said.open("w") as output:
        process = subprocess.Popen(
            [program, "lock", "--quiet"],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            status = process.wait(SECONDS)
        except subprocess.TimeoutExpired as error:
            raise LockError(f"uv took more than {SECONDS} seconds") from error
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
    if status:
        lines = said.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        # The first line is the error; hints follow.
        raise LockError(" ".join(lines[0].split()) if lines else f"uv exited with status {status}")


__all__ = ["DECLARATION", "LOCK", "LockError", "declared", "lock"]
