"""Caches that updates of many projects share do not change the results."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from packaging.version import Version

from tests.rendering import ROOT
from updating import hooks, scratch, shared
from updating.checkout import Checkout
from updating.errors import UpdateError
from updating.git import Git
from updating.renders import Render
from updating.scratch import Scratch, scratch_folder, sweep
from updating.shared import Shared
from updating.template import Template
from updating.trees import Store
from updating.update import update

from .published import Generate, commit_all, git_in, release
from .test_rendering import SMALL

FORMATS = {40: "sha1", 64: "sha256"}
SETS = [{"preset": "minimal", "project_name": name} for name in ("Sun", "Moon")]


@pytest.fixture
def source(tmp_path: Path) -> Template:
    """A template of three files in a repository."""
    folder = tmp_path / "source"
    for path, text in SMALL.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        lines = text.splitlines()
        (folder / path).write_text("\n".join(line[8 if len(lines) > 1 else 0 :] for line in lines))
    git_in(folder).run("init", "--quiet")
    commit_all(folder)
    return Template(str(folder), tmp_path)


@pytest.fixture
def renders(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Folders to which something was rendered."""
    made: list[Path] = []
    render = hooks.Kept.render

    def note(kept: hooks.Kept, folder: Path, data: dict[str, object]) -> object:
        made.append(folder)
        return render(kept, folder, data)

    monkeypatch.setattr(hooks.Kept, "render", note)
    return made


def newest(source: Template, common: Shared) -> Checkout:
    return common.checkout(source, source.resolve("HEAD"))


def read(render: Render, path: str) -> str:
    blob = render.files[path].blob
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "store.git", render.objects, FORMATS[len(blob)])
        content = store.read(blob)
        store.close()
    return content.decode()


@pytest.mark.slow
def test_threads_update_like_a_single_one(
    generate: Generate, published: Path, common: Shared
) -> None:
    projects = {
        (at, version): generate(answers, version=version, name=f"{at}-{version}")
        for at, answers in enumerate(SETS)
        for version in ("1.1.0", "1.4.0")
    }
    twins = {
        key: generate(SETS[key[0]], version=key[1], name=f"twin-{key[0]}-{key[1]}")
        for key in projects
    }
    path = os.environ["PATH"]
    alone = {key: update(twin, shared=common).to_json() for key, twin in twins.items()}
    paths: set[str | None] = set()
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.001):
            paths.add(os.environ.get("PATH"))

    watcher = threading.Thread(target=watch)
    watcher.start()
    # A new cache, so that the threads render, and fill it at the same time.
    with Shared() as theirs, ThreadPoolExecutor(4) as pool:
        reports = dict(
            zip(
                projects,
                pool.map(lambda project: update(project, shared=theirs), projects.values()),
                strict=True,
            )
        )
    done.set()
    watcher.join()
    assert paths == {path}
    for key, project in projects.items():
        tree = Git(project).text("rev-parse", "HEAD^{tree}")
        assert tree == Git(twins[key]).text("rev-parse", "HEAD^{tree}"), key
        assert reports[key].added + reports[key].changed, key
        assert len(reports[key].to_json()) == len(alone[key])


def test_nothing_is_rendered_twice(source: Template, renders: list[Path]) -> None:
    with Shared() as common:
        checkout = newest(source, common)
        first = common.render(checkout, {}, {"name": "sun"})
        assert common.render(checkout, {}, {"name": "sun"}) is first
        assert common.render(checkout, {"name": "sun", "size": 1}) is first, (
            "the recorded answers have the same rendering"
        )
        assert len(renders) == 1
        assert common.render(checkout, {"name": "sun", "size": 2}) is not first
        assert read(first, "name.txt") == "SUNRELEASE CONSTANTRELEASE"
        assert not renders[0].exists()


