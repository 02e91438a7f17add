"""The published template: a clone with a tag on each release, with this tree as the newest one."""

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
# The files that an update uses; the rest of the repository is for development.
PUBLISHED = [
    *("copier.yml", "extensions", "licenses", "migrations", "tasks", "template", "updating"),
    "pyproject.toml",
]


def git_in(folder: Path) -> Git:
    """Git in a folder, with an identity for commits.

    Args:
        folder: A repository.
    """
    return Git(folder, IDENTITY)


def commit_all(folder: Path, message: str = "Edit") -> str:
    """Commit everything.

    Args:
        folder: A repository.
        message: Its message.

    Returns:
        The commit.
    """
    git = git_in(folder)
    git.run("add", "--all")
    git.run("commit", "--quiet", "--no-verify", "--allow-empty", "--message", message)
    return git.text("rev-parse", "HEAD")


def publish(folder: Path) -> Path:
    """Clone the template, tag its releases, and release this tree unless it is one of them.

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
    """Whether no file that an update uses has changed since a commit.

    Args:
        commit: A commit of this repository.
    """
    git = Git(ROOT)
    untracked = git.text("ls-files", "--others", "--exclude-standard", "--", *PUBLISHED)
    return not untracked and git.succeeds("diff", "--quiet", commit, "--", *PUBLISHED)


def next_version(template: Path, released: set[Version]) -> Version:
    """The version of the release that this tree becomes.

    Args:
        template: This tree.
        released: Earlier releases.
    """
    declared = Version(_declaration(template)[2])
    if declared not in released:
        return declared
    if UNRELEASED in (template / "CHANGELOG.md").read_text():
        return Version(f"{declared.major}.{declared.minor + 1}.0")
    return Version(f"{declared.major}.{declared.minor}.{declared.micro + 1}")


def release(template: Path, version: Version | str) -> str:
    """Release the working tree of a clone.

    Args:
        template: The clone.
        version: Its version.

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
    """A named answer set in the version of a release, because questions can be renamed.

    Args:
        template: The published template.
        version: The release.
        name: The set.
    """
    text = Git(template).text("show", f"{version}:tests/answers/{name}.yml")
    answers: dict[str, Any] = yaml.safe_load(text)
    return answers


def new_answers(version: str) -> dict[str, object]:
    """Answers to later questions, as an update of a project of a release gives them.

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
    """Generate a project like `copier copy` of a release, committed and without a lock file.

    Args:
        common: Caches of all updates of a test run.
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
    """Write a rendering to a folder.

    Args:
        render: The rendering.
        origin: The template's location and commit for the answers file.
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
    """Contents of the working tree by path, without git's own files.

    Args:
        folder: A repository.
    """
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".git" not in path.relative_to(folder).parts
    }
