"""Rendering a release for an update."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from plumbum import local

from updating.answers import Origin
from updating.rendering import render, without_git


def test_a_render_asks_git_nothing(
    template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(subprocess.Popen, "_execute_child")
    origin = Origin(str(template), "1.0.0", {"preset": "minimal"})
    rendered = render(template, tmp_path / "project", origin)
    assert rendered.answers["preset"] == "minimal"
    assert os.access(rendered.folder / "scripts" / "update.py", os.R_OK)


def test_git_is_hidden_from_copier_alone() -> None:
    with without_git():
        assert "git" not in local
        assert shutil.which("git")
    assert "git" in local
