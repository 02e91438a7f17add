"""An update of an unedited project by one release, compared with the same by hand."""

import shutil
import subprocess
import sys
from pathlib import Path
from statistics import median

from tests.rendering import ROOT
from tests.updates.published import IDENTITY, publish, versions

from .figures import Figure
from .processes import environment, run_cpu_seconds

# One script, so that the comparison does not include the start of unneeded processes.
BY_HAND = """
set -e
copy="copy --defaults --trust --quiet --skip-tasks"
render() {
  "$PYTHON" -m copier $copy ${ANSWERS:+--data-file "$ANSWERS"} --vcs-ref "$1" "$TEMPLATE" "$2"
}
render "$OLD" old; render "$NEW" new
git init --quiet merged; cd merged
keep() { git --work-tree="$1" add --all --force; git commit --quiet --message "$2"; }
keep ../old base; git branch ours
keep ../new theirs; git branch theirs
git checkout --quiet --force ours
git commit --quiet --allow-empty --message ours
git merge --quiet --no-edit theirs
"""
_IMPORTS = "import updating.update, copier"
_RENDER = """
import sys; from pathlib import Path
from updating.answers import Origin; from updating.rendering import render
render(Path(sys.argv[1]), Path(sys.argv[2]), Origin("here", "1", {}))
"""


def measure(folder: Path, rounds: int) -> list[Figure]:
    """Measure the update, the same by hand and by `copier update`, and steps of ours.

    Args:
        folder: An empty folder to work in.
        rounds: Number of measurements of each.
    """
    template = publish(folder / "published")
    old, new = versions(template)[-2:]
    project = folder / "project"
    copy = ["copy", "--defaults", "--trust", "--quiet", "--vcs-ref", old]
    subprocess.run([sys.executable, "-m", "copier", *copy, template, project], check=True)
    named = {"PYTHON": sys.executable, "TEMPLATE": str(template), "OLD": old, "NEW": new}
    variables = environment(PYTHONPATH=str(ROOT), **IDENTITY, **named)

    def timed(command: list[str | Path], cwd: Path) -> float:
        return run_cpu_seconds(command, variables=variables, cwd=cwd)

    def ours() -> float:
        return timed([sys.executable, "-m", "updating"], fresh(project))

    def by_hand() -> float:
        hand = folder / "hand"
        shutil.rmtree(hand, ignore_errors=True)
        hand.mkdir()
        return timed(["bash", "-c", BY_HAND], hand)

    def with_copier() -> float:
        command = [sys.executable, "-m", "copier", "update", "--defaults", "--trust"]
        return timed([*command], fresh(project))

    def imports() -> float:
        return timed([sys.executable, "-c", _IMPORTS], folder)

    def one_render() -> float:
        target = folder / "rendered"
        shutil.rmtree(target, ignore_errors=True)
        return timed([sys.executable, "-c", _RENDER, template, target], folder) - imports()

    by_hand()
    pairs = [(ours(), by_hand()) for _ in range(rounds)]
    name = "update: an untouched project by one release"
    parts = {"its imports": imports, "one of its two renders": one_render}
    return [
        Figure.compare(f"{name}, compared with the same by hand", "CPU s", pairs, bound=1.5),
        Figure.compare(f"{name}, compared with `copier update`", "CPU s",
                       [(one, with_copier()) for one, _ in pairs]),
        *(
            Figure(name=f"update: {part}", unit="CPU s", ours=median(run() for _ in range(rounds)))
            for part, run in parts.items()
        ),
    ]  # fmt: skip


def fresh(project: Path) -> Path:
    """Make a new copy of a project, instead of the last one.

    Args:
        project: The project.
    """
    copy = project.with_name("updated")
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(project, copy)
    return copy
