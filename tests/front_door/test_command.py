"""`twelvestar new`, `update` and `check`, and their messages about bad input."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
import yaml

from tests.updates.published import Generate, commit_all, git_in

from .conftest import Run

pytestmark = pytest.mark.slow

MINIMAL = ("--defaults", "--data", "preset=minimal")


def answers(project: Path) -> dict[str, object]:
    found: dict[str, object] = yaml.safe_load((project / ".copier-answers.yml").read_text())
    return found


def tools(folder: Path, *names: str) -> str:
    folder.mkdir()
    for name in names:
        # For a tool that this machine lacks, a stand-in is enough.
        (folder / name).symlink_to(shutil.which(name) or shutil.which("true") or name)
    return str(folder)


def test_new_uses_the_repository_that_it_was_installed_from(
    twelvestar: Run, published: Path, newest: str, tmp_path: Path
) -> None:
    done = twelvestar("new", "my app", *MINIMAL, "--data", "project_name=Quay")
    assert done.returncode == 0, done.stderr
    project = tmp_path / "my app"
    assert answers(project)["_src_path"] == str(published)
    assert answers(project)["_commit"] == newest
    assert answers(project)["project_name"] == "Quay"
    assert git_in(project).text("status", "--porcelain") == ""
    assert "uv.lock" in git_in(project).text("ls-files")
    assert "Locking the dependencies" in done.stderr


@pytest.mark.parametrize(
    ("installed_tools", "expected"),
    [
        (["git", "uv"], ["cd app", "uv run quay dev", "uv run pytest"]),
        (["git", "curl"], ["cd app", "curl -LsSf https://astral.sh/uv/install.sh | sh"]),
        (["git"], ["cd app", "python3 -m pip install --user uv", "uv run quay dev"]),
    ],
)
def test_new_ends_with_the_next_three_commands(
    twelvestar: Run, tmp_path: Path, installed_tools: list[str], expected: list[str]
) -> None:
    path = tools(tmp_path / "bin", "basename", "sed", "uname", *installed_tools)
    options = ("--data", "project_name=Quay", "--skip-tasks")
    done = twelvestar("new", "app", *MINIMAL, *options, PATH=path)
    assert done.returncode == 0, done.stderr
    said = (done.stdout + done.stderr).strip().splitlines()
    steps = [line.strip() for line in said[-3:]]
    assert steps[: len(expected)] == expected
    assert all(line.startswith("  ") for line in said[-3:])


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["new"], "Missing argument 'destination'; see --help."),
        (["new", "app", "--data", "database"], "write, for example, --data database=sqlite."),
        (["new", "app", "--data-file", "nowhere.yml"], "There is no file nowhere.yml"),
        (["new", "app", "--template", "ext::sh -c true"], "cannot be fetched: use a path"),
        (["new", "app", *MINIMAL, "--data", "database=oracle"], 'Question "database" takes one of'),
        (["update", "nowhere"], "There is no folder nowhere"),
        (["update", "--bogus"], "No such option: --bogus; see --help."),
        (["check", "home"], "is missing or invalid: this is not a generated service"),
        (["updat"], "No such command 'updat'."),
    ],
)
def test_bad_input_gets_one_sentence_and_changes_nothing(
    twelvestar: Run, tmp_path: Path, arguments: list[str], sentence: str
) -> None:
    done = twelvestar(*arguments)
    assert done.returncode == 1
    assert sentence in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "app").exists()


def test_update_equals_the_service_s_own_script(
    twelvestar: Run, generate: Generate, newest: str
) -> None:
    project = generate({"preset": "minimal"}, version="1.5.0")
    edited = project / "docs" / "twelve-factor.md"
    edited.write_text("Ours.\n\n" + edited.read_text())
    commit_all(project)

    found = twelvestar("check", project)
    assert found.returncode == 3
    assert found.stdout.splitlines() == ["docs/twelve-factor.md"]

    preview = twelvestar("update", project, "--preview")
    assert preview.returncode == 0, preview.stderr
    assert answers(project)["_commit"] == "1.5.0"

    done = twelvestar("update", project)
    assert done.returncode == 0, done.stderr
    assert answers(project)["_commit"] == newest
    assert edited.read_text().startswith("Ours.\n")
    assert git_in(project).text("status", "--porcelain") == ""

    again = twelvestar("update", project, "--to", newest, "--json", "-")
    assert again.returncode == 0
    assert f'"version": "{newest}"' in again.stdout


def test_a_service_of_the_first_release_needs_no_script_of_its_own(
    twelvestar: Run, generate: Generate, newest: str
) -> None:
    project = generate({"preset": "minimal"}, version="1.0.0")
    assert not (project / "scripts" / "update.py").exists()
    done = twelvestar("update", project)
    assert done.returncode == 0, done.stderr
    assert answers(project)["_commit"] == newest
    assert (project / "scripts" / "update.py").is_file()


def test_another_template_is_refused_without_an_option(
    twelvestar: Run, generate: Generate, published: Path, tmp_path: Path, newest: str
) -> None:
    fork = tmp_path / "fork"
    git_in(tmp_path).run("clone", "--quiet", "--bare", str(published), str(fork))
    project = generate({"preset": "minimal"}, version="1.5.0", template=fork)
    refused = twelvestar("update", project)
    assert refused.returncode == 1
    assert f"was generated from {fork}" in refused.stderr
    assert "choose the one that you trust with --template" in refused.stderr
    assert answers(project)["_commit"] == "1.5.0"

    done = twelvestar("update", project, "--template", fork)
    assert done.returncode == 0, done.stderr
    assert answers(project)["_src_path"] == str(fork)
    assert answers(project)["_commit"] == newest


def test_no_code_of_the_service_runs(twelvestar: Run, generate: Generate, tmp_path: Path) -> None:
    """Neither a module with the name of a dependency, nor one that Python imports at startup."""
    project = generate({"preset": "minimal"}, version="1.5.0")
    ran = tmp_path / "ran"
    for name in ("sitecustomize.py", "updating.py", "yaml.py", "typer.py"):
        (project / name).write_text(f"open({str(ran)!r}, 'w')\n")
    commit_all(project)
    for arguments in (["check", project], ["update", project]):
        assert twelvestar(*arguments).returncode in (0, 3)
    assert not ran.exists()


def test_without_git_it_says_so(twelvestar: Run, tmp_path: Path) -> None:
    place = "https://127.0.0.1:9/org/twelvestar"
    path = tools(tmp_path / "bin")
    done = twelvestar("new", "app", *MINIMAL, "--template", place, PATH=path)
    assert done.returncode == 1
    assert done.stderr == "git is not installed: install it, and try again.\n"
    assert not (tmp_path / "app").exists()


def test_a_folder_without_git_is_accepted_as_a_template(
    twelvestar: Run, published: Path, tmp_path: Path
) -> None:
    """An unpacked archive, on a machine without git."""
    unpacked = tmp_path / "unpacked"
    shutil.copytree(published, unpacked, ignore=shutil.ignore_patterns(".git"))
    path = tools(tmp_path / "bin")
    python = {"PATH": path, "UV_PYTHON": sys.executable}
    done = twelvestar("new", "app", *MINIMAL, "--template", unpacked, **python)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "app" / "uv.lock").exists(), done.stderr
    assert "No git repository was created, because git is not installed" in done.stderr


def test_the_files_of_the_fleet_s_page_are_installed(installed: Path) -> None:
    for name in ("page.html", "page.css", "page.js"):
        assert (installed / "twelvestar" / "fleet" / name).is_file()
