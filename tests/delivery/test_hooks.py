"""Git hooks: they pass in a new project, need only packages, and refuse commits with errors."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.rendering import locked
from tests.updates.published import IDENTITY, commit_all
from updating.git import Git

from .tools import generated, must, run

# The environment of a machine without network.
OFFLINE = {"UV_OFFLINE": "1", "HTTPS_PROXY": "http://127.0.0.1:9", "PIP_NO_INDEX": "1"}
# In two parts, so that hooks do not find it in this file.
SECRET = "AKIA" + "QYLPMN5HHHFPZAM2"
MODULE = "src/orbit/web/mine.py"
ERRORS = {
    "no conflict markers": ("README.md", "<<<<<<< HEAD\nours\n=======\ntheirs\n>>>>>>> main\n"),
    "no large files": ("data.bin", "0123456789abcde\n" * 40_000),
    "TOML is valid": ("mine.toml", "[table\n"),
    "YAML is valid": ("mine.yaml", "a: [1\n"),
    "no secrets": (MODULE, f'"""Mine."""\n\nAWS = "{SECRET}"\n'),
    "ruff fix": (MODULE, '"""Mine."""\n\nimport os\n'),
    "ruff format": (MODULE, '"""Mine."""\n\nNUMBER   =   1\n'),
    "ruff check": (MODULE, '"""Mine."""\n\nprint(eval("1"))\n'),
    "mypy": (MODULE, '"""Mine."""\n\nNUMBER: int = "one"\n'),
}

NAMES = [f'"name {number}"' for number in range(12)]
# After the formatter has split the long line, the comment is unused, and the fixer removes it.
FIXABLE = f'"""Mine."""\n\nimport os\nNAMES = [{", ".join(NAMES)}]  # noqa: E501\n'
FIXED = '"""Mine."""\n\nNAMES = [\n' + "".join(f"    {name},\n" for name in NAMES) + "]\n"

pytestmark = pytest.mark.delivery


@pytest.fixture(scope="module")
def installed(template: Path, shared: Path) -> Path:
    """A service with its environment and hooks installed, and everything committed."""
    original = generated(template, shared, "github-full")
    folder = shared / "hooks" / "project"
    folder.parent.mkdir(exist_ok=True)
    with locked(folder):
        if not folder.exists():
            shutil.copytree(original, folder)
            must("uv", "sync", "--quiet", folder=folder)
            must("make", "hooks", folder=folder)
            commit_all(folder)
    return folder


@pytest.fixture
def project(installed: Path) -> Iterator[Path]:
    """The installed service, for one test at a time."""
    git = Git(installed)
    with locked(installed):
        yield installed
        git.run("reset", "--quiet", "--hard")
        git.run("clean", "--quiet", "--force", "-d")


def test_every_hook_has_a_test(project: Path) -> None:
    config = yaml.safe_load((project / ".pre-commit-config.yaml").read_text())
    assert [each["repo"] for each in config["repos"]] == ["local"]
    hooks = config["repos"][0]["hooks"]
    assert [hook["name"] for hook in hooks] == list(ERRORS)
    assert {hook["language"] for hook in hooks} == {"system"}


@pytest.mark.parametrize("runner", ["prek", "pre-commit"])
def test_hooks_pass_in_a_new_project_without_network(runner: str, project: Path) -> None:
    command = {"prek": ("uv", "run", "prek"), "pre-commit": ("pre-commit",)}[runner]
    said = must(*command, "run", "--all-files", folder=project, **OFFLINE)
    assert said.count("Passed") == len(ERRORS)
    assert not Git(project).text("status", "--porcelain")


@pytest.mark.parametrize("name", ["complete", "standard"])
def test_hooks_find_no_false_secrets_and_markers(
    name: str, template: Path, shared: Path, project: Path
) -> None:
    """The hooks that search all text files, in larger services."""
    larger = generated(template, shared, name)
    tools = project / ".venv" / "bin"
    files = Git(larger).text("ls-files").split("\n")
    must(tools / "check-merge-conflict", "--assume-in-merge", *files, folder=larger)
    secrets = must("make", "--dry-run", "secrets", folder=larger)
    here = secrets.replace("uv run detect-secrets-hook", str(tools / "detect-secrets-hook"))
    assert here != secrets
    must("bash", "-c", here, folder=larger)


@pytest.mark.parametrize("hook", ERRORS)
def test_a_hook_refuses_a_commit(hook: str, project: Path) -> None:
    path, text = ERRORS[hook]
    git = Git(project, IDENTITY)
    before = git.text("rev-parse", "HEAD")
    (project / path).write_text(text)
    git.run("add", path)
    done = run("git", "commit", "--message", "Mine", folder=project, **OFFLINE)
    assert done.returncode != 0, done.stdout
    failed = [line for line in done.stdout.splitlines() if line.endswith("Failed")]
    assert any(line.startswith(hook) for line in failed), done.stdout
    assert git.text("rev-parse", "HEAD") == before


def test_hooks_do_not_report_what_they_fixed(project: Path) -> None:
    (project / MODULE).write_text(FIXABLE.replace("  # noqa: E501", ""))
    Git(project).run("add", MODULE)
    done = run("uv", "run", "prek", "run", "--all-files", folder=project, **OFFLINE)
    failed = [line.split(".")[0] for line in done.stdout.splitlines() if line.endswith("Failed")]
    assert failed == ["ruff fix", "ruff format"]
    assert (project / MODULE).read_text() == FIXED


@pytest.mark.parametrize("left", ["", f'LONG = "{"long " * 20}"\n'])
def test_make_format_fixes_what_it_can_and_fails_for_the_rest(project: Path, left: str) -> None:
    (project / MODULE).write_text(FIXABLE + left)
    done = run("make", "format", folder=project, **OFFLINE)
    assert (project / MODULE).read_text() == FIXED + left
    assert (done.returncode != 0) == bool(left), done.stdout
    assert ("E501" in done.stdout) == bool(left)


def test_a_valid_commit_passes(project: Path) -> None:
    git = Git(project, IDENTITY)
    before = git.text("rev-parse", "HEAD")
    (project / MODULE).write_text('"""Mine."""\n\nNUMBER = 1\n')
    git.run("add", MODULE)
    must("git", "commit", "--message", "Mine", folder=project, **OFFLINE)
    assert git.text("rev-parse", "HEAD~") == before
    git.run("reset", "--quiet", "--hard", "HEAD~")
