"""The invented next release can be applied to the current template."""

from __future__ import annotations

from pathlib import Path

from tests.updates.published import git_in, versions

from .next_release import VERSION, release_next


def test_it_applies_to_this_tree(published: Path, tmp_path: Path) -> None:
    template = tmp_path / "template"
    git_in(published).run("clone", "--quiet", str(published), str(template))
    release_next(template)
    assert versions(template)[-1] == VERSION
