"""Forks: another name, another location, and their own releases between upstream's."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from migrations.toolkit import Before
from updating import changes
from updating.answers import ANSWERS_FILE
from updating.errors import Status, UpdateError
from updating.forks import followed, name_to_record
from updating.merge import Merged
from updating.places import is_same
from updating.trees import Store
from updating.update import update

from .published import Generate, git_in, release
from .test_command import MINIMAL, run
from .test_releases import repository


def fork_of(published: Path, folder: Path, newest: str) -> str:
    """A fork with another name, a renamed module and an additional release."""
    git_in(published).run("clone", "--quiet", str(published), str(folder))
    declaration = folder / "pyproject.toml"
    declaration.write_text(
        declaration.read_text().replace('name = "twelvestar"', 'name = "acme-twelvestar"')
    )
    version = f"{newest}+acme.1"
    rename(folder, version, "errors", "faults")
    release(folder, version)
    return version


def rename(template: Path, version: str, old: str, new: str) -> None:
    """Rename a module of the chassis in a release."""
    chassis = template / "template" / "src" / "{{ package_name }}" / "chassis"
    (chassis / f"{old}.py").rename(chassis / f"{new}.py")
    name = version.replace(".", "_").replace("+", "_")
    (template / "migrations" / f"v{name}.py").write_text(
        "from .toolkit import before\n\n\n"
        f'@before("{version}")\ndef move(project):\n'
        '    chassis = f"{project.package}/chassis"\n'
        f'    project.rename(f"{{chassis}}/{old}.py", f"{{chassis}}/{new}.py")\n'
    )


def recorded(project: Path) -> tuple[str, str]:
    answers = yaml.safe_load((project / ANSWERS_FILE).read_text())
    return answers["_src_path"], answers["_commit"]


@pytest.mark.slow
def test_a_fork_is_followed_with_its_own_and_upstream_releases(
    generate: Generate, published: Path, newest: str, tmp_path: Path
) -> None:
    upstream, fork = tmp_path / "upstream", tmp_path / "fork"
    git_in(published).run("clone", "--quiet", str(published), str(upstream))
    first = fork_of(upstream, fork, newest)
    project = generate(MINIMAL, version=newest)
    chassis = project / "src" / "orbit" / "chassis"

    def script(*arguments: str, place: Path) -> None:
        """Update like a project's script."""
        clone = tmp_path / f"clone-{len(list(tmp_path.iterdir()))}"
        git_in(tmp_path).run("clone", "--quiet", str(place), str(clone))
        done = run(project, *arguments, "--template", str(clone), PYTHONPATH=str(clone))
        assert done.returncode == Status.CLEAN, done.stdout + done.stderr

    script("--template", str(fork), "--to", "main", place=fork)
    assert recorded(project) == (str(fork), first)
    assert (chassis / "faults.py").exists()

    rename(upstream, "9.0.0", "health", "vitality")
    release(upstream, "9.0.0")
    git = git_in(fork)
    git.run("fetch", "--quiet", "--tags", "origin")
    git.run("merge", "--quiet", "--no-commit", "--strategy-option", "ours", "9.0.0")
    release(fork, "9.0.0+acme.1")
    script(place=fork)
    assert recorded(project) == (str(fork), "9.0.0+acme.1")
    assert (chassis / "faults.py").exists()
    assert not (chassis / "errors.py").exists()
    assert (chassis / "vitality.py").exists()
    assert not (chassis / "health.py").exists()


def test_post_releases_are_releases(tmp_path: Path) -> None:
    from updating.template import Template

    repository(tmp_path / "t", "1.0.0", "1.0.0.post1")
    assert str(Template(str(tmp_path / "t"), tmp_path).newest().version) == "1.0.0.post1"


def test_a_template_is_only_recorded_if_the_user_gives_it(
    generate: Generate, published: Path, newest: str, tmp_path: Path
) -> None:
    fork = tmp_path / "fork"
    fork_of(published, fork, newest)
    project = generate(MINIMAL, version=newest)
    update(project, template=str(fork))
    assert recorded(project)[0] == str(published)
    again = update(project, template=str(fork), record=str(fork))
    assert recorded(project)[0] == str(fork), "the location is recorded even for the same commit"
    assert f"The project follows {fork} from now on" in again.to_text()


