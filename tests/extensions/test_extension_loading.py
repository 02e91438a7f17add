"""Copier loads the extensions by path, from a template outside the working directory."""

from __future__ import annotations

import ast
import sys
import tomllib
from pathlib import Path

import pytest
from copier import run_copy


@pytest.fixture(autouse=True)
def restore_exception_hook(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)


def test_answers_reach_the_files_through_the_filters(template: Path, tmp_path: Path) -> None:
    name = "Café \"{{ 7 * 7 }}\" \\ '{% raw %}' ${HOME} 🚀"
    run_copy(
        str(template),
        tmp_path / "out",
        data={"project_name": name, "description": "{# note #} " + "x" * 280},
        defaults=True,
        unsafe=True,
        quiet=True,
    )
    assert tomllib.loads((tmp_path / "out" / "pyproject.toml").read_text(encoding="utf-8")) == {
        "name": "cafe-7-7-raw-home",
        "description": "{# note #} " + "x" * 280,
    }
    namespace: dict[str, str] = {}
    exec((tmp_path / "out" / "src" / "name.py").read_text(encoding="utf-8"), namespace)
    assert namespace["NAME"] == name


def test_modules_do_not_import_each_other(template: Path) -> None:
    for module in (template / "extensions").glob("*.py"):
        tree = ast.parse(module.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                assert node.level == 0
                assert node.module != "extensions"
