"""The life of pull requests, on each kind of forge."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.updates.published import Generate, commit_all, git_in, release

from .command import Command
from .remotes import change_makefile, edit, follow
from .standin import Standin

KINDS = ("github", "gitlab", "gitea")
NEWEST = "8.0.0"


@pytest.fixture
def forge(tmp_path: Path) -> Iterator[Standin]:
    with Standin(tmp_path / "forge") as standin:
        yield standin


@pytest.fixture
def template(published: Path, tmp_path: Path) -> Path:
    return changed_template(published, tmp_path)


def changed_template(published: Path, tmp_path: Path) -> Path:
    """The template with one more release, which changes a line that is edited in some services."""
    folder = tmp_path / "template"
    git_in(tmp_path).run("clone", "--quiet", str(published), str(folder))
    change_makefile(folder)
    release(folder, NEWEST)
    return folder


Service = Callable[..., str]


@pytest.fixture
def service(generate: Generate, forge: Standin, template: Path) -> Service:
    """Adds a service to the forge."""

    def put(name: str, how: str = "none", **settings: Any) -> str:
        work = generate({"preset": "minimal"}, version="1.5.0", name=f"work-{name}")
        follow(work, template)
        edit(work, how, 7)
        forge.add(f"acme/{name}", work, **settings)
        return f"acme/{name}"

    return put


@pytest.fixture
def rows(fleet: Command, tmp_path: Path) -> Callable[[], dict[str, dict[str, Any]]]:
    def read() -> dict[str, dict[str, Any]]:
        done = fleet("report", "--json", "report.json")
        assert done.returncode == 0, done.stderr
        found = json.loads((tmp_path / "report.json").read_text())["rows"]
        return {row["name"]: row for row in found}

    return read


def write_inventory(
    folder: Path, template: Path, forge: Standin, kind: str, more: str = ""
) -> None:
    (folder / "fleet.toml").write_text(
        f"""
template = {str(template)!r}