@pytest.fixture
def clones(tmp_path: Path) -> dict[str, str]:
    """Clones of an upstream and of a fork, and a clone of a clone."""
    for name in ("upstream", "fork"):
        repository(tmp_path / name, "1.0.0")
    for name, origin in (
        ("of-upstream", "upstream"),
        ("of-fork", "fork"),
        ("of-github", "upstream"),
        ("of-clone", "of-upstream"),
        ("of-github-clone", "of-github"),
    ):
        git_in(tmp_path).run("clone", "--quiet", origin, name)
    address = "https://ada:secret@github.com/acme/stars.git"
    git_in(tmp_path / "of-github").run("remote", "set-url", "origin", address)
    return {path.name: str(path) for path in tmp_path.iterdir()}


@pytest.mark.parametrize(
    ("source", "places", "expected"),
    [
        ("upstream", ["of-upstream"], "upstream"),
        ("upstream", ["upstream"], "upstream"),
        ("upstream", ["of-clone"], "upstream"),
        ("of-upstream", ["of-clone"], "of-upstream"),
        ("upstream", ["of-fork"], "fork"),
        ("upstream", ["fork"], "fork"),
        ("upstream", ["fork", "of-fork"], "fork"),
        ("fork", ["upstream", "of-clone"], "upstream"),
        ("upstream", ["of-upstream", "of-clone"], "of-upstream"),
        ("gh:acme/stars", ["of-github"], "gh:acme/stars"),
        ("git@github.com:acme/stars", ["of-github-clone"], "git@github.com:acme/stars"),
        ("gh:upstream/stars", ["of-github"], "https://github.com/acme/stars.git"),
        ("gh:upstream/stars", ["gh:acme/stars", "of-github"], "gh:acme/stars"),
    ],
)
def test_the_origin_of_a_clone_distinguishes_forks_from_copies(
    source: str, places: list[str], expected: str, clones: dict[str, str], tmp_path: Path
) -> None:
    source, *places = (clones.get(each, each) for each in (source, *places))
    name, remarks = followed(source, places[-1], name_to_record(places, tmp_path), tmp_path)
    assert name == clones.get(expected, expected)
    assert bool(remarks) == (name != source)
    assert "secret" not in f"{name}{remarks}"


def test_a_script_that_ignores_the_fork_is_refused(clones: dict[str, str], tmp_path: Path) -> None:
    """Scripts of earlier releases know `--template FORK`, and not `--template=FORK`."""
    with pytest.raises(UpdateError, match="with a space and in full"):
        name_to_record([clones["fork"], clones["of-upstream"]], tmp_path)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("gh:acme/stars", "https://github.com/acme/stars", True),
        ("gh:acme/stars", "git@github.com:Acme/stars.git", True),
        ("gl:acme/a/b", "ssh://git@gitlab.com:2222/acme/a/b/", True),
        ("https://ada@host/acme/stars", "git+https://host/acme/stars.git", True),
        ("gh:acme/stars", "gl:acme/stars", False),
        ("gh:acme/stars", "gh:acme/stars2", False),
        ("{}/of-fork", "file://{}/of-fork/.git", True),
        ("{}/of-fork", "of-fork", True),
        ("{}/fork", "of-fork", False),
        ("/nowhere", "/elsewhere", False),
    ],
)
def test_locations_of_the_same_repository_are_recognized(
    one: str, other: str, same: bool, clones: dict[str, str], tmp_path: Path
) -> None:
    one, other = (each.format(tmp_path) for each in (one, other))
    assert is_same(one, other, tmp_path) is same


def test_a_binary_seeded_file_is_reported_without_its_content(store: Store) -> None:
    path = "src/orbit/web/logo.png"
    old, new, mine = (store.entry(b"\x89PNG\r\n\xff" + end) for end in (b"1", b"2", b"3"))
    before = Before(store, {path: old}, {path: mine}, {})
    merged = Merged({path: mine})
    (improved,) = changes.improvements(store, [path], before, {path: new}, merged, {path: new})
    assert improved.diff == f"Binary files a/{path} and b/{path} differ\n"
