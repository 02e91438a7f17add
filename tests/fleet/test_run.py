"""Updates of many services, and that repeating the command does nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.terminal import Conversation
from tests.updates.published import Generate, commit_all, git_in, release, versions

from .command import Command, Remotes, command_environment, write_inventory
from .remotes import follow


def states(folder: Path) -> dict[str, dict[str, Any]]:
    """Rows of the report by name."""
    rows = json.loads((folder / "report.json").read_text())["rows"]
    return {Path(row["name"]).name: row for row in rows}


def refs(remotes: list[Path]) -> dict[str, str]:
    """All branches of repositories."""
    return {each.name: git_in(each).text("for-each-ref", "--format=%(refname) %(objectname)")
            for each in remotes}  # fmt: skip


@pytest.mark.slow
def test_find_preview_and_run_over_plain_git(
    fleet: Command, published: Path, remotes: Remotes, tmp_path: Path,
    newest: str,
) -> None:  # fmt: skip
    made = [*remotes(10), *remotes(6, 24)]
    write_inventory(tmp_path, published, made)
    before = refs(made)

    found = fleet("find", "--json", "report.json")
    assert found.returncode == 0, found.stderr
    assert Counter(row["state"] for row in states(tmp_path).values()) == {"found": 16}
    assert "complete web-and-worker postgresql" in found.stdout

    preview = fleet("preview")
    assert preview.returncode == 2, preview.stderr
    fleet("report", "--json", "report.json", "--junit", "report.xml")
    previewed = states(tmp_path)
    counts = Counter(row["state"] for row in previewed.values())
    assert counts["conflicts"] and counts["clean"] and counts.total() == 16
    assert all(
        any(place.startswith("Makefile:") for place in row["conflicts"])
        for row in previewed.values()
        if row["state"] == "conflicts"
    )
    assert refs(made) == before

    run = fleet("run", "--propose", "branch")
    assert run.returncode == 2, run.stderr
    branch = f"refs/heads/template-{newest}"
    for remote in made:
        git = git_in(remote)
        assert git.text("rev-parse", f"{branch}^") == git.text("rev-parse", "main")
        message = git.text("log", "-1", "--format=%B", branch)
        assert f"Template-Release: {newest}" in message
        marked = "<<<<<<<" in git.text("show", f"{branch}:Makefile")
        assert marked == bool(previewed[remote.name]["conflicts"])
        assert ("with conflicts" in message) == marked
    after = refs(made)

    again = fleet("run", "--propose", "branch")
    assert again.returncode == 2, again.stderr
    assert refs(made) == after
    fleet("report", "--json", "report.json")
    for name, row in states(tmp_path).items():
        assert row["state"] == "pushed"
        assert row["conflicts"] == previewed[name]["conflicts"]


@pytest.mark.slow
def test_lost_state_changes_nothing(
    fleet: Command, published: Path, remotes: Remotes, tmp_path: Path
) -> None:
    made = remotes(6)
    write_inventory(tmp_path, published, made)
    fleet("run", "--propose", "branch")
    after = refs(made)
    assert fleet("run", "--propose", "branch", "--state", "another").returncode == 0
    assert refs(made) == after


@pytest.mark.slow
def test_a_new_base_is_computed_again_and_others_commits_are_kept(
    fleet: Command, published: Path, generate: Generate, tmp_path: Path, newest: str
) -> None:
    works, made = [], []
    for name in ("moved", "taken"):
        work = generate({"preset": "minimal"}, version="1.5.0", name=name)
        remote = tmp_path / f"{name}.git"
        git_in(tmp_path).run("clone", "--quiet", "--bare", str(work), str(remote))
        works.append(work)
        made.append(remote)
    write_inventory(tmp_path, published, made)
    assert fleet("run", "--propose", "branch").returncode == 0
    branch = f"template-{newest}"

    (works[0] / "ours.txt").write_text("Ours.\n")
    commit_all(works[0])
    git_in(works[0]).run("push", "--quiet", str(made[0]), "main")
    git = git_in(works[1])
    git.run("fetch", "--quiet", str(made[1]), f"{branch}:{branch}")
    git.run("checkout", "--quiet", branch)
    (works[1] / "ours.txt").write_text("Ours.\n")
    theirs = commit_all(works[1])
    git.run("push", "--quiet", str(made[1]), branch)

    assert fleet("run", "--propose", "branch").returncode == 0
    fleet("report", "--json", "report.json")
    rows = states(tmp_path)
    assert rows["moved.git"]["state"] == "pushed"
    assert git_in(made[0]).text("rev-parse", f"{branch}^") == git_in(made[0]).text(
        "rev-parse", "main"
    )
    assert rows["taken.git"]["state"] == "theirs"
    assert git_in(made[1]).text("rev-parse", branch) == theirs
    assert fleet("run", "--propose", "branch", "--strict").returncode == 3


@pytest.mark.slow
def test_an_amended_commit_counts_as_somebody_else_s(
    fleet: Command, published: Path, generate: Generate, tmp_path: Path, newest: str
) -> None:
    """Although it still has the fleet's message."""
    work = generate({"preset": "minimal"}, version="1.5.0")
    write_inventory(tmp_path, published, [work])
    assert fleet("run", "--propose", "branch").returncode == 0
    git = git_in(work)
    git.run("checkout", "--quiet", f"template-{newest}")
    (work / "ours.txt").write_text("Ours.\n")
    git.run("add", "--all")
    git.run("commit", "--quiet", "--amend", "--no-edit")
    theirs = git.text("rev-parse", "HEAD")
    git.run("checkout", "--quiet", "main")
    commit_all(work, "Move the base")
    fleet("run", "--propose", "branch")
    assert git.text("rev-parse", f"template-{newest}") == theirs


