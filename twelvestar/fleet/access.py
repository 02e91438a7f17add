"""Access of git to remote repositories: with a hidden token, and without user configuration."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_ASKPASS = """\
#!/bin/sh
case "$1" in
Username*) printf '%s' "$FLEET_GIT_USER" ;;
*) printf '%s' "$FLEET_GIT_PASSWORD" ;;
esac
"""
# The user's settings could send a token elsewhere (insteadOf), or store it (credential helpers).
NO_SETTINGS = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
_USERS = {"github": "x-access-token", "gitlab": "oauth2", "gitea": "oauth2"}


@dataclass(frozen=True, slots=True)
class Access:
    """Credentials for the repositories of one inventory entry.

    Attributes:
        user: User name for the token; some forges accept any name.
        token: Its token; empty for none.
        askpass: The program from which git gets the token.
    """

    user: str
    token: str
    askpass: Path

    def variables(self) -> dict[str, str]:
        """Environment variables for git."""
        # A prompt on the terminal would never be answered.
        found = {**NO_SETTINGS, "GIT_SSH_COMMAND": "ssh -o BatchMode=yes"}
        if not self.token:
            return found
        return {
            **found,
            "GIT_ASKPASS": str(self.askpass),
            "FLEET_GIT_USER": self.user,
            "FLEET_GIT_PASSWORD": self.token,
        }


def user_of(kind: str) -> str:
    """The user name that a kind of forge requires with a token.

    Args:
        kind: The kind.
    """
    return _USERS.get(kind, "token")


def write_askpass(state: Path) -> Path:
    """Write the askpass program, which does not contain the token.

    Args:
        state: The state folder.
    """
    path = state.absolute() / "askpass"
    if not path.exists() or path.read_text(encoding="utf-8") != _ASKPASS:
        new = path.with_suffix(f".{os.getpid()}")
        new.write_text(_ASKPASS, encoding="utf-8")
        new.chmod(0o700)
        new.replace(path)
    return path


def ignore_settings() -> None:
    """Make git ignore user and system configuration in this process."""
    os.environ.update(NO_SETTINGS)


@contextmanager
def author(name_and_address: str) -> Iterator[None]:
    """Set the author of commits for the duration of the context.

    Args:
        name_and_address: Such as `Platform <platform@example.org>`.
    """
    variables = identity(name_and_address)
    os.environ.update(variables)
    try:
        yield
    finally:
        for variable in variables:
            os.environ.pop(variable, None)


def identity(name_and_address: str) -> dict[str, str]:
    """Environment variables for git's author and committer.

    Args:
        name_and_address: Such as `Platform <platform@example.org>`.
    """
    name, _, rest = name_and_address.rpartition(" <")
    address = rest.removesuffix(">")
    return {
        f"GIT_{role}_{part}": text
        for role in ("AUTHOR", "COMMITTER")
        for part, text in (("NAME", name), ("EMAIL", address))
    }
