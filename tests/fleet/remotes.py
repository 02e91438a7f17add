"""Bare repositories with edited services of several releases and answer sets."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.updates.published import answer_set, commit_all, generate, git_in
from updating.shared import Shared

SETS = ("standard", "minimal", "complete", "mysql", "worker_only", "sqlite")
# Later releases change lines of the Makefile that are edited in these services.
RELEASES = ("1.4.0", "1.4.1", "1.5.0")
EDITS = ("none", "own", "seeded", "merged", "conflict")


def make_remotes(
    common: Shared,
    template: Path,
    releases: Sequence[str],
    folder: Path,
    count: int,
    begin: int = 0,
) -> list[Path]:
    """Make bare repositories, each with a service.

    Args:
        common: Caches of all updates of a test run.
        template: The published template.
        releases: Releases of the services, in turn.
        folder: A new folder.
        count: Number of repositories.
        begin: Number of the first; release, answers and edit depend on the number.

    Returns:
        The repositories.
    """
    remotes = []
    for at in range(begin, begin + count):
        release = releases[(at + at // len(SETS)) % len(releases)]
        name = SETS[at % len(SETS)]
        work = folder / "work" / f"service-{at:03}"
        answers = answer_set(template, release, name)
        generate(common, template, release, answers, work)
        edit(work, EDITS[at // len(SETS) % len(EDITS)], at)
        remote = folder / f"service-{at:03}.git"
        git_in(folder).run("clone", "--quiet", "--bare", str(work), str(remote))
        remotes.append(remote)
    return remotes


def edit(project: Path, how: str, at: int) -> None:
    """Edit a service like a user.

    Args:
        project: The service's folder.
        how: One of `EDITS`.
        at: A number, different for each service.
    """
    package = next(path.parent for path in project.glob("src/*/app.py"))
    if how == "own":
        (package / "prices.py").write_text(f'"""Prices."""\n\nVAT = {at}\n')
    elif how == "seeded":
        app = package / "app.py"
        app.write_text(app.read_text() + f"\n# Number {at}\n")
    elif how == "merged":
        page = project / "docs" / "deployment.md"
        page.write_text(page.read_text() + f"\n## Ours\n\nNumber {at}.\n")
    elif how == "conflict":
        script = project / "scripts" / "update.py"
        script.write_text(script.read_text().replace('"""', f'"""Number {at}. ', 1))
        answers = project / "Makefile"
        answers.write_text(answers.read_text().replace("update", f"update-{at}"))
    if how != "none":
        commit_all(project, "Edit")


def follow(project: Path, template: Path) -> None:
    """Record another copy of the template in a service.

    Args:
        project: The service's folder.
        template: The copy.
    """
    answers = project / ".copier-answers.yml"
    lines = answers.read_text().splitlines(keepends=True)
    named = [
        f"_src_path: {template}\n" if each.startswith("_src_path:") else each for each in lines
    ]
    answers.write_text("".join(named))
    commit_all(project, "Follow another template")


def change_makefile(template: Path) -> None:
    """Change a line of the template that is edited in some services.

    Args:
        template: A clone of the template.
    """
    makefile = template / "template" / "Makefile.jinja"
    text = makefile.read_text()
    help_text = "## Merge the newest release of the template;"
    assert f"update: {help_text}" in text
    makefile.write_text(text.replace(help_text, "## Update it;"))
