"""Claims about the files of a repository."""

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from .subject import Subject
from .verdict import Row, Verdict, judge, no

_IGNORED = (".venv/x", "dist/x.whl", "__pycache__/x.pyc")
_SECRETS = re.compile(r"(^|/)(\.env|.*\.(pem|key|p12)|id_rsa|credentials\.json)$")
_UPDATERS = (
    *("renovate.json", "renovate.json5", ".renovaterc", ".renovaterc.json"),
    *(".github/renovate.json", ".github/renovate.json5"),
    *(".github/dependabot.yml", ".github/dependabot.yaml"),
)
_USES = re.compile(r"^\s*(?:- )?uses:\s*['\"]?([^\s'\"#]+)", re.MULTILINE)
_BY_COMMIT = re.compile(r"@[0-9a-f]{40}$|^[.$]/|^docker://.*@sha256:")
# For the project's interpreter, whose syntax may be newer.
_IMPORTS = """
import ast, json, re, sys
from importlib.metadata import packages_distributions
from pathlib import Path
modules = set()
for path in (path for folder in sys.argv[1:] for path in Path(folder).rglob("*.py")):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            modules |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            modules.add(node.module.partition(".")[0])
found = packages_distributions()
print(json.dumps({
    name: [re.sub("[-_.]+", "-", each).lower() for each in found.get(name, [name])]
    for name in modules - set(sys.stdlib_module_names)
}))
"""
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_REQUIREMENT = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]*")


def git(subject: Subject, *arguments: str) -> str:
    """Output of git in the repository.

    Args:
        subject: The project.
        arguments: Arguments of git.
    """
    command = ["git", *arguments]
    return subprocess.run(
        command, cwd=subject.folder, capture_output=True, text=True, check=False
    ).stdout


def ignores(subject: Subject) -> Verdict:
    """Whether git ignores secrets and build output."""
    home = subject.home.relative_to(subject.folder)
    paths = [".env", *((home / name).as_posix() for name in _IGNORED)]
    ignored = git(subject, "check-ignore", "--no-index", *paths).split()
    missing = [path for path in paths if path not in ignored]
    return judge(not missing, f"git does not ignore {', '.join(missing)}")


def tracks_no_secrets(subject: Subject) -> Verdict:
    """Whether no tracked file has the name of a file with secrets."""
    found = [path for path in git(subject, "ls-files").splitlines() if _SECRETS.search(path)]
    return judge(not found, f"git tracks {', '.join(found[:3])}")


def declares_imports(subject: Subject) -> Verdict:
    """Whether each imported package is one of the declared dependencies."""
    python = subject.home / subject.description.python
    if not python.exists():
        return no("it has no environment")
    folders = [subject.home / folder for folder in subject.description.sources]
    found = subprocess.run(
        [python, "-c", _IMPORTS, *folders], capture_output=True, text=True, check=True
    )
    imported: dict[str, list[str]] = json.loads(found.stdout)
    declared = set(_declared(subject.home / "pyproject.toml"))
    places = [subject.home, *folders, *(folder.parent for folder in folders)]
    own = {path.stem for place in places for path in place.iterdir()} | {
        place.name for place in places
    }
    undeclared = {
        module
        for module, distributions in imported.items()
        if module not in own and not declared.intersection(distributions)
    }
    names = ", ".join(sorted(undeclared)[:3])
    return judge(not undeclared, f"{len(undeclared)} not declared, such as {names}")


def _declared(pyproject: Path) -> Iterator[str]:
    if not pyproject.exists():
        return
    document = tomllib.loads(pyproject.read_text())
    project = document.get("project", {})
    lists = [project.get("dependencies", [])]
    lists += project.get("optional-dependencies", {}).values()
    lists += document.get("dependency-groups", {}).values()
    for each in lists:
        for requirement in each:
            if isinstance(requirement, str) and (found := _REQUIREMENT.match(requirement)):
                yield re.sub("[-_.]+", "-", found[0]).lower()


def lock_matches(subject: Subject) -> Verdict:
    """Whether the lock file is tracked, and uv finds that it matches pyproject.toml."""
    if not re.search(r"(^|/)uv\.lock$", git(subject, "ls-files"), re.MULTILINE):
        return no("there is no tracked lock file")
    done = subject.run("uv lock --check", subject.values())
    return judge(not done.returncode, "`uv lock --check` fails: " + last_line(done.stderr))


def updates_dependencies(subject: Subject) -> Verdict:
    """Whether a bot's configuration for updates of dependencies is tracked."""
    found = [name for name in _UPDATERS if (subject.folder / name).exists()]
    return judge(bool(found), "there is no configuration of Renovate or Dependabot")


def _workflows(subject: Subject) -> list[Path]:
    return sorted((subject.folder / ".github/workflows").glob("*.y*ml"))


def pins_actions(subject: Subject) -> Verdict:
    """Whether the workflows name each action by its commit."""
    if not (workflows := _workflows(subject)):
        return no("there are no workflows")
    used = [name for path in workflows for name in _USES.findall(path.read_text())]
    loose = [name for name in used if not _BY_COMMIT.search(name)]
    return judge(not loose, f"{len(loose)} of {len(used)} by tag, such as {next(iter(loose), '')}")


def workflows_are_safe(subject: Subject) -> Verdict:
    """Whether zizmor finds nothing in the workflows."""
    if not _workflows(subject):
        return no("there are no workflows")
    zizmor = Path(sys.executable).with_name("zizmor")
    command: list[str | Path] = [
        zizmor,
        "--offline",
        "--quiet",
        "--format",
        "json",
        ".github/workflows",
    ]
    done = subprocess.run(command, cwd=subject.folder, capture_output=True, text=True, check=False)
    findings = json.loads(done.stdout or "[]")
    names = sorted({each["ident"] for each in findings})
    return judge(not done.returncode, f"{len(findings)} findings, such as {', '.join(names[:2])}")


def last_line(text: str) -> str:
    """The last line of an output that is neither empty nor a hint.

    Args:
        text: The output.
    """
    stripped = (_COLOURS.sub("", line).strip(" =\t") for line in text.splitlines())
    lines = [line for line in stripped if line and not line.startswith("hint:")]
    return lines[-1][:120] if lines else "no output"


ROWS = (
    Row("I", "git ignores build output and `.env`", "`git check-ignore`", ignores),
    Row("I", "git tracks no file of secrets", "`git ls-files`", tracks_no_secrets),
    Row("II", "every import is a declared dependency", "imports and `pyproject.toml`, parsed",
        declares_imports),
    Row("II", "a lock file matches the declared dependencies", "`uv lock --check`", lock_matches),
    Row("II", "a bot proposes newer dependencies", "its configuration", updates_dependencies),
    Row("V", "CI names every action by its commit", "`.github/workflows`", pins_actions),
    Row("V", "CI has no known weakness", "`zizmor --offline`", workflows_are_safe),
)  # fmt: skip
