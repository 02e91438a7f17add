"""Updates from each release to this tree, with projects of each answer set and each persona.

From the last release, `make test` tries each persona with one answer set, and each answer set with
one persona; from each earlier release, a few different personas with one answer set each. `make
test-thorough` tries the remaining pairs of release and answer set, release and persona, and answer
set and persona.
"""

from __future__ import annotations

import itertools
import subprocess
import tempfile
import tomllib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml
from allpairspy import AllPairs

from migrations.v1_7_0 import MOVED
from tests.rendering import ROOT, answer_sets
from updating.answers import ANSWERS_FILE
from updating.errors import Status
from updating.git import Git
from updating.ownership import GENERATED, Owner
from updating.releases import releases
from updating.report import Report
from updating.shared import Shared
from updating.template import Template
from updating.toml import values
from updating.update import update

from .personas import PERSONAS, Scene
from .published import (
    Generate,
    answer_set,
    commit_all,
    contents,
    is_this_tree,
    new_answers,
    versions,
)

pytestmark = pytest.mark.slow

RELEASES = [
    str(release.version) for release in releases(Git(ROOT)) if not is_this_tree(release.commit)
]
SETS = list(answer_sets())
# Number of personas for each release before the last.
SAMPLED = 2
# Files with a special merge; plain git finds more conflicts in them.
PREPARED = {"pyproject.toml", ".env.example"}
# Modules of the chassis that 1.1.0 renamed, besides those of 1.7.0.
MOVED_EARLIER = {"supervisor.py": "servers/supervisor.py", "console.py": "cli/console.py"}
# Files that became packages. A migration distributes edits of the first to its modules, and git may
# take a module for the renamed second one.
SPLIT = ("/chassis/settings.py", "tests/support/probe.py")

Contents = Mapping[str, bytes]


class Cells:
    """Updates a project of a release, an answer set and a persona, and checks the result."""

    def __init__(self, generate: Generate, published: Path, newest: str, common: Shared) -> None:
        self.generate = generate
        self.published = published
        self.newest = newest
        self.source = Template(str(published), published)
        self.common = common

    def check(self, version: str, name: str, persona: str) -> None:
        """Update a project, and raise an AssertionError if the result is wrong."""
        before, after = (answer_set(self.published, each, name) for each in (version, self.newest))
        project = self.generate(before, version=version)
        old = contents(project)
        year = yaml.safe_load(old[ANSWERS_FILE])["copyright_year"]
        same = {"copyright_year": year, **new_answers(version)}
        fresh = self.generate({**same, **after}, version=self.newest, name="fresh")
        new = contents(fresh)
        # Files that the new release seeds are not added to older projects.
        release = self.common.checkout(self.source, self.source.resolve(self.newest))
        scene = Scene(project, old, new, release.ownership, self.published)
        PERSONAS[persona](scene)
        untracked = persona == "has_untracked_and_ignored_files"
        if not untracked:
            commit_all(project)
        mine = contents(project)
        head = Git(project).text("rev-parse", "HEAD")

        report = update(project)

        result = contents(project)
        assert report.new.version == self.newest
        assert_no_line_is_lost(old, mine, result)
        assert_conflicts_where_both_changed(report, old, mine, new)
        assert_the_rest_is_the_new_release(report, scene, mine, result)
        assert yaml.safe_load(result[ANSWERS_FILE])["_commit"] == self.newest
        assert_committed_or_marked(report, project, head)
        expect_of_persona(persona, report, scene, result)

        if report.conflicts and not untracked:
            commit_all(project)
        assert update(project).is_empty
        assert contents(project) == result


@pytest.fixture
def cells(generate: Generate, published: Path, newest: str, common: Shared) -> Cells:
    return Cells(generate, published, newest, common)


def is_sampled(version: str, name: str, persona: str) -> bool:
    at_set, at_persona = SETS.index(name), list(PERSONAS).index(persona)
    if version == RELEASES[-1]:
        return at_set == at_persona % len(SETS)
    first = SAMPLED * RELEASES.index(version)
    turn = (at_persona - first) % len(PERSONAS)
    return turn < SAMPLED and at_set == (first + turn) % len(SETS)


SAMPLE = [cell for cell in itertools.product(RELEASES, SETS, PERSONAS) if is_sampled(*cell)]
PAIRS = [tuple(row) for row in AllPairs([RELEASES, SETS, list(PERSONAS)])]
PARAMETERS = [
    pytest.param(
        *cell,
        id="-".join(cell),
        marks=() if cell in SAMPLE else pytest.mark.thorough,
    )
    for cell in dict.fromkeys([*SAMPLE, *PAIRS])
]


@pytest.mark.parametrize(("version", "name", "persona"), PARAMETERS)
def test_update(version: str, name: str, persona: str, cells: Cells) -> None:
    cells.check(version, name, persona)


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
        # The update reformats its lists, so values are compared instead of lines.
        then, now, after = (values(side["pyproject.toml"]) for side in (old, mine, result))
        assert not now - then - after
        text = {p: c for p, c in mine.items() if p != "pyproject.toml"}
        wanted = lines(text) - lines(old)
    lost = wanted - lines(result)
    assert not lost, f"lost: {sorted(lost)[:5]}"


