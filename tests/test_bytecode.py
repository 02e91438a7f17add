"""Environments share bytecode, and never use stale one."""

from __future__ import annotations

import os
import subprocess
import venv
from pathlib import Path

import pytest

from tests.bytecode import shared_bytecode


class Environment:
    """A virtual environment with a package of one line."""

    def __init__(self, root: Path, package: str, word: str, seconds: int = 1_000_000_000) -> None:
        venv.create(root, with_pip=False)
        self.root = root
        self.module = next(root.glob("lib/python*/site-packages")) / package / "__init__.py"
        self.module.parent.mkdir()
        self.module.write_text(f"WORD = {word!r}\n")
        os.utime(self.module, (seconds, seconds))

    @property
    def compiled(self) -> list[Path]:
        """Bytecode files of the package."""
        return list(self.module.parent.glob("__pycache__/*"))

    def say(self) -> str:
        """Import the package, and return the word that it contains."""
        script = f"import {self.module.parent.name} as package; print(package.WORD)"
        command: list[str | Path] = [self.root / "bin" / "python", "-c", script]
        done = subprocess.run(command, capture_output=True, text=True, check=True, env={})
        return done.stdout.strip()


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    first = Environment(tmp_path / "first", "package", "one")
    with shared_bytecode(first.root, tmp_path):
        assert not first.compiled
        assert first.say() == "one"
    assert first.compiled
    return tmp_path


def test_bytecode_is_shared(shared: Path) -> None:
    second = Environment(shared / "second", "package", "one")
    with shared_bytecode(second.root, shared):
        [lent] = second.compiled
        before = lent.stat()
        assert second.say() == "one"
        assert second.compiled == [lent]
        assert (lent.stat().st_ino, lent.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


@pytest.mark.parametrize(("word", "seconds"), [("two", 1_000_000_001), ("three", 1_000_000_000)])
def test_stale_bytecode_is_not_used(shared: Path, word: str, seconds: int) -> None:
    second = Environment(shared / "second", "package", word, seconds)
    with shared_bytecode(second.root, shared):
        assert second.say() == word
    first = Environment(shared / "third", "package", "one")
    with shared_bytecode(first.root, shared):
        assert first.say() == "one"


def test_bytecode_of_other_packages_is_not_linked(shared: Path) -> None:
    second = Environment(shared / "second", "other", "two")
    with shared_bytecode(second.root, shared):
        assert second.say() == "two"
    assert not (second.module.parent.parent / "package").exists()
