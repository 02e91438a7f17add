"""The template as it is published: a clone with a tag on each release, this tree the newest."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import yaml
from packaging.version import Version

import migrations
from tests.rendering import ROOT, export, locked
from updating.answers import Origin
from updating.git import Git
from updating.releases import releases, tagged_clone
from updating.rendering import Rendered, render
from updating.template import Template

IDENTITY = {
    f"GIT_{role}_{part}": value
    for role in ("AUTHOR", "COMMITTER")
    for part, value in (("NAME", "Ada"), ("EMAIL", "ada@example.org"))
}
UNRELEASED = "## Unreleased\n"
# What an update is made of; the rest of the repository is for those who work on it.
PUBLISHED = [
    *("copier.yml", "extensions", "licenses", "migrations", "tasks", "template", "updating"),
    "pyproject.toml",
]


def git_in(folder: Path) -> Git:
    """Git in a folder, as somebody.

    Args:
        folder: A repository.
    """
    return Git(folder, IDENTITY)


def commit_all(folder: Path, message: str = "Edit") -> str:
    """Commit everything.

    Args:
        folder: A repository.
        message: What for.

    Returns:
        The commit.
    """
    git = git_in(folder)
    git.run("add", "--all")
    git.run("commit", "--quiet", "--no-verify", "--allow-empty", "--message", message)
    return git.text("rev-parse", "HEAD")


def publish(folder: Path) -> Path:
    """Clone the template, tag its releases, and release this tree if it is none of them.

    Args:
        folder: A new folder.
    """
    released = {release.version for release in tagged_clone(ROOT, folder)}
    for path in folder.iterdir():
        if path.name != ".git":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    export(folder)
    git = git_in(folder)
    git.run("add", "--all")
    last = str(max(released))
    if not git.succeeds("diff", "--cached", "--quiet", last, "--", *PUBLISHED):
        release(folder, next_version(folder, released))
    return folder


def is_this_tree(commit: str) -> bool:
    """Whether nothing that reaches a project has changed since a commit.

    Args:
        commit: A commit of this repository.
    """
    git = Git(ROOT)
    untracked = git.text("ls-files", "--others", "--exclude-standard", "--", *PUBLISHED)
    return not untracked and git.succeeds("diff", "--quiet", commit, "--", *PUBLISHED)


def next_version(template: Path, released: set[Version]) -> Version:
    """What this tree will be called.

    Args:
        template: This tree.
        released: What was released.
    """
    declared = Version(_declaration(template)[2])
    if declared not in released:
        return declared
    if UNRELEASED in (template / "CHANGELOG.md").read_text():
        return Version(f"{declared.major}.{declared.minor + 1}.0")
    return Version(f"{declared.major}.{declared.minor}.{declared.micro + 1}")


def release(template: Path, version: Version | str) -> str:
    """Release what stands in a clone.

    Args:
        template: The clone.
        version: What it is called.

    Returns:
        The commit.
    """
    before, _, _, after = _declaration(template)
    (template / "pyproject.toml").write_text(f'{before}version = "{version}"{after}')
    changelog = template / "CHANGELOG.md"
    changelog.write_text(changelog.read_text().replace(UNRELEASED, f"## {version}\n"))
    commit = commit_all(template, f"Release {version}")
    git_in(template).run("tag", str(version))
    return commit


def _declaration(template: Path) -> tuple[str, str, str, str]:
    text = (template / "pyproject.toml").read_text()
    match = re.search(r'^version = "(.+)"', text, re.MULTILINE)
    assert match
    return text[: match.start()], match[0], match[1], text[match.end() :]


def versions(template: Path) -> list[str]:
    """Releases of a clone, the newest last.

    Args:
        template: The clone.
    """
    return [str(each.version) for each in releases(Git(template))]


def answer_set(template: Path, version: str, name: str) -> dict[str, Any]:
    """A named answer set as a release had it, because questions change their names.

    Args:
        template: The published template.
        version: The release.
        name: The set.
    """
    text = Git(template).text("show", f"{version}:tests/answers/{name}.yml")
    answers: dict[str, Any] = yaml.safe_load(text)
    return answers


def new_answers(version: str) -> dict[str, object]:
    """Answers that leave off what there was not yet in a release, as an update gives them.

    Args:
        version: The release.
    """
    found: dict[str, object] = {}
    for module in iter_modules(migrations.__path__):
        if re.fullmatch(r"v\d+_\d+_\d+", module.name):
            release = Version(module.name.removeprefix("v").replace("_", "."))
            if release > Version(version):
                found |= getattr(import_module(f"migrations.{module.name}"), "OFF", {})
    return found


def render_once(shared: Path) -> Callable[..., Rendered]:
    """Make a `render` that renders the same answers to the same release once for all tests.

    Args:
        shared: A folder that all processes of a test run have in common.
    """

    def render_or_copy(
        template: Path, folder: Path, origin: Origin, data: Mapping[str, Any] | None = None
    ) -> Rendered:
        key = json.dumps([asdict(origin), data or {}], sort_keys=True)
        kept = shared / "rendered" / sha256(key.encode()).hexdigest()[:16]
        kept.mkdir(parents=True, exist_ok=True)
        with locked(kept):
            if not (kept / "answers.json").exists():
                rendered = render(template, kept / "project", origin, data)
                (kept / "answers.json").write_text(json.dumps(rendered.answers))
        shutil.copytree(kept / "project", folder, symlinks=True)
        return Rendered(folder, json.loads((kept / "answers.json").read_text()))

    return render_or_copy


def exported(template: Path, version: str, shared: Path) -> Path:
    """Have a release without its history.

    Args:
        template: The published template.
        version: The release.
        shared: A folder that all processes of a test run have in common.
    """
    folder = shared / "exported" / version
    folder.parent.mkdir(exist_ok=True)
    with locked(folder):
        if not folder.exists():
            Template(str(template), shared).export(version, folder)
    return folder


def generate(
    template: Path, version: str, answers: Mapping[str, Any], folder: Path, shared: Path
) -> Path:
    """Have a project as `copier copy` of a release leaves it, committed and without a lock file.

    Args:
        template: The published template.
        version: The release.
        answers: Answers to some questions.
        folder: A new folder.
        shared: A folder that all processes of a test run have in common.

    Returns:
        The folder.
    """
    origin = Origin(str(template), version, {})
    render_once(shared)(exported(template, version, shared), folder, origin, answers)
    git_in(folder).run("init", "--quiet", "--initial-branch", "main")
    commit_all(folder, "Generate")
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    """What is in the working tree, by path, without what git keeps for itself.

    Args:
        folder: A repository.
    """
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".git" not in path.relative_to(folder).parts
    }
