"""How git reaches repositories of others: with a token that nobody sees, and nobody's settings."""

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
# Other people's settings would send a token elsewhere (insteadOf), or keep it (credential helpers).
NO_SETTINGS = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
_USERS = {"github": "x-access-token", "gitlab": "oauth2", "gitea": "oauth2"}


@dataclass(frozen=True, slots=True)
class Access:
    """What git needs to reach the repositories of one place.

    Attributes:
        user: Whose the token is; some forges take any name.
        token: Its token; empty for none.
        askpass: A program that tells git the token.
    """

    user: str
    token: str
    askpass: Path

    def variables(self) -> dict[str, str]:
        """Variables of git's environment."""
        # A process that asks on the terminal would wait there for ever.
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
    """What a kind of forge wants for a name beside a token.

    Args:
        kind: The kind.
    """
    return _USERS.get(kind, "token")


def write_askpass(state: Path) -> Path:
    """Write the program that tells git a token, which is not in it.

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
    """Have every git that this process starts read nobody's settings."""
    os.environ.update(NO_SETTINGS)


@contextmanager
def author(name_and_address: str) -> Iterator[None]:
    """Have what this process commits be by somebody.

    Args:
        name_and_address: Such as `Platform <platform@example.org>`.
    """
    told = identity(name_and_address)
    os.environ.update(told)
    try:
        yield
    finally:
        for variable in told:
            os.environ.pop(variable, None)


def identity(name_and_address: str) -> dict[str, str]:
    """Variables that tell git who commits.

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
