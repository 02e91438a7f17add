"""An update of a project that its owner has edited."""

import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.updates.published import commit_all, git_in

from ..scorecard.source import last_line
from .peer import Edit, Peer
from .result import Updated
from .stages import NotDone, run_stage

_MARKERS = ("<<<<<<< ", ">>>>>>> ")


def apply(edits: tuple[Edit, ...], project: Path) -> None:
    """Edit a project as its owner.

    Args:
        edits: The edits.
        project: The project.

    Raises:
        NotDone: When a file does not contain the text to replace.
    """
    for edit in edits:
        file = project / edit.file
        text = file.read_text() if file.exists() else ""
        if edit.find not in text:
            raise NotDone(f"{edit.file} does not contain {edit.find!r}")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text.replace(edit.find, edit.text, 1) if edit.find else text + edit.text)


def outcome(edits: tuple[Edit, ...], project: Path) -> tuple[int, list[str]]:
    """Look at a project after an update.

    Args:
        edits: Its owner's edits.
        project: The project.

    Returns:
        Number of edits that are there, outside of conflicts, and the files with conflicts.
    """
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    paths = subprocess.run(listing, cwd=project, capture_output=True, text=True, check=True)
    conflicts = []
    for path in dict.fromkeys(paths.stdout.splitlines()):
        file = project / path
        if not file.is_file():
            continue
        text = file.read_text(errors="replace")
        if path.endswith(".rej") or any(line.startswith(_MARKERS[0]) for line in text.splitlines()):
            conflicts.append(path.removesuffix(".rej"))
    kept = sum(
        (project / edit.file).is_file()
        and edit.text.strip() in (project / edit.file).read_text(errors="replace")
        and edit.file not in conflicts
        for edit in edits
    )
    return kept, sorted(set(conflicts))


def measure(
    peer: Peer, clone: Path, folder: Path, values: Mapping[str, str], variables: Mapping[str, str]
) -> Updated:
    """Generate a project from an older version, edit it, and update it.

    Args:
        peer: The template, with an update.
        clone: Its clone.
        folder: A new folder.
        values: Values of the placeholders.
        variables: Environment of the commands.

    Raises:
        NotDone: When the older project cannot be made or edited.
    """
    assert peer.update
    folder.mkdir()
    old = folder / "template"
    subprocess.run(["git", "clone", "--quiet", clone, old], check=True)
    # Templates by Copier are asked for a version; the others are what is checked out.
    subprocess.run(["git", "checkout", "--quiet", peer.update.old], cwd=old, check=True)
    project = folder / "project"
    named = {**values, "clone": str(old), "folder": str(project), "version": peer.update.old}
    made = run_stage(peer.generate, named, folder, variables)
    if not made.done:
        raise NotDone(f"the older project cannot be generated: {made.outcome}")
    if not (project / ".git").exists():
        git_in(project).run("init", "--quiet", "--initial-branch", "main")
    commit_all(project, "Generate")
    apply(peer.update.edits, project)
    commit_all(project, "Edit")
    newest = git_in(clone).text("rev-parse", "HEAD")
    subprocess.run(["git", "checkout", "--quiet", newest], cwd=old, check=True)
    command = shlex.join(["bash", "-ec", peer.update.command.format_map(named)])
    done = run_stage([command.replace("{", "{{").replace("}", "}}")], {}, project, variables)
    kept, conflicts = outcome(peer.update.edits, project)
    words = "" if done.done else f"the command fails: {last_line(done.outcome)}"
    if conflicts:
        words = f"conflicts in {', '.join(conflicts[:4])}"
    return Updated(len(peer.update.edits), kept, len(conflicts), done.cpu, words)
