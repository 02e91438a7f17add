"""The lock file in an update: as uv would make it, and without running code of the project."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
from pathlib import Path
from typing import Any

import pytest

from migrations.every_update import refresh_the_lock_file
from migrations.toolkit import After
from tests.rendering import answer_sets, render
from updating import locking
from updating.locking import LockError, declared, lock
from updating.merge import Files
from updating.trees import Entry, Store

UV = Path(sys.executable).with_name("uv")
PYPROJECT = '[project]\nname = "x"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = []\n'
LOCK = 'version = 1\nrequires-python = ">=3.11"\n'


def files_of(store: Store, texts: dict[str, str]) -> Files:
    return {path: store.entry(text.encode()) for path, text in texts.items()}


def lockable(store: Store, pyproject: str = PYPROJECT, **others: str) -> Files:
    return files_of(store, {"pyproject.toml": pyproject, "uv.lock": LOCK, **others})


def after(store: Store, folder: Path, previous: str, now: str) -> After:
    then, files = (lockable(store, text) for text in (previous, now))
    return After(store, then, files, folder)


def locked_text(project: After) -> str:
    return project.store.read(project.project["uv.lock"].blob).decode()


def reports_and_keeps_it(project: After, reason: str) -> None:
    refresh_the_lock_file(project)
    assert locked_text(project) == LOCK
    [remark] = project.remarks
    assert remark.startswith("uv.lock was not updated: run `uv lock`")
    assert reason in remark


def test_the_lock_file_is_updated_when_dependencies_change(store: Store, tmp_path: Path) -> None:
    now = PYPROJECT.replace("3.11", "3.11,<4")
    project = after(store, tmp_path / "after", PYPROJECT, now)
    refresh_the_lock_file(project)
    assert project.remarks == []
    assert tomllib.loads(locked_text(project))["requires-python"] == ">=3.11, <4"


def test_the_lock_file_is_kept_without_changed_dependencies(store: Store, tmp_path: Path) -> None:
    project = after(store, tmp_path / "after", PYPROJECT, f"{PYPROJECT}# a comment\n")
    refresh_the_lock_file(project)
    assert locked_text(project) == LOCK
    assert not (tmp_path / "after").exists()


def test_the_lock_file_is_kept_during_conflicts(store: Store, tmp_path: Path) -> None:
    marked = f"<<<<<<< mine\n{PYPROJECT}=======\n>>>>>>> theirs\n"
    reports_and_keeps_it(after(store, tmp_path / "after", PYPROJECT, marked), "is resolved")


def test_an_error_of_uv_is_reported(store: Store, tmp_path: Path) -> None:
    broken = PYPROJECT.replace('">=3.11"', '"no version"')
    reports_and_keeps_it(after(store, tmp_path / "after", PYPROJECT, broken), "error:")


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    ["minimal", *(pytest.param(n, marks=pytest.mark.thorough) for n in ("standard", "complete"))],
)
def test_the_lock_file_equals_that_of_the_whole_project(
    name: str, template: Path, store: Store, tmp_path: Path
) -> None:
    project = render(template, tmp_path / "project", answer_sets()[name], tasks=True)
    shutil.rmtree(project / ".git")
    declaration = project / "pyproject.toml"
    text = declaration.read_text()
    assert "\ndependencies = [\n" in text
    declaration.write_text(text.replace("\ndependencies = [\n", '\ndependencies = [\n"packaging",'))
    paths = [path for path in project.rglob("*") if path.is_file()]
    texts = {str(path.relative_to(project)): path.read_text() for path in paths}
    made = lock(store, files_of(store, texts), tmp_path / "after")
    before = (project / "uv.lock").read_bytes()
    subprocess.run([UV, "lock", "--quiet"], cwd=project, check=True)
    assert made == (project / "uv.lock").read_bytes() != before


# No code of the project runs

BACKEND = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""


def test_a_build_backend_of_the_project_does_not_run(store: Store, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    backend = f"import pathlib\npathlib.Path({str(ran)!r}).touch()\n"
    dynamic = PYPROJECT.replace('version = "1"', 'dynamic = ["version", "readme"]')
    project = after(store, tmp_path / "after", PYPROJECT, dynamic + BACKEND)
    project.project["backend.py"] = store.entry(backend.encode())
    reports_and_keeps_it(project, "the project's own code computes its version")
    assert not ran.exists()
    # It does not run for static metadata either.
    project = after(store, tmp_path / "again", PYPROJECT, PYPROJECT + BACKEND)
    project.project["backend.py"] = store.entry(backend.encode())
    refresh_the_lock_file(project)
    [package] = tomllib.loads(locked_text(project))["package"]
    assert package["source"] == {"editable": "."}
    assert not ran.exists()


def test_no_dependency_is_built(store: Store, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    setup = (
        f"import pathlib\npathlib.Path({str(ran)!r}).touch()\n"
        "from setuptools import setup\nsetup(name='dep', version='1')\n"
    ).encode()
    index = tmp_path / "index"
    index.mkdir()
    with tarfile.open(index / "dep-1.tar.gz", "w:gz") as archive:
        about = tarfile.TarInfo("dep-1/setup.py")
        about.size = len(setup)
        archive.addfile(about, io.BytesIO(setup))
    settings = f'[tool.uv]\nfind-links = ["{index}"]\nno-index = true\nno-build = false\n'
    now = PYPROJECT.replace("dependencies = []", 'dependencies = ["dep"]') + settings
    reports_and_keeps_it(after(store, tmp_path / "after", PYPROJECT, now), "dep")
    assert not ran.exists()


@pytest.mark.parametrize("line", ["{script}", "./python", "3.11\n{script}", "python"])
def test_a_python_given_by_its_path_does_not_run(line: str, store: Store, tmp_path: Path) -> None:
    ran, script = tmp_path / "ran", tmp_path / "python"
    script.write_text(f"#!/bin/sh\ntouch {ran}\n")
    script.chmod(0o755)
    text = line.format(script=script)
    folder = tmp_path / "after"
    lock(store, lockable(store, **{".python-version": f"{text}\n"}), folder)
    assert not ran.exists()
    assert not (folder / ".python-version").exists()


def test_versions_of_python_in_the_project_are_used(store: Store, tmp_path: Path) -> None:
    lines = "# ours\n3.11\n\ncpython@3.12\n3.14.0rc1\n3.14t\npypy3.11  # too\n"
    folder = tmp_path / "after"
    lock(store, lockable(store, **{".python-version": lines}), folder)
    assert (folder / ".python-version").read_text() == lines


@pytest.mark.parametrize(
    ("setting", "stays"),
    [
        ('python-install-mirror = "file:///evil"', False),
        ('pypy-install-mirror = "file:///evil"', False),
        ('python-downloads-json-url = "file:///evil"', False),
        ('cache-dir = "cache"', False),
        ('extra-build-variables = { dep = { A = "b" } }', False),
        ('index-url = "https://index.example/simple"', True),
        ('index = [{ name = "ours", url = "https://index.example", default = true }]', True),
        ('exclude-newer = "2026-01-01T00:00:00Z"', True),
        ('constraint-dependencies = ["anyio<4"]', True),
        ('resolution = "lowest-direct"', True),
    ],
)
def test_only_settings_of_the_resolution_are_used(setting: str, stays: bool, store: Store) -> None:
    key = setting.partition(" ")[0]
    table = lockable(store, f"{PYPROJECT}[tool.uv]\n{setting}\n")
    file = lockable(store, **{"uv.toml": f"{setting}\n"})
    documents = [declared(store, files) for files in (table, file)]
    assert documents[0] is not None
    assert documents[1] is not None
    assert (key in documents[0]["pyproject.toml"]["tool"]["uv"]) is stays
    assert (key in documents[1]["uv.toml"]) is stays


def test_settings_in_uv_toml_are_used(store: Store, tmp_path: Path) -> None:
    files = lockable(store, **{"uv.toml": 'resolution = "lowest"\n'})
    made = lock(store, files, tmp_path / "after")
    assert tomllib.loads(made.decode())["options"] == {"resolution-mode": "lowest"}


def test_settings_in_parent_folders_are_ignored(store: Store, tmp_path: Path) -> None:
    """Other users may write there, such as in /tmp."""
    (tmp_path / "uv.toml").write_text('resolution = "lowest"\n')
    (tmp_path / "pyproject.toml").write_text('[tool.uv.workspace]\nmembers = ["*"]\n')
    made = lock(store, lockable(store), tmp_path / "after")
    assert "options" not in tomllib.loads(made.decode())


def test_nothing_but_declarations_is_read_or_written(store: Store, tmp_path: Path) -> None:
    files = lockable(store)
    # No such object exists, so reading it would fail.
    files |= {f"data/{number}.bin": Entry("100644", "1" * 40) for number in range(3)}
    lock(store, files, tmp_path / "after")
    names = {path.name for path in (tmp_path / "after").iterdir()}
    assert names == {"pyproject.toml", "uv.lock", "said"}


LOCAL = '\n[[package]]\nname = "evil"\nsource = {{ {} = "/srv/evil" }}\n'
ON_FOLDERS: dict[str, tuple[dict[str, str], str]] = {
    "a path": (
        {"pyproject.toml": f'{PYPROJECT}[tool.uv.sources]\nevil = {{ path = "evil" }}\n'},
        "evil is installed from a folder",
    ),
    "one of several": (
        {"pyproject.toml": f'{PYPROJECT}[tool.uv]\nsources.evil = [{{ path = "e" }}]\n'},
        "evil is installed from a folder",
    ),
    "a member of a workspace": (
        {"pyproject.toml": f"{PYPROJECT}[tool.uv]\nsources.evil = {{ workspace = true }}\n"},
        "evil is installed from a folder",
    ),
    "a workspace": (
        {"pyproject.toml": f'{PYPROJECT}[tool.uv.workspace]\nmembers = ["a"]\n'},
        "is a workspace",
    ),
    "a reference": (
        {"pyproject.toml": PYPROJECT.replace("[]", '["evil[x] @ file:///srv/evil"]')},
        "evil[x] @ file:///srv/evil is installed from a folder",
    ),
    "a reference in a group": (
        {"pyproject.toml": f'{PYPROJECT}[dependency-groups]\ndev = ["evil@./evil"]\n'},
        "evil@./evil is installed from a folder",
    ),
    **{
        f"a lock file with {kind}": ({"uv.lock": LOCK + LOCAL.format(kind)}, "has evil")
        for kind in ("directory", "editable", "path", "virtual")
    },
    "a broken lock file": ({"uv.lock": "<<<<<<< mine\n"}, "uv.lock cannot be read"),
    "a broken declaration": ({"pyproject.toml": "x ="}, "pyproject.toml or uv.toml cannot be read"),
}


@pytest.mark.parametrize("name", ON_FOLDERS)
def test_projects_with_local_dependencies_are_not_locked(
    name: str, store: Store, tmp_path: Path
) -> None:
    texts, reason = ON_FOLDERS[name]
    files = files_of(store, {"pyproject.toml": PYPROJECT, "uv.lock": LOCK, **texts})
    with pytest.raises(LockError) as caught:
        lock(store, files, tmp_path / "after")
    assert reason in str(caught.value)
    assert not (tmp_path / "after").exists()


def test_a_symlink_is_not_a_declaration(store: Store, tmp_path: Path) -> None:
    files = lockable(store)
    files["uv.lock"] = Entry("120000", files["uv.lock"].blob)
    with pytest.raises(LockError, match=r"uv\.lock is not a regular file"):
        lock(store, files, tmp_path / "after")


# The environment


def program(folder: Path, *lines: str) -> Path:
    """A program that replaces uv."""
    folder.mkdir()
    path = folder / "uv"
    path.write_text("\n".join(["#!/bin/sh", *lines, ""]))
    path.chmod(0o755)
    return folder


def test_uv_gets_only_needed_environment_variables(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bin_folder = program(tmp_path / "bin", "env > environment")
    given = {
        "PATH": f"{bin_folder}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "https_proxy": "http://proxy.example",
        "UV_INDEX_OURS_PASSWORD": "word",
    }
    kept_back = {
        **dict.fromkeys(("TEMPLATE_TOKEN", "GH_TOKEN", "VIRTUAL_ENV"), "t0ken"),
        **dict.fromkeys(("UV_PROJECT", "UV_LOCKED", "UV_PUBLISH_TOKEN", "PYTHONPATH"), "t0ken"),
    }
    files = lockable(store)
    for name, value in {**given, **kept_back, "UV_NO_BUILD": "0"}.items():
        monkeypatch.setenv(name, value)
    lock(store, files, tmp_path / "after")
    lines = (tmp_path / "after" / "environment").read_text().splitlines()
    environment: dict[str, Any] = dict(line.split("=", 1) for line in lines)
    assert given.items() <= environment.items()
    assert not kept_back.keys() & environment.keys()
    assert environment["UV_NO_BUILD"] == "1"


@pytest.mark.parametrize("entry", ["", ".", "bin"])
def test_a_uv_in_the_project_does_not_run(
    entry: str, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path / "project", f"touch {tmp_path}/ran")
    program(tmp_path / "project" / "bin", f"touch {tmp_path}/ran")
    monkeypatch.chdir(tmp_path / "project")
    monkeypatch.setenv("PATH", f"{entry}:{os.environ['PATH']}")
    lock(store, lockable(store), tmp_path / "after")
    assert not (tmp_path / "ran").exists()


def test_without_uv_the_lock_file_is_kept(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "git").symlink_to(shutil.which("git") or "")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    with pytest.raises(LockError, match="uv is not installed"):
        lock(store, lockable(store), tmp_path / "after")


def test_uv_has_a_time_limit(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bin_folder = program(tmp_path / "bin", "sleep 60 &", "echo $! > child", "wait")
    monkeypatch.setenv("PATH", f"{bin_folder}:{os.environ['PATH']}")
    monkeypatch.setattr(locking, "SECONDS", 0.5)
    with pytest.raises(LockError, match=r"uv took more than 0\.5 seconds"):
        lock(store, lockable(store), tmp_path / "after")
    child = (tmp_path / "after" / "child").read_text().strip()
    state = subprocess.run(
        ["ps", "-o", "stat=", child], capture_output=True, text=True, check=False
    )
    assert state.stdout.strip().rstrip("N") in ("", "Z"), "N: the tests run with low priority"
