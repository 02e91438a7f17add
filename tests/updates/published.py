"""The template as it is published: a clone with a tag on each release, this tree the newest."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import yaml
from packaging.version import Version

import migrations
from tests.rendering import ROOT, export
from updating.answers import ANSWERS_FILE, Origin, with_origin
from updating.entry import SYMLINK
from updating.git import Git
from updating.releases import releases, tagged_clone
from updating.renders import Render
from updating.shared import Shared
from updating.template import Template
from updating.trees import Store

Generate = Callable[..., Path]

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


def generate(
    common: Shared, template: Path, version: str, answers: Mapping[str, Any], folder: Path
) -> Path:
    """Have a project as `copier copy` of a release leaves it, committed and without a lock file.

    Args:
        common: What all updates of a test run have in common.
        template: The published template.
        version: The release.
        answers: Answers to some questions.
        folder: A new folder.

    Returns:
        The folder.
    """
    checkout = common.checkout(source := Template(str(template), folder), source.resolve(version))
    write(common.render(checkout, {}, answers), Origin(str(template), version, {}), folder)
    git_in(folder).run("init", "--quiet", "--initial-branch", "main")
    commit_all(folder, "Generate")
    return folder


def write(render: Render, origin: Origin, folder: Path) -> None:
    """Write a render.

    Args:
        render: The render.
        origin: What its answers file says of the template.
        folder: A new folder.
    """
    with tempfile.TemporaryDirectory() as scratch:
        store = Store(Path(scratch) / "store.git", render.objects)
        read = store.read_all(entry.blob for entry in render.files.values())
        store.close()
    for path, entry in render.files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        if entry.mode == SYMLINK:
            file.symlink_to(os.fsdecode(read[entry.blob]))
            continue
        file.write_bytes(read[entry.blob])
        file.chmod(int(entry.mode[-3:], 8))
    text = with_origin(render.recorded, origin.source, origin.commit)
    (folder / ANSWERS_FILE).write_text(text)


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
