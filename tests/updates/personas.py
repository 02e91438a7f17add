"""Simulated users of the template, each with typical edits of a project."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import yaml

from updating.ownership import Owner, Ownership

from .published import commit_all, git_in

# Formats in which a line with this prefix is a comment, or harmless.
COMMENTS = {".mako": "## ", "": "# "}
MARK = "mine, line"


@dataclass(frozen=True, slots=True)
class Scene:
    """A project before an update, with its old and new renderings.

    Attributes:
        project: The project's folder.
        old: Rendering of its release.
        new: Rendering of the target release.
        ownership: Owners of files in its release.
        template: The published template.
    """

    project: Path
    old: dict[str, bytes]
    new: dict[str, bytes]
    ownership: Ownership
    template: Path

    def template_owned(self) -> list[str]:
        """Template-owned files."""
        return [path for path in self.old if self.ownership.owner(path) is Owner.TEMPLATE]

    def both(self) -> list[str]:
        """Template-owned files that both releases have, with different contents."""
        return [p for p in self.template_owned() if p in self.new and self.new[p] != self.old[p]]

    def dropped(self) -> list[str]:
        """Template-owned files that the new release no longer has at the same paths."""
        return [path for path in self.template_owned() if path not in self.new]


Persona = Callable[[Scene], None]
PERSONAS: dict[str, Persona] = {}


def persona(function: Persona) -> Persona:
    """Register a persona by the name of its function."""
    PERSONAS[function.__name__] = function
    return function


def add_line(path: Path, text: str) -> None:
    """Add a comment at the end of a file."""
    prefix = COMMENTS.get(path.suffix, COMMENTS[""])
    with path.open("ab") as file:
        file.write(f"{prefix}{MARK} {text}\n".encode())


@persona
def touched_nothing(scene: Scene) -> None:
    """Generated a project, and did not edit it."""


@persona
def edited_every_template_owned_file(scene: Scene) -> None:
    """Adds a comment to each template-owned file."""
    for number, path in enumerate(scene.template_owned()):
        add_line(scene.project / path, f"{number} of {path}")


@persona
def edited_next_to_what_the_template_changes(scene: Scene) -> None:
    """Edits lines next to changes of the template."""
    for number, path in enumerate(scene.both()):
        old, new = (side[path].splitlines(keepends=True) for side in (scene.old, scene.new))
        same = next((at for at, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), 0)
        old.insert(same, f"# {MARK} beside {number}\n".encode())
        (scene.project / path).write_bytes(b"".join(old))


@persona
def added_to_the_ends_of_lists(scene: Scene) -> None:
    """Adds dependencies, linter rules, settings and commands."""
    pyproject = scene.project / "pyproject.toml"
    text = pyproject.read_text()
    text = text.replace('"UP", "W"]', '"UP", "W", "N"]')
    text = text.replace('    "UP",\n    "W",\n]', '    "UP",\n    "W",\n    "N",\n]')
    text = text.replace("\n]\n\n[project.scripts]", '\n    "humanize>=4",\n]\n\n[project.scripts]')
    text += "\n[tool.humanize]\nmine = true\n"
    pyproject.write_text(text)
    for path in (".env.example", "Makefile", ".gitignore"):
        add_line(scene.project / path, f"at the end of {path}")
    package = next((scene.project / "src").iterdir())
    with (package / "settings.py").open("a") as settings:
        settings.write("\n\nMINE = 'a setting of my own'\n")


@persona
def deleted_files(scene: Scene) -> None:
    """Deletes unneeded files."""
    changed, dropped = scene.both(), scene.dropped()
    seeded = [path for path in scene.old if scene.ownership.owner(path) is Owner.SEEDED]
    for path in (*changed[:2], *dropped[:1], *seeded[-1:], "tests/chassis/test_settings.py"):
        (scene.project / path).unlink(missing_ok=True)


@persona
def renamed_files(scene: Scene) -> None:
    """Renames files, and edits them, too."""
    for path in (*scene.both(), *scene.dropped()):
        old = scene.project / path
        if path.startswith("src/") and old.exists():
            new = old.with_name(f"my_{old.name}")
            old.rename(new)
            add_line(new, f"in {new.name}")


@persona
def reformatted(scene: Scene) -> None:
    """Uses a formatter with other settings."""
    command = [
        sys.executable,
        "-m",
        "ruff",
        "format",
        "--quiet",
        "--line-length",
        "79",
        "--isolated",
    ]
    subprocess.run([*command, "src", "tests"], cwd=scene.project, check=True)


@persona
def writes_crlf(scene: Scene) -> None:
    """Uses an editor that writes CRLF line endings."""
    for path in scene.template_owned():
        file = scene.project / path
        file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    for path in scene.both()[:3]:
        with (scene.project / path).open("ab") as end:
            end.write(f"# {MARK} with a carriage return\r\n".encode())


@persona
def pasted_a_crlf_line(scene: Scene) -> None:
    """Pastes a line with a CRLF line ending."""
    for number, path in enumerate(scene.both()):
        with (scene.project / path).open("ab") as end:
            end.write(f"# {MARK} {number}, pasted\r\n".encode())


@persona
def has_untracked_and_ignored_files(scene: Scene) -> None:
    """Keeps untracked notes and ignored secrets in the project."""
    commit_all(scene.project)
    for path in ("notes.txt", ".env", "tests/support/scratch.txt", ".dev/data", "scripts/mine.sh"):
        file = scene.project / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{MARK} {path}\n")


@persona
def has_a_submodule(scene: Scene) -> None:
    """Includes shared code as a submodule."""
    library = scene.project.with_name("library")
    library.mkdir()
    git_in(library).run("init", "--quiet", "--initial-branch", "main")
    (library / "shared.py").write_text(f"# {MARK} shared\n")
    commit_all(library)
    add = ("-c", "protocol.file.allow=always", "submodule", "add", "--quiet")
    git_in(scene.project).run(*add, str(library), "vendor/library")


@persona
def edited_the_answers_file(scene: Scene) -> None:
    """Edits the answers file, against the comment at its top."""
    path = scene.project / ".copier-answers.yml"
    answers = yaml.safe_load(path.read_text())
    answers["description"] = "What I want it to say."
    path.write_text(f"# {MARK} in the answers\n{yaml.safe_dump(answers, sort_keys=False)}")
