"""Every release that there was, to this tree, for every answer set and every persona."""

from __future__ import annotations

import subprocess
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.rendering import ROOT, answer_sets
from updating.answers import ANSWERS_FILE
from updating.errors import Status
from updating.git import Git
from updating.ownership import GENERATED, Owner, Ownership
from updating.releases import releases
from updating.report import Report
from updating.update import update

from .conftest import Generate
from .personas import PERSONAS, Scene
from .published import answer_set, commit_all, contents, exported, git_in, render_once, versions

CELLS = [
    (str(release.version), name, persona)
    for release in releases(Git(ROOT))
    for name in answer_sets()
    for persona in PERSONAS
]
# Reports that the migrations prepare for the merge; plain git would find more conflicts here.
PREPARED = {"pyproject.toml"}

Contents = Mapping[str, bytes]


@pytest.mark.parametrize(("version", "name", "persona"), CELLS, ids=["-".join(c) for c in CELLS])
def test_update(
    version: str,
    name: str,
    persona: str,
    generate: Generate,
    published: Path,
    newest: str,
    shared: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("updating.update.render", render_once(shared))
    if version == newest:
        pytest.skip("this tree is that release")
    old_answers, new_answers = (answer_set(published, each, name) for each in (version, newest))
    project = generate(old_answers, version=version)
    old = contents(project)
    recorded = yaml.safe_load(old[ANSWERS_FILE])
    same_year = {**new_answers, "copyright_year": recorded["copyright_year"]}
    new = contents(generate(same_year, version=newest, name="fresh"))
    scene = Scene(project, old, new, Ownership(exported(published, version, shared)), published)
    PERSONAS[persona](scene)
    if persona != "has_untracked_and_ignored_files":
        commit_all(project)
    mine = contents(project)
    head = Git(project).text("rev-parse", "HEAD")

    report = update(project)

    result = contents(project)
    assert report.new.version == newest
    assert_no_line_is_lost(old, mine, result)
    assert_conflicts_where_both_changed(report, old, mine, new)
    assert_the_rest_is_the_new_release(report, scene, mine, result)
    assert yaml.safe_load(result[ANSWERS_FILE])["_commit"] == newest
    assert_committed_or_marked(report, project, head)
    expect_of_persona(persona, report, scene, result)

    if report.conflicts:
        git_in(project).run("add", "--update")
        commit_all(project) if persona != "has_untracked_and_ignored_files" else None
    again = update(project)
    assert again.is_empty
    assert contents(project) == result


def lines(side: Contents) -> Counter[bytes]:
    return Counter(
        line.rstrip(b"\r\n").strip()
        for path, content in side.items()
        if path not in GENERATED
        for line in content.splitlines()
        if line.strip()
    )


def assert_no_line_is_lost(old: Contents, mine: Contents, result: Contents) -> None:
    wanted = lines(mine) - lines(old)
    if "pyproject.toml" in mine and b"<<<<<<<" not in result["pyproject.toml"]:
        # Its lists are spread over lines, so its values are compared and not its lines.
        then, now, after = (values(side["pyproject.toml"]) for side in (old, mine, result))
        assert not now - then - after
        text = {p: c for p, c in mine.items() if p != "pyproject.toml"}
        wanted = lines(text) - lines(old)
    lost = wanted - lines(result)
    assert not lost, f"lost: {sorted(lost)[:5]}"


def values(document: bytes) -> Counter[str]:
    def leaves(value: Any, path: str) -> Iterator[str]:
        if isinstance(value, dict):
            for key, each in value.items():
                yield from leaves(each, f"{path}.{key}")
        elif isinstance(value, list):
            for each in value:
                yield from leaves(each, path)
        else:
            yield f"{path}={value}"

    return Counter(leaves(tomllib.loads(document.decode()), ""))


def assert_conflicts_where_both_changed(
    report: Report, old: Contents, mine: Contents, new: Contents
) -> None:
    """Against git's own merge of three files, file by file."""
    moves = {move.old: move.new for move in report.moved}
    expected = set()
    for path, base in old.items():
        place = moves.get(path, path)
        if path in mine and place in new and path not in GENERATED and place not in seeded(report):
            sides = [side.replace(b"\r\n", b"\n") for side in (mine[path], base, new[place])]
            if len(set(sides)) == 3 and conflicting(*sides):
                expected.add(place)
    found = {conflict.path for conflict in report.conflicts}
    assert found <= expected, f"needless: {found - expected}"
    assert expected - found <= PREPARED, f"unmarked: {expected - found}"
    for conflict in report.conflicts:
        assert conflict.lines


def seeded(report: Report) -> set[str]:
    return {improved.path for improved in report.improved}


def conflicting(mine: bytes, base: bytes, new: bytes) -> bool:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for name, content in (("mine", mine), ("base", base), ("new", new)):
            path = Path(folder) / name
            path.write_bytes(content)
            paths.append(str(path))
        merged = subprocess.run(
            ["git", "merge-file", "--stdout", "--quiet", *paths], capture_output=True, check=False
        )
        return merged.returncode != 0


def assert_the_rest_is_the_new_release(
    report: Report, scene: Scene, mine: Contents, result: Contents
) -> None:
    """Where a person changed nothing, the update equals a fresh render; where it is theirs, too."""
    moves = {move.old: move.new for move in report.moved}
    spoken = {kept.path for kept in report.kept} | set(report.left_deleted)
    for path, content in mine.items():
        if path in GENERATED or path in spoken:
            continue
        if scene.ownership.owner(path) is not Owner.TEMPLATE or path not in scene.old:
            if path not in report.merged and path not in {c.path for c in report.conflicts}:
                assert result.get(path) == content or path in moved_by_person(scene, mine), path
        elif content == scene.old[path]:
            place = moves.get(path, path)
            if place in scene.new:
                assert result[place] == scene.new[place], path
            else:
                assert path not in result, path
    gone = {Path(path).name for path in scene.dropped() if path not in mine}
    for path in scene.new.keys() - scene.old.keys() - GENERATED_PATHS - set(moves.values()):
        if scene.ownership.owner(path) is Owner.TEMPLATE and Path(path).name not in gone:
            assert result[path] == scene.new[path], path


GENERATED_PATHS = set(GENERATED)


def moved_by_person(scene: Scene, mine: Contents) -> set[str]:
    return {path for path in mine if Path(path).name.startswith("my_")}


def assert_committed_or_marked(report: Report, project: Path, head: str) -> None:
    git = Git(project)
    unmerged = git.text("diff", "--name-only", "--diff-filter=U").split()
    assert sorted(unmerged) == sorted(conflict.path for conflict in report.conflicts)
    if report.conflicts:
        assert report.status is Status.CONFLICTS
        assert report.commit is None
        assert git.text("rev-parse", "HEAD") == head
    else:
        assert report.status is Status.CLEAN
        assert git.text("rev-parse", "HEAD") == report.commit
        assert git.text("rev-parse", "HEAD^") == head
        assert not git.text("status", "--porcelain", "--untracked-files=no")


def expect_of_persona(persona: str, report: Report, scene: Scene, result: Contents) -> None:
    """What only this person would notice."""
    if persona in ("touched_nothing", "added_to_the_ends_of_lists", "writes_crlf"):
        assert not report.conflicts
        assert not report.kept
    if persona == "touched_nothing":
        assert not report.merged
        assert {p: c for p, c in result.items() if scene.ownership.owner(p) is Owner.TEMPLATE} == {
            p: c for p, c in scene.new.items() if scene.ownership.owner(p) is Owner.TEMPLATE
        }
    elif persona == "edited_every_template_owned_file":
        moved = {move.old for move in report.moved}
        assert {kept.path for kept in report.kept} == set(scene.dropped()) - moved
        assert all(move.edited for move in report.moved)
    elif persona == "edited_next_to_what_the_template_changes":
        assert report.conflicts
    elif persona == "added_to_the_ends_of_lists":
        pyproject = tomllib.loads(result["pyproject.toml"].decode())
        assert "N" in pyproject["tool"]["ruff"]["lint"]["select"]
        assert "humanize>=4" in pyproject["project"]["dependencies"]
    elif persona == "deleted_files":
        assert set(report.left_deleted) & set(scene.both())
        assert "tests/chassis/test_settings.py" not in result
    elif persona == "renamed_files":
        assert not report.conflicts
        for path in scene.both():
            place = Path(path).with_name(f"my_{Path(path).name}").as_posix()
            if path.startswith("src/"):
                assert result[place].startswith(scene.new[path])
                assert path not in result
    elif persona == "writes_crlf":
        for path in scene.both():
            plain = result[path].replace(b"\r\n", b"\n")
            assert plain.count(b"\n") == result[path].count(b"\r\n"), path
    elif persona == "has_a_submodule":
        assert Git(scene.project).text("ls-files", "--stage", "vendor/library").startswith("160000")
        assert (scene.project / "vendor" / "library" / "shared.py").exists()


def test_the_matrix_has_every_release() -> None:
    assert {version for version, _, _ in CELLS} >= {"1.0.0"}
    assert versions(ROOT)[0] == "1.0.0"