[[forge]]
kind = "{kind}"
url = "{forge.url(kind)}"
token = "env:FLEET_TOKEN"
find = [{{ org = "acme" }}]
pace = 0
"""
    )


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_the_life_of_updates(
    fleet: Command, forge: Standin, template: Path, service: Service, tmp_path: Path, kind: str,
    rows: Callable[[], dict[str, dict[str, Any]]],
) -> None:  # fmt: skip
    clean, conflict = service("clean"), service("conflict", "conflict")
    closed, taken, moved = service("closed"), service("taken"), service("moved")
    merged, archived = service("merged"), service("archived", archived=True)
    pinned = service("pinned")
    forge.add("acme/foreign", git_repository(tmp_path / "foreign"))
    forge.add("acme/empty")
    pin = f'[[repo]]\nname = "acme/pinned"\npin = "<{NEWEST}"\nreason = "freeze"\n'
    write_inventory(tmp_path, template, forge, kind)
    with (tmp_path / "fleet.toml").open("a") as file:
        file.write(pin)
    variables = {"FLEET_TOKEN": forge.token}
    branch = f"template-{NEWEST}"

    first = fleet("run", **variables)
    assert first.returncode == 2, first.stderr
    found = rows()
    states = {name: row["state"] for name, row in found.items()}
    assert states == {
        **dict.fromkeys((clean, conflict, closed, taken, moved, merged), "proposed"),
        archived: "archived",
        pinned: "pinned",
        "acme/foreign": "foreign",
        "acme/empty": "refused",
    }
    assert "freeze" in found[pinned]["why"]
    pull = forge.pulls(clean)[0]
    assert (pull.title, pull.draft) == (f"Update the template to {NEWEST}", False)
    assert pull.body.startswith(f"From 1.5.0 to {NEWEST} of the template.")
    pull = forge.pulls(conflict)[0]
    assert pull.draft
    assert pull.title.endswith("with conflicts")
    assert pull.body.startswith("**You and the template changed the same lines.**")
    assert "Makefile:" in pull.body
    assert forge.statuses(conflict, pull.head) == {"template/conflicts": "failure"}

    writes = forge.writes()
    second = fleet("run", **variables)
    assert second.returncode == 2, second.stderr
    assert forge.writes() == writes
    assert {name: row["state"] for name, row in rows().items()} == states

    forge.close(closed, 1)
    forge.merge(merged, 1)
    theirs = forge.commit(taken, {"ours.txt": "Ours.\n"}, branch=branch)
    forge.commit(moved, {"ours.txt": "Ours.\n"})
    third = fleet("run", **variables)
    assert third.returncode == 2, third.stderr
    found = rows()
    assert found[closed]["state"] == "closed-by-owner"
    assert found[merged]["state"] == "current"
    assert found[taken]["state"] == "theirs"
    assert found[moved]["state"] == "proposed"
    assert forge.git(taken, "rev-parse", branch) == theirs
    assert len(forge.pulls(taken)[0].comments) == 1
    assert forge.git(moved, "rev-parse", f"{branch}^") == forge.git(moved, "rev-parse", "main")
    assert [len(forge.pulls(name)) for name in (clean, closed, taken, moved, merged)] == [1] * 5

    writes = forge.writes()
    fleet("run", "--state", "lost", **variables)
    after = forge.writes()
    # After the journal is lost, the comment that the branch is left alone may be repeated.
    assert {name: each for name, each in after.items() if name != taken} == {
        name: each for name, each in writes.items() if name != taken
    }

    release(template, "9.0.0")
    fourth = fleet("run", **variables)
    assert fourth.returncode == 2, fourth.stderr
    old, new = forge.pulls(clean)
    assert new.title == "Update the template to 9.0.0"
    assert old.state == "open"
    assert old.body.startswith("**Template 9.0.0 is proposed in ")
    writes = forge.writes()
    fleet("run", **variables)
    assert forge.writes() == writes


def git_repository(folder: Path) -> Path:
    """A repository without a service."""
    folder.mkdir()
    git_in(folder).run("init", "--quiet", "--initial-branch", "main")
    (folder / "README.md").write_text("Something else.\n")
    commit_all(folder)
    return folder


@pytest.mark.slow
def test_the_service_s_own_ci_and_the_fleet_find_the_same_pull_request(
    fleet: Command, forge: Standin, template: Path, service: Service, tmp_path: Path
) -> None:
    """An update that its job has pushed is not computed again, and has only one pull request."""
    name = service("own", "conflict")
    write_inventory(tmp_path, template, forge, "github")
    assert fleet("preview", FLEET_TOKEN=forge.token).returncode == 2
    git = git_in(forge.path(name))
    base = git.text("rev-parse", "main")
    clone = next((tmp_path / ".fleet" / "clones").iterdir())
    git.run("fetch", "--quiet", str(clone), "refs/fleet/made/*:refs/kept/*")
    kept = git.text("for-each-ref", "--format=%(refname)", "refs/kept")
    tree = git.text("rev-parse", f"{kept}^{{tree}}")
    message = f"Update\n\nTemplate-Release: {NEWEST}\nTemplate-Base: {base}\n"
    message += f"Template-Tree: {tree}\nTemplate-Conflicts: 1\n"
    commit = git.text("commit-tree", tree, "-p", base, stdin=message.encode())
    git.run("update-ref", f"refs/heads/template-{NEWEST}", commit)
    assert fleet("run", FLEET_TOKEN=forge.token).returncode == 2
    assert git.text("rev-parse", f"template-{NEWEST}") == commit
    assert [pull.head for pull in forge.pulls(name)] == [commit]
    assert "push" not in forge.writes()[name]


@pytest.mark.slow
def test_the_option_for_drafts_takes_precedence(
    fleet: Command, forge: Standin, template: Path, service: Service, tmp_path: Path
) -> None:
    clean, conflict = service("clean"), service("conflict", "conflict")
    write_inventory(tmp_path, template, forge, "github")
    token = {"FLEET_TOKEN": forge.token}
    assert fleet("run", "--only", clean, "--draft", "always", **token).returncode == 0
    assert forge.pulls(clean)[0].draft
    assert fleet("run", "--only", conflict, "--draft", "never", **token).returncode == 2
    assert not forge.pulls(conflict)[0].draft
    # The failed status still prevents an automatic merge.
    pull = forge.pulls(conflict)[0]
    assert forge.statuses(conflict, pull.head) == {"template/conflicts": "failure"}