def assert_conflicts_where_both_changed(
    report: Report, old: Contents, mine: Contents, new: Contents
) -> None:
    """Compare with git's three-way merge of each file."""
    moves = moves_of(report, old)
    expected = set()
    for path, base in old.items():
        now = moves.get(path, path)
        mine_now = path if path in mine else renamed_by_person(path)
        if mine_now not in mine or now not in new or path in GENERATED or now in seeded(report):
            continue
        sides = [side.replace(b"\r\n", b"\n") for side in (mine[mine_now], base, new[now])]
        if len(set(sides)) == 3 and conflicting(*sides):
            expected.add(now if mine_now == path else mine_now)
    found = {conflict.path for conflict in report.conflicts}
    pieces = pieces_of_edited_files(old, mine, new)
    assert found <= expected | pieces, f"unnecessary conflicts: {found - expected}"
    assert expected - found <= PREPARED | pieces, f"missing conflicts: {expected - found}"
    for conflict in report.conflicts:
        assert conflict.lines


def moves_of(report: Report, old: Contents) -> dict[str, str]:
    """Paths that the update reports as renamed, and modules of the chassis that releases rename.

    A project in which such a module is deleted or has another name has nothing to report.
    """
    renamed = {
        path: f"{path.removesuffix(module)}{place}"
        for path in old
        for module, place in (MOVED | MOVED_EARLIER).items()
        if path.startswith("src/") and path.endswith(f"/chassis/{module}")
    }
    return renamed | {move.old: move.new for move in report.moved}


def pieces_of_edited_files(old: Contents, mine: Contents, new: Contents) -> set[str]:
    """Files that now contain the contents of an edited file, or that are renamed edited files."""
    split = [path for path in old if path.endswith(SPLIT) and mine.get(path) != old[path]]
    return {at for path in split for at in (*modules(path, new), renamed_by_person(path))}


def modules(path: str, new: Contents) -> set[str]:
    """Files of the package that a file became."""
    return {at for at in new if at.startswith(path.removesuffix(".py") + "/")}


def renamed_by_person(path: str) -> str:
    return Path(path).with_name(f"my_{Path(path).name}").as_posix()


def seeded(report: Report) -> set[str]:
    return {improved.path for improved in report.improved}


def conflicting(mine: bytes, base: bytes, new: bytes) -> bool:
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
    """Unedited files equal a new rendering, and the user's own files are unchanged."""
    moves = moves_of(report, scene.old)
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
    gone = {Path(moves.get(p, p)).name for p in scene.dropped() if p not in mine}
    pieces = pieces_of_edited_files(scene.old, mine, scene.new)
    for path in (
        scene.new.keys() - scene.old.keys() - GENERATED_PATHS - set(moves.values()) - pieces
    ):
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
    """Check the expectations that are specific to a persona."""
    marked = {conflict.path for conflict in report.conflicts}
    if persona in ("touched_nothing", "added_to_the_ends_of_lists", "writes_crlf"):
        assert not report.kept
    if persona == "touched_nothing":
        assert not marked
        assert not report.merged
        assert {p: c for p, c in result.items() if scene.ownership.owner(p) is Owner.TEMPLATE} == {
            p: c for p, c in scene.new.items() if scene.ownership.owner(p) is Owner.TEMPLATE
        }
    elif persona == "edited_every_template_owned_file":
        moved = {move.old for move in report.moved}
        kept = {kept.path for kept in report.kept}
        in_package = {path for path in scene.dropped() if modules(path, scene.new) & marked}
        assert kept == set(scene.dropped()) - moved - in_package
        assert all(move.edited for move in report.moved)
    elif persona == "edited_next_to_what_the_template_changes":
        assert bool(report.conflicts) == bool(scene.both())
    elif persona == "added_to_the_ends_of_lists":
        assert "pyproject.toml" not in marked
        pyproject = tomllib.loads(result["pyproject.toml"].decode())
        assert "N" in pyproject["tool"]["ruff"]["lint"]["select"]
        assert "humanize>=4" in pyproject["project"]["dependencies"]
    elif persona == "deleted_files":
        assert bool(report.left_deleted) == bool(scene.both())
        assert "tests/chassis/test_settings.py" not in result
    elif persona == "renamed_files":
        for path in scene.both():
            place = renamed_by_person(path)
            if path.startswith("src/"):
                assert path not in result
                assert place in marked or result[place].startswith(scene.new[path])
    elif persona == "writes_crlf":
        for path in set(scene.both()) - marked:
            plain = result[path].replace(b"\r\n", b"\n")
            assert plain.count(b"\n") == result[path].count(b"\r\n"), path
    elif persona == "pasted_a_crlf_line":
        for path in set(scene.both()) - marked:
            assert result[path].count(b"\r\n") == 1, path
            assert b", pasted\r\n" in result[path]
    elif persona == "edited_the_answers_file":
        recorded = yaml.safe_load(result[ANSWERS_FILE])
        assert recorded["description"] == "What I want it to say."
    elif persona == "has_a_submodule":
        assert Git(scene.project).text("ls-files", "--stage", "vendor/library").startswith("160000")
        assert (scene.project / "vendor" / "library" / "shared.py").exists()


def test_samples_of_the_last_release_have_every_persona_and_every_answer_set() -> None:
    sampled = [cell for cell in SAMPLE if cell[0] == RELEASES[-1]]
    assert {name for _, name, _ in sampled} == answer_sets().keys()
    assert {persona for _, _, persona in sampled} == PERSONAS.keys()


def test_samples_have_every_release() -> None:
    sampled = Counter(cell[0] for cell in SAMPLE)
    assert list(sampled) == RELEASES
    assert min(sampled.values()) >= SAMPLED


def test_the_matrix_has_every_release() -> None:
    assert set(RELEASES) >= set(versions(ROOT)[:-1])
    assert versions(ROOT)[0] == "1.0.0"