def test_an_unrecorded_answer_is_part_of_the_cache_key(
    source: Template, renders: list[Path]
) -> None:
    settings = source.git.folder / "copier.yml"
    settings.write_text(f"{settings.read_text()}\nextra: {{type: str, when: false, default: ''}}")
    (source.git.folder / "template" / "name.txt.jinja").write_text("{{ name }}{{ extra }}")
    commit_all(source.git.folder)
    with Shared() as common:
        checkout = newest(source, common)
        first = common.render(checkout, {}, {"name": "sun", "extra": "shine"})
        assert read(first, "name.txt") == "sunshine"
        again = common.render(checkout, {"name": "sun", "size": 1})
        assert read(again, "name.txt") == "sun"


@pytest.mark.parametrize("what", ["answers", "data", "format", "commit", "defaults", "copier"])
def test_every_input_of_a_rendering_is_part_of_its_key(
    what: str,
    source: Template,
    renders: list[Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept = tmp_path / "kept"
    with Shared(renders=kept) as common:
        common.render(newest(source, common), {"name": "sun"}, {})
    answers, data, object_format = {"name": "sun"}, {}, "sha1"
    if what == "answers":
        answers["name"] = "moon"
    elif what == "data":
        data["name"] = "moon"
    elif what == "format":
        object_format = "sha256"
    elif what == "commit":
        commit_all(source.git.folder, "Another")
    elif what == "defaults":
        monkeypatch.setattr(hooks, "user_defaults", lambda: {"size": 3})
    else:
        monkeypatch.setattr(shared, "version", lambda program: "another")
    with Shared(renders=kept) as common:
        render = common.render(newest(source, common), answers, data, object_format=object_format)
        assert FORMATS[len(render.files["name.txt"].blob)] == object_format
        assert len(renders) == 2


def test_renderings_are_kept_after_the_process(
    source: Template, renders: list[Path], tmp_path: Path
) -> None:
    kept = tmp_path / "kept"
    for _ in range(3):
        with Shared(renders=kept) as common:
            render = common.render(newest(source, common), {}, {"name": "sun"})
            assert read(render, "name.txt") == "SUNRELEASE CONSTANTRELEASE"
            assert render.answers == {"name": "sun", "size": 1}
    assert len(renders) == 1


DAMAGED = ["objects/pack/*.pack", "objects/pack/*.idx", "render.json"]


def damage(path: Path, how: str) -> None:
    """Damage a file like a full disk or a killed process could."""
    if how == "gone":
        path.unlink()
        return
    content = path.read_bytes()
    damaged = {
        "empty": b"",
        "cut": content[:-7],
        "other": content.replace(b"sun", b"moo") if b"sun" in content else content[:-1] + b"?",
    }
    path.chmod(0o644)
    path.write_bytes(damaged[how])


@pytest.mark.parametrize("how", ["gone", "empty", "cut", "other"])
@pytest.mark.parametrize("pattern", DAMAGED)
def test_a_damaged_rendering_is_replaced(
    pattern: str, how: str, source: Template, renders: list[Path], tmp_path: Path
) -> None:
    kept = tmp_path / "kept"
    for made in (1, 2, 2):
        with Shared(renders=kept) as common:
            render = common.render(newest(source, common), {}, {"name": "sun"})
            assert read(render, "name.txt") == "SUNRELEASE CONSTANTRELEASE"
            assert len(renders) == made
        if made == 1:
            (place,) = (path for path in kept.iterdir() if not path.is_symlink())
            (path,) = place.glob(pattern)
            damage(path, how)


def test_renderings_may_be_deleted(source: Template, renders: list[Path], tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    with Shared(renders=kept) as common:
        for made in (1, 2):
            render = common.render(newest(source, common), {}, {"name": "sun"})
            assert read(render, "name.txt") == "SUNRELEASE CONSTANTRELEASE"
            assert len(renders) == made
            shutil.rmtree(kept)


def test_cached_data_of_a_commit_does_not_need_its_first_clone(
    published: Path, newest: str, tmp_path: Path
) -> None:
    with Shared() as common:
        for at in range(2):
            clone = tmp_path / str(at)
            git_in(published).run("clone", "--quiet", "--bare", str(published), str(clone))
            source = Template(str(clone), tmp_path)
            checkout = common.checkout(source, source.resolve(newest))
            assert "1.4.1" in checkout.notes(Version("1.4.0" if at else "1.3.1"))
            assert (checkout.folder / "copier.yml").exists()
            shutil.rmtree(clone)


def test_settings_of_copier_that_cannot_be_read(
    source: Template, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = tmp_path / "settings.yml"
    settings.write_text("defaults: [")
    monkeypatch.setenv("COPIER_SETTINGS_PATH", str(settings))
    with Shared() as common, pytest.raises(UpdateError, match="Copier's settings cannot be read"):
        common.render(common.checkout(source, source.resolve("HEAD")), {})


def test_an_unfinished_rendering_is_not_used(
    source: Template, renders: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "kept"

    class Killed(BaseException):
        pass

    def kill(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch, Shared(renders=kept) as common:
        assert newest(source, common).folder.exists()
        patch.setattr(Path, "rename", kill)
        with pytest.raises(Killed):
            common.render(newest(source, common), {})
    left = list(kept.iterdir())
    assert len(left) == 1
    os.utime(left[0], (0, 0))
    with Shared(renders=kept) as common:
        assert read(common.render(newest(source, common), {}), "name.txt")
    assert len(renders) == 2
    assert left[0] not in kept.iterdir(), "old drafts are removed"


_RENDER = """
import sys; from pathlib import Path
from updating.shared import Shared; from updating.template import Template
with Shared(renders=Path(sys.argv[2])) as common:
    source = Template(sys.argv[1], Path())
    checkout = common.checkout(source, source.resolve("HEAD"))
    for at in range(8):
        print(sorted(common.render(checkout, {"name": f"name{at}"}).files.items()))
"""


def test_processes_share_renderings(source: Template, tmp_path: Path) -> None:
    command = [sys.executable, "-c", _RENDER, str(source.git.folder), str(tmp_path / "kept")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    running = [
        subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    printed = [process.communicate()[0] for process in running]
    assert [process.returncode for process in running] == [0, 0, 0]
    assert printed[0] and len(set(printed)) == 1


def test_the_number_of_cached_renderings_is_limited(
    source: Template, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared, "_RENDERS", 2)
    with Shared() as common:
        checkout = newest(source, common)
        used = common.render(checkout, {"name": "name"})
        for at in range(10):
            common.render(checkout, {"name": f"name{at}"})
        assert len(list((common.folder / "renders").iterdir())) <= 3
        assert read(used, "name.txt"), "recently used renderings are kept"


def test_the_number_of_compiled_commits_is_limited(
    source: Template, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared, "_RENDERERS", 1)
    with Shared() as common:
        first = newest(source, common)
        common.render(first, {})
        one = first.renderer
        commit_all(source.git.folder, "Another")
        common.render(newest(source, common), {})
        assert first.renderer is not one
        assert common.render(first, {"name": "sun"}).answers["name"] == "sun"


def test_a_rendering_with_a_date_is_renewed_on_another_day(
    source: Template, renders: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = source.git.folder / "template" / "name.txt.jinja"
    text.write_text("{{ '%Y' | strftime }}")
    commit_all(source.git.folder)
    kept = tmp_path / "kept"
    for day, made in ((1, 1), (1, 1), (2, 2)):
        with Shared(renders=kept) as common:
            monkeypatch.setattr(shared, "_today", lambda day=day: f"2026010{day}")
            common.render(newest(source, common), {})
            assert len(renders) == made


def test_a_template_is_read_again_only_after_new_commits(published: Path, tmp_path: Path) -> None:
    template = tmp_path / "template"
    git_in(tmp_path).run("clone", "--quiet", str(published), str(template))
    with Shared() as common:
        first = common.template(str(template), tmp_path)
        assert common.template("template", tmp_path) is first
        release(template, "9.0.0")
        again = common.template(str(template), tmp_path)
        assert str(again.newest().version) == "9.0.0"
        address = common.template(template.as_uri(), tmp_path)
        release(template, "9.1.0")
        assert common.template(template.as_uri(), tmp_path) is address


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary folders."""
    monkeypatch.setattr(scratch, "_place", lambda: tmp_path)
    return tmp_path


def test_a_temporary_folder_is_removed_after_use(place: Path) -> None:
    with scratch_folder() as folder:
        assert folder.parent == place
        assert f"-{os.getpid()}-" in folder.name
    assert not list(place.iterdir())
    forgotten = Scratch()
    del forgotten
    assert not list(place.iterdir())


_LEAVE = """
import os, sys; from pathlib import Path; from updating import scratch
scratch._place = lambda: Path(sys.argv[1])
folder = scratch.Scratch(); print(folder.folder, flush=True)
sys.stdin.read(); os._exit(9)
"""


def test_folders_of_dead_processes_are_removed(place: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", _LEAVE, str(place)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin and process.stdout
    folder = Path(process.stdout.readline().strip())
    sweep(place)
    assert folder.exists(), "its process is running"
    process.communicate()
    assert folder.exists()
    sweep(place)
    assert not folder.exists()


def test_folders_of_running_processes_are_kept(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = place / "twelvestar-of-mine"
    young = place / "twelvestar-1-young"
    begun = place / f"twelvestar-{os.getpid()}-begun"
    for folder in (others, young, begun):
        folder.mkdir()
    (begun / "process.lock").touch()
    sweep(place)
    assert begun.exists(), "it is new, and may not be locked yet"
    with scratch_folder() as folder:
        # As seen from a container, in which the process is invisible.
        monkeypatch.setattr(scratch, "_lives", lambda process: False)
        sweep(place)
        assert folder.exists()
        assert young.exists() and others.exists()
        os.utime(young, (time.time() - 7200,) * 2)
        sweep(place)
        assert not young.exists()


def test_all_temporary_folders_of_an_update_can_be_swept(
    generate: Generate, published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other folders would stay for ever after their process is killed."""
    project = generate({"preset": "minimal"}, version="1.4.1")
    declared = project / "pyproject.toml"
    declared.write_text(
        declared.read_text().replace("dependencies = [", "dependencies = [  # mine")
    )
    commit_all(project)
    made: list[Path] = []
    make = tempfile.mkdtemp

    def note(suffix: str | None = None, prefix: str | None = None, dir: str | None = None) -> str:
        made.append(Path(dir or tempfile.gettempdir(), prefix or ""))
        return make(suffix, prefix, dir)

    monkeypatch.setattr("tempfile.mkdtemp", note)
    monkeypatch.setattr("updating.update.Shared", Shared)
    update(project, template=str(published), data={"database": "sqlite"}, preview=True)
    assert made
    assert not [path for path in made if scratch.PREFIX + str(os.getpid()) not in str(path)]


def test_temporary_folders_are_in_memory_if_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TMPDIR", raising=False)
    monkeypatch.setattr(scratch, "_MEMORY", tmp_path)
    monkeypatch.setattr(scratch, "_ENOUGH", 1)
    assert scratch._place() == tmp_path
    monkeypatch.setattr(scratch, "_ENOUGH", 2**80)
    assert scratch._place() != tmp_path
    monkeypatch.setattr(scratch, "_MEMORY", tmp_path / "nowhere")
    assert scratch._place() != tmp_path
    monkeypatch.setattr(scratch, "_MEMORY", tmp_path)
    monkeypatch.setattr(scratch, "_ENOUGH", 1)
    monkeypatch.setenv("TMPDIR", "/somewhere")
    assert scratch._place() != tmp_path, "the user's choice takes precedence"