@pytest.mark.slow
def test_folders_are_updated_in_place(
    fleet: Command, published: Path, generate: Generate, tmp_path: Path, newest: str
) -> None:
    clean = generate({"preset": "minimal"}, version="1.5.0", name="src/clean")
    dirty = generate({"preset": "minimal"}, version="1.5.0", name="src/dirty")
    (dirty / "README.md").write_text("Under way.\n")
    plain = tmp_path / "src" / "plain"
    plain.mkdir()
    inventory = f"template = {str(published)!r}\n[[forge]]\nkind = 'folder'\nglob = 'src/*'\n"
    (tmp_path / "fleet.toml").write_text(inventory)
    done = fleet("run", "--propose", "commit", "--strict")
    assert done.returncode == 3, done.stderr
    fleet("report", "--json", "report.json")
    rows = states(tmp_path)
    assert rows["clean"]["state"] == "updated"
    assert git_in(clean).text("status", "--porcelain") == ""
    assert f"_commit: {newest}" in (clean / ".copier-answers.yml").read_text()
    assert rows["dirty"]["state"] == "refused"
    assert "uncommitted changes (README.md)" in rows["dirty"]["why"]
    assert (dirty / "README.md").read_text() == "Under way.\n"
    assert rows["plain"]["state"] == "refused"
    assert "not in a git repository" in rows["plain"]["why"]


@pytest.mark.slow
def test_a_clean_update_is_committed_to_a_remote_and_one_with_conflicts_is_not(
    fleet: Command, published: Path, remotes: Remotes, tmp_path: Path,
    newest: str,
) -> None:  # fmt: skip
    chosen = [*remotes(1, 2), *remotes(1, 24)]
    write_inventory(tmp_path, published, chosen)
    old = git_in(chosen[1]).text("rev-parse", "main")
    assert fleet("run", "--propose", "commit").returncode == 2
    title = git_in(chosen[0]).text("log", "-1", "--format=%s", "main")
    assert title == f"Update the template to {newest}"
    assert git_in(chosen[1]).text("rev-parse", "main") == old
    assert git_in(chosen[1]).text("rev-parse", f"template-{newest}^") == old


