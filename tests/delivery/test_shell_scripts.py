"""Shell scripts of generated projects have no errors that ShellCheck finds."""

from __future__ import annotations

from pathlib import Path

import pytest

from .tools import VARIANTS, generated, must, run

pytestmark = pytest.mark.delivery


def scripts(project: Path) -> list[Path]:
    return sorted(path for path in project.rglob("*.sh") if ".git" not in path.parts)


@pytest.mark.parametrize("variant", VARIANTS)
def test_scripts_have_no_errors(variant: str, template: Path, shared: Path) -> None:
    project = generated(template, shared, variant)
    found = scripts(project)
    assert len(found) == {"complete": 3, "github-plain": 0, "gitlab-plain": 0}.get(variant, 2)
    if found:
        must("shellcheck", *found, folder=project)


def test_an_error_is_detected(template: Path, shared: Path, tmp_path: Path) -> None:
    [script, *_] = scripts(generated(template, shared, "complete"))
    (tmp_path / "wrong.sh").write_text(f"{script.read_text()}unused=1\n")
    done = run("shellcheck", tmp_path / "wrong.sh", folder=tmp_path)
    assert done.returncode != 0
    assert "SC2034" in done.stdout
