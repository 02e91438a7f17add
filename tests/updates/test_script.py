"""`scripts/update.py` of a project: how it finds the template, and runs its update program."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from tests.rendering import ROOT
from updating.answers import with_origin
from updating.errors import Status
from updating.git import Git

from .published import Generate, commit_all, git_in, release

SCRIPT = ROOT / "template" / "scripts" / "update.py"
# A program that only prints how it was called.
PROGRAM = """\
import json, os, sys
print(json.dumps({"arguments": sys.argv[1:], "path": sys.path, "environment": dict(os.environ)}))
sys.exit(3)
"""


@pytest.fixture(autouse=True)
def uv_on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """uv on the path, like on most machines."""
    bin_folder = Path(sys.executable).parent
    monkeypatch.setenv("PATH", f"{bin_folder}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture
def script(tmp_path: Path) -> Iterator[ModuleType]:
    """The script of the project in `project`, as a module."""
    folder = tmp_path / "project" / "scripts"
    folder.mkdir(parents=True)
    (folder / "update.py").write_bytes(SCRIPT.read_bytes())
    spec = importlib.util.spec_from_file_location("script", folder / "update.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module


@pytest.fixture
def project(script: ModuleType, tmp_path: Path) -> Path:
    """A folder with the script, and a template next to it."""
    folder = tmp_path / "project"
    answer(folder, "../template")
    template(tmp_path / "template")
    return folder


def answer(project: Path, source: str, name: str = ".copier-answers.yml") -> None:
    (project / name).write_text(f"_commit: 1.0.0\n_src_path: {source}\n")


def template(folder: Path, requirements: str = "", program: str = PROGRAM) -> Path:
    """Make a repository with an update program, in place of the template."""
    package = folder / "updating"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(program)
    (package / "requirements.txt").write_text(requirements)
    git_in(folder).run("init", "--quiet")
    commit_all(folder)
    return folder


def run(
    project: Path, *options: str, python: Sequence[str] = (sys.executable,), **variables: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*python, "scripts/update.py", *options],
        cwd=project,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def called(project: Path, *options: str, **variables: str) -> dict[str, Any]:
    done = run(project, *options, **variables)
    assert done.returncode == 3, done.stderr
    assert done.stderr == ""
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.slow
@pytest.mark.parametrize(
    "python",
    [
        pytest.param(("uv", "run", "--no-project"), id="uv run --no-project"),
        pytest.param(("uv", "run", "--quiet"), id="uv run", marks=pytest.mark.thorough),
        pytest.param((sys.executable,), id="python", marks=pytest.mark.thorough),
    ],
)
def test_a_project_is_updated(
    python: tuple[str, ...], generate: Generate, published: Path, newest: str, tmp_path: Path
) -> None:
    project = generate({"preset": "minimal"}, version=newest)
    newer = tmp_path / "newer"
    git_in(published).run("clone", "--quiet", str(published), str(newer))
    release(newer, "99.0.0")
    done = run(project, "--template", str(newer), python=python)
    assert done.returncode == Status.CLEAN, done.stderr
    assert done.stdout.startswith(f"Twelvestar {newest} to 99.0.0")
    assert "_commit: 99.0.0" in (project / ".copier-answers.yml").read_text()


def test_the_program_gets_every_argument_and_the_clone_as_the_last_template(project: Path) -> None:
    given = (
        "--data",
        "a=b c",
        "--template",
        "../template",
        "-a",
        ".copier-answers.yml",
        "--json=-",
    )
    arguments = called(project, *given)["arguments"]
    assert arguments[: len(given) + 1] == [str(project), *given]
    assert arguments[-2] == "--template"
    assert arguments[-1].endswith("/template")
    assert arguments[-1] != "../template"
    assert len(arguments) == len(given) + 3
    assert called(project, "--template=../template")["arguments"][1:-2] == [
        "--template=../template"
    ]
    # The program reports errors in them, not the script.
    assert called(project, "--data", "--template")["arguments"][1:3] == ["--data", "--template"]


def test_the_program_does_not_import_modules_of_the_project(project: Path) -> None:
    (project / "json.py").write_text("raise SystemExit('mine')\n")
    found = called(project)
    assert str(project) not in found["path"]
    assert "" not in found["path"]


def test_variables_that_name_another_repository_are_removed(project: Path, tmp_path: Path) -> None:
    other = {
        name: str(tmp_path / "nowhere")
        for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY")
    }
    settings = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "a.b", "GIT_CONFIG_VALUE_0": "c"}
    environment = called(project, **other, **settings)["environment"]
    assert not other.keys() & environment.keys()
    assert settings.items() <= environment.items()


def test_hooks_of_the_user_do_not_run(project: Path, tmp_path: Path) -> None:
    hook = tmp_path / "hooks" / "post-checkout"
    hook.parent.mkdir()
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    hook.chmod(0o755)
    settings = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "core.hooksPath"}
    called(project, **settings, GIT_CONFIG_VALUE_0=str(hook.parent))
    assert not (tmp_path / "ran").exists()


def test_submodules_are_not_fetched(project: Path, tmp_path: Path) -> None:
    git = git_in(tmp_path / "template")
    git.run("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "../template", "sub")
    commit_all(tmp_path / "template")
    done = run(project, "--check", "--template", "../template")
    assert done.returncode == 3, done.stderr


HOSTILE = ["ext::touch {ran}", "git+ext::touch {ran}", "--upload-pack=touch {ran}", "--help"]


@pytest.mark.parametrize("source", HOSTILE)
def test_a_url_cannot_run_a_program(source: str, project: Path, tmp_path: Path) -> None:
    answer(project, json.dumps(source.format(ran=tmp_path / "ran")))
    settings = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "protocol.allow"}
    done = run(project, **settings, GIT_CONFIG_VALUE_0="always")
    assert done.returncode == Status.FAILED
    assert "could not be fetched" in done.stderr
    assert "Traceback" not in done.stderr
    if source.startswith("-"):
        assert f"repository '{source.format(ran=tmp_path / 'ran')}' does not exist" in done.stderr
    assert not (tmp_path / "ran").exists()


ADDRESSES = {
    "gh:org/repo": "https://github.com/org/repo.git",
    "gh:org/repo.git": "https://github.com/org/repo.git",
    "gh:/org/repo": "https://github.com/org/repo.git",
    "gl:group/sub/repo": "https://gitlab.com/group/sub/repo.git",
    "gl:group/repo.git": "https://gitlab.com/group/repo.git",
    "git+https://host.example/repo": "https://host.example/repo",
    "git+ssh://git@host.example/repo.git": "ssh://git@host.example/repo.git",
    "git+file:///srv/repo": "file:///srv/repo",
    "git@host.example:org/repo.git": "git@host.example:org/repo.git",
    "https://host.example/repo.git": "https://host.example/repo.git",
    "~/repo": "{home}/repo",
    "~nobody-here/repo": "~nobody-here/repo",
    "../repo": "{home}/repo",
    "beside": "{home}/project/beside",
    "only-here": "{home}/here/only-here",
    "/no/such/folder": "/no/such/folder",
}


@pytest.mark.parametrize("source", ADDRESSES)
def test_it_expands_short_forms_like_copier(
    source: str, script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("repo", "project/beside", "here/beside", "here/only-here"):
        (tmp_path / name).mkdir(parents=True)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path / "here")
    assert script.address(source) == ADDRESSES[source].format(home=tmp_path)


@pytest.mark.parametrize("form", ["{0}", "file://{0}", "git+file://{0}", "{0}.git", "{0}.bundle"])
def test_it_fetches_a_repository_on_this_machine(form: str, project: Path, tmp_path: Path) -> None:
    source = tmp_path / "template"
    git_in(tmp_path).run("clone", "--quiet", "--mirror", str(source), f"{source}.git")
    git_in(source).run("bundle", "create", f"{source}.bundle", "HEAD", "--all")
    answer(project, form.format(source))
    called(project)


LONG = f"/home/ada/{'my documents/' * 12}template"
SOURCES = [
    *("gh:o/r", "/a b/c", LONG, "C:\\x", "a: b", "a #b", "#a", "it's", "'a'", '"', "-x", "~"),
    *("/café/ünï/テンプレート", "\U0001f600/x", f"it's {LONG}", f"café: {LONG}", "x\\ny", "a\tb"),
]


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("allow_unicode", [True, False])
def test_it_reads_all_yaml_styles_of_the_location(
    source: str, allow_unicode: bool, script: ModuleType
) -> None:
    text = yaml.safe_dump(
        {"_commit": "1.0.0", "_src_path": source, "a": [1]}, allow_unicode=allow_unicode
    )
    assert script.recorded(text, "_src_path") == source
    assert script.recorded(f"# _src_path: x\n{text}", "_src_path") == source
    assert script.recorded(with_origin("# Why.\na: 1\n", source, "1"), "_src_path") == source


def test_comments_are_not_part_of_the_location(script: ModuleType) -> None:
    assert script.recorded("_src_path: gh:o/r#x # ours\n", "_src_path") == "gh:o/r#x"
    assert script.recorded("_src_path: 'gh:o/r' # ours\n", "_src_path") == "gh:o/r"
    assert script.recorded("a: 1\n_src_path:\nb: 2\n", "_src_path") is None


def test_the_answers_file_may_have_another_name(project: Path, tmp_path: Path) -> None:
    (project / ".copier-answers.yml").rename(project / "answers.service.yml")
    (project / "my-answers.yml").write_text("_src_path: only half\n")
    called(project)
    answer(project, str(tmp_path / "nowhere"), "b-answers.yml")
    done = run(project)
    assert done.returncode == Status.REFUSED
    assert done.stderr == (
        "There are answers.service.yml and b-answers.yml: name one of them with --answers-file.\n"
    )
    called(project, "--answers-file", "answers.service.yml")
    called(project, "-aanswers.service.yml")
    assert run(project, "-a", "b-answers.yml").returncode == Status.FAILED
    done = run(project, "-a", "none.yml")
    assert (done.returncode, done.stderr) == (
        Status.REFUSED,
        "none.yml is missing or broken: restore it from an earlier commit.\n",
    )


@pytest.mark.parametrize("content", [None, b"", b"- 1\n", b"_src_path:\n", b"_src_path: \xff\n"])
def test_answers_without_a_template_are_refused(content: bytes | None, project: Path) -> None:
    path = project / ".copier-answers.yml"
    path.unlink() if content is None else path.write_bytes(content)
    done = run(project)
    assert done.returncode == Status.REFUSED
    assert done.stderr == (
        ".copier-answers.yml is missing or broken: restore it from an earlier commit.\n"
    )


def test_a_template_without_pinned_requirements_is_refused(project: Path, tmp_path: Path) -> None:
    (tmp_path / "template" / "updating" / "requirements.txt").unlink()
    commit_all(tmp_path / "template")
    done = run(project)
    assert done.returncode == Status.REFUSED
    assert "has no updating/requirements.txt" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_closed_stdout_is_not_an_error(project: Path) -> None:
    command = f"exec {sys.executable} scripts/update.py >&-"
    done = subprocess.run(
        ["sh", "-c", command], cwd=project, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (3, "")


def test_an_interrupt_prints_no_traceback(project: Path, tmp_path: Path) -> None:
    program = (
        f"import pathlib, time\npathlib.Path({str(tmp_path / 'runs')!r}).touch()\ntime.sleep(60)"
    )
    template(
        tmp_path / "slow",
        program=f"try:\n    {program.replace(chr(10), chr(10) + '    ')}\n"
        "except KeyboardInterrupt:\n    raise SystemExit(130)\n",
    )
    with subprocess.Popen(
        [sys.executable, "scripts/update.py", "--template", "../slow"],
        cwd=project,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # If the tests run in the background of a shell, their children ignore Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        while not (tmp_path / "runs").exists():
            assert process.poll() is None
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=10)
    assert (process.returncode, said) == (130, "")


# `make update`

MEANINGS = {
    1: "update: status 1, refused: nothing was changed",
    2: "update: status 2, conflicts (or an error of uv, if it says so above)",
    3: "update: status 3, files of the template were changed",
    4: "update: status 4, failed: nothing was changed",
    130: "update: status 130",
}


def without_make(variables: Mapping[str, str]) -> dict[str, str]:
    """An environment without variables of the make that runs the tests."""
    return {name: value for name, value in variables.items() if not name.startswith("MAKE")}


@pytest.mark.parametrize("status", [0, *MEANINGS])
def test_make_prints_the_status(status: int, generate: Generate, newest: str) -> None:
    """make's own status is 2 for all failures."""
    project = generate({"preset": "minimal"}, version=newest)
    (project / "scripts" / "update.py").write_text("import sys\nsys.exit(int(sys.argv[1]))\n")
    done = subprocess.run(
        ["make", "update", f"ARGS={status}"],
        cwd=project,
        env={
            **without_make(os.environ),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == ""
    if status == 0:
        assert (done.returncode, done.stderr) == (0, "")
        return
    said, make = done.stderr.splitlines()
    assert said == MEANINGS[status]
    assert make.endswith(f"Error {status}")


# Requirements of the program


def wheel(folder: Path, content: str = "NAME = 'dep'\n") -> str:
    """Put a package into a folder, and return its hash."""
    folder.mkdir(exist_ok=True)
    path = folder / "dep-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("dep.py", content)
        archive.writestr(
            "dep-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: dep\nVersion: 1\n"
        )
        archive.writestr(
            "dep-1.dist-info/WHEEL",
            "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        archive.writestr("dep-1.dist-info/RECORD", "")
    return hashlib.sha256(path.read_bytes()).hexdigest()


USES_DEP = "import dep, sys\nsys.exit(3 if dep.NAME == 'dep' else 5)\n"


def needing(folder: Path, digest: str) -> None:
    template(folder, f"dep==1 --hash=sha256:{digest}\n", USES_DEP)


@pytest.mark.parametrize("file", ["pyproject.toml", "uv.toml"])
def test_packages_come_from_the_index_of_the_project(
    file: str, project: Path, tmp_path: Path
) -> None:
    digest = wheel(tmp_path / "index")
    settings = f'find-links = ["{tmp_path}/index"]\nno-index = true\n'
    # Settings that must not affect the requirements of an update.
    settings += 'required-version = ">=99"\nexclude-newer = "2000-01-01T00:00:00Z"\n'
    (project / file).write_text(f"[tool.uv]\n{settings}" if file != "uv.toml" else settings)
    needing(tmp_path / "needing", digest)
    done = run(project, "--template", "../needing")
    assert done.returncode == 3, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("installer", ["uv", "pip"])
def test_a_package_with_another_hash_is_not_installed(
    installer: str, project: Path, tmp_path: Path
) -> None:
    # Without uv on the path, pip is used.
    places = {
        "UV_NO_CACHE": "1",
        "UV_NO_INDEX": "1",
        "UV_FIND_LINKS": str(tmp_path / "index"),
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(tmp_path / "index"),
        "PIP_CONFIG_FILE": os.devnull,
        **({} if installer == "uv" else {"PATH": "/usr/bin:/bin"}),
    }
    needing(tmp_path / "needing", wheel(tmp_path / "index"))
    done = run(project, "--template", "../needing", **places)
    assert done.returncode == 3, done.stderr
    template(tmp_path / "unpinned", "dep==1\n", USES_DEP)
    assert run(project, "--template", "../unpinned", **places).returncode == Status.FAILED
    wheel(tmp_path / "index", "NAME = 'evil'\n")
    done = run(project, "--template", "../needing", **places)
    assert done.returncode == Status.FAILED
    said = done.stderr.splitlines()[-1]
    assert said == "Cannot install the update program: see the message above."


def test_a_missing_installer_is_explained(project: Path) -> None:
    # Without site-packages there is no pip.
    done = run(project, python=(sys.executable, "-S"), PATH="/usr/bin:/bin")
    assert done.returncode == Status.REFUSED
    assert done.stderr == "There is neither uv nor pip: install uv, and update again.\n"


def test_a_missing_git_is_explained_by_the_script(project: Path, tmp_path: Path) -> None:
    done = run(project, PATH=str(tmp_path))
    assert done.returncode == Status.REFUSED
    assert done.stderr == "git is not installed: install it, and update again.\n"


def test_index_settings_are_copied_unchanged(script: ModuleType, project: Path) -> None:
    import tomllib

    indexes = {
        "index": [{"name": "ours", "url": "https://ö.example/\\x", "default": True}],
        "extra-index-url": ["https://a.example", 'https://b.example/"'],
    }
    (project / "pyproject.toml").write_text(
        "[tool.uv]\nrequired-version = '>=99'\nextra-index-url = "
        f"{json.dumps(indexes['extra-index-url'])}\n"
        "[[tool.uv.index]]\nname = 'ours'\nurl = 'https://ö.example/\\x'\ndefault = true\n"
    )
    assert tomllib.loads("\n".join(script.index_settings())) == indexes
    (project / "pyproject.toml").write_text("[tool]\nuv = 1\n")
    assert script.index_settings() == []
    (project / "pyproject.toml").write_text("<<<<<<<\n")
    assert script.index_settings() == []


def test_a_clone_leaves_nothing_behind(project: Path, tmp_path: Path) -> None:
    called(project, TMPDIR=str(tmp_path / "project"))
    assert {path.name for path in project.iterdir()} == {".copier-answers.yml", "scripts"}
    assert not Git(tmp_path / "template").text("status", "--porcelain")