@pytest.mark.slow
def test_services_of_one_repository_have_separate_branches(
    fleet: Command, published: Path, generate: Generate, tmp_path: Path, newest: str
) -> None:
    top = tmp_path / "mono"
    for name in ("pay", "ship"):
        project = generate({"preset": "minimal"}, version="1.5.0", name=f"mono/services/{name}")
        subprocess.run(["rm", "-rf", project / ".git"], check=True)
    git_in(top).run("init", "--quiet", "--initial-branch", "main")
    commit_all(top, "Begin")
    write_inventory(tmp_path, published, [top])
    done = fleet("run", "--propose", "branch")
    assert done.returncode == 0, done.stderr
    git = git_in(top)
    for name, other in (("pay", "ship"), ("ship", "pay")):
        changed = git.text("diff", "--name-only", "main", f"template-{newest}-services-{name}")
        assert f"services/{name}/.copier-answers.yml" in changed
        assert f"services/{other}/" not in changed


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["run", "--stop-at", "many"], "is not a percentage: write, for example, --stop-at 10%."),
        (["run", "--to", "9.9"], "has no release 9.9: it has 1.0.0, "),
        (["run", "--to", "1.5.0"], "Release 1.5.0 does not support the fleet: use 1.6.0"),
        (["find", "--only", "nothing"], "No service of the inventory matches these patterns"),
        (["find", "--inventory", "another.toml"], "There is no another.toml"),
        (["run", "--propose", "mail"], "Invalid value for '--propose'"),
    ],
)
def test_invalid_arguments_get_a_sentence_and_status_1(
    fleet: Command, published: Path, generate: Generate, tmp_path: Path,
    arguments: list[str], sentence: str,
) -> None:  # fmt: skip
    write_inventory(tmp_path, published, [generate({"preset": "minimal"}, version="1.5.0")])
    done = fleet(*arguments)
    assert done.returncode == 1
    assert sentence in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_release_of_an_unknown_protocol_is_refused(
    fleet: Command, published: Path, generate: Generate, tmp_path: Path, newest: str
) -> None:
    template = tmp_path / "template"
    git_in(tmp_path).run("clone", "--quiet", str(published), str(template))
    protocol = template / "updating" / "protocol.py"
    protocol.write_text(protocol.read_text().replace("PROTOCOL = 1\n", "PROTOCOL = 99\n"))
    project = template / "pyproject.toml"
    project.write_text(project.read_text().replace(f'"{newest}"', '"9.0.0"', 1))
    commit_all(template, "Release 9.0.0")
    assert versions(template)[-1] == "9.0.0"
    write_inventory(tmp_path, template, [generate({"preset": "minimal"}, version="1.5.0")])
    done = fleet("preview")
    assert done.returncode == 1
    assert "Release 9.0.0 uses protocol 99" in done.stderr


def test_two_commands_do_not_share_a_state_folder(
    fleet: Command, published: Path, generate: Generate, tmp_path: Path
) -> None:
    import fcntl

    write_inventory(tmp_path, published, [generate({"preset": "minimal"}, version="1.5.0")])
    (tmp_path / ".fleet").mkdir()
    with (tmp_path / ".fleet" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = fleet("run", "--propose", "branch")
    assert done.returncode == 1
    assert "Another command is using .fleet" in done.stderr


@pytest.mark.slow
def test_the_report_needs_no_template_and_no_forge(
    fleet: Command, published: Path, remotes: Remotes, tmp_path: Path
) -> None:
    """The template is unreachable, and the journal contains an earlier release."""
    template = tmp_path / "template"
    git_in(tmp_path).run("clone", "--quiet", str(published), str(template))
    write_inventory(tmp_path, template, [follower(remotes, template)])
    assert fleet("preview").returncode == 0
    first = fleet("report")
    release(template, "9.0.0")
    template.rename(tmp_path / "away")
    again = fleet("report")
    assert again.returncode == 0, again.stderr
    assert again.stdout == first.stdout
    assert "1  clean" in again.stdout


def follower(remotes: Remotes, template: Path) -> Path:
    """A service that was generated from another copy of the template."""
    (remote,) = remotes(1)
    work = remote.parent / "work" / "service-000"
    follow(work, template)
    git_in(work).run("push", "--quiet", str(remote), "main")
    return remote


@pytest.mark.slow
def test_conflicts_are_known_after_the_state_is_lost(
    fleet: Command, published: Path, remotes: Remotes, tmp_path: Path
) -> None:
    write_inventory(tmp_path, published, remotes(1, 24))
    assert fleet("run", "--propose", "branch").returncode == 2
    assert fleet("run", "--propose", "branch", "--state", "another").returncode == 2
    fleet("report", "--state", "another", "--json", "report.json")
    (row,) = states(tmp_path).values()
    assert row["conflicts"]


@pytest.mark.slow
def test_a_terminal_shows_progress(published: Path, remotes: Remotes, tmp_path: Path) -> None:
    write_inventory(tmp_path, published, remotes(2))
    command = [sys.executable, "-m", "twelvestar", "fleet", "preview"]
    command += ["--inventory", str(tmp_path / "fleet.toml"), "--state", str(tmp_path / ".fleet")]
    with Conversation(command, command_environment(tmp_path), {}) as person:
        person.wait_for("2/2")
        person.wait_for("2 clean")
        person.wait_for("Template ")
