"""Many pull requests at once: status, merging, closing, and retries."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from .command import Here, journal_of, write_forge_inventory
from .conftest import LATER, Put
from .standin import Standin

pytestmark = pytest.mark.slow

BRANCH = f"template-{LATER}"
Write = Callable[..., Path]


@pytest.fixture
def inventory(later: Path, published: Path, forge: Standin, org: str, tmp_path: Path) -> Write:
    """Writes the inventory of this test's organisation."""

    def write(*more: str, **options: str) -> Path:
        return write_forge_inventory(
            tmp_path, later, forge, org, *more, sources=[published], **options
        )

    return write


def test_status_lists_pull_requests_and_merge_takes_green_ones(
    here: Here, put: Put, forge: Standin, inventory: Write
) -> None:
    names = ("green", "failing", "pending", "unchecked", "unwanted", "touched")
    services = {name: put(name) for name in names} | {"conflict": put("conflict", "conflict")}
    inventory()
    assert here("run").returncode == 2
    forge.commit(services["touched"], {"ours.txt": "Ours.\n"}, branch=BRANCH)
    states = {"failing": "failure", "pending": "pending"}
    for name in {*services} - {"unchecked", "conflict"}:
        head = forge.pulls(services[name])[0].head
        forge.check(services[name], head, states.get(name, "success"))  # type: ignore[arg-type]
    forge.review(services["unwanted"], 1, approved=False)
    forge.review(services["green"], 1)
    writes = forge.writes()
    done = here("status", "--json", "status.json")
    assert done.returncode == 0
    assert f"{len(services):7}  1.5.0" in done.stdout
    rows = here.rows()
    assert {name: row["checks"] for name, row in rows.items()} == {
        "green": "checks pass, approved",
        "failing": "checks fail",
        "pending": "checks run",
        "unchecked": "no checks",
        "unwanted": "checks pass, changes asked for",
        "touched": "checks pass",
        "conflict": "checks fail, draft",
    }
    assert {row["state"] for row in rows.values()} == {"proposed"}
    assert rows["conflict"]["conflicts"]
    assert forge.writes() == writes

    assert here("merge").returncode == 1
    done = here("merge", "--green")
    assert (done.returncode, done.stdout) == (0, "6 proposed, 1 merged\n")
    merged = {name for name, each in services.items() if forge.pulls(each)[0].state == "merged"}
    assert merged == {"green"}
    assert here.rows()["green"]["state"] == "merged"
    done = here("merge", "--green", "--unchecked", "--only", "*/un*")
    assert done.stdout == "1 proposed, 1 merged\n"
    assert forge.pulls(services["unchecked"])[0].state == "merged"
    here("run")
    assert here.rows()["green"]["state"] == "current"
    assert here.rows()["touched"]["state"] == "theirs"


def test_merge_respects_the_limit_and_skips_moved_branches(
    here: Here, put: Put, forge: Standin, inventory: Write
) -> None:
    services = [put(f"service-{at}") for at in range(3)]
    inventory()
    here("run")
    for service in services:
        forge.check(service, forge.pulls(service)[0].head, "success")
    done = here("merge", "--green", "--at-most", "1")
    assert done.stdout == "2 proposed, 1 merged\n"
    # Its branch moves after the checks and before the merge.
    forge.fault(rf"PUT /github/api/v3/repos/{services[1]}/pulls/1/merge", status=409, body="moved")
    done = here("merge", "--green")
    assert (done.returncode, done.stdout) == (4, "1 failed, 1 merged\n")
    assert forge.pulls(services[1])[0].state == "open"
    assert here("merge", "--green").stdout == "1 merged\n"
    assert here("merge", "--green").stdout == "No pull request matches.\n"


def test_closed_pull_requests_stay_closed_until_a_retry(
    here: Here, put: Put, forge: Standin, inventory: Write
) -> None:
    plain, touched, owners = put("plain"), put("touched"), put("owners")
    inventory()
    here("run")
    theirs = forge.commit(touched, {"ours.txt": "Ours.\n"}, branch=BRANCH)
    forge.close(owners, 1)
    done = here("close")
    assert (done.returncode, done.stdout) == (0, "1 closed-by-owner\n")
    assert forge.pulls(plain)[0].state == "closed"
    assert not forge.git(plain, "branch", "--list", BRANCH)
    # A branch with commits by a person is not deleted.
    assert forge.pulls(touched)[0].state == "open"
    assert forge.git(touched, "rev-parse", BRANCH) == theirs

    writes = forge.writes()
    assert here("run", "--strict").returncode == 3
    rows = here.rows()
    assert rows["plain"]["state"] == rows["owners"]["state"] == "closed-by-owner"
    assert "`fleet retry` opens another" in rows["owners"]["why"]
    assert rows["touched"]["state"] == "theirs"
    assert {name: each for name, each in forge.writes().items() if name != touched} == {
        name: each for name, each in writes.items() if name != touched
    }

    assert here("retry").returncode == 0
    for service in (plain, owners):
        assert [pull.state for pull in forge.pulls(service)] == ["closed", "open"]
    assert len(forge.pulls(touched)) == 1
    writes = forge.writes()
    assert here("retry").returncode == 0
    assert here("run").returncode == 0
    assert forge.writes() == writes


def test_only_updates_of_earlier_releases_are_superseded(
    here: Here, put: Put, forge: Standin, inventory: Write, newest: str, published: Path
) -> None:
    """Branches of people and of later releases have similar names."""
    service = put("service")
    inventory()
    here("run", "--to", newest)
    for branch in ("template-engine", "template-9.0.0", f"template-{newest}-other"):
        forge.commit(service, {f"{branch}.txt": "Ours.\n"}, branch=branch)
        forge.propose(service, branch=branch, title=branch)
    here("run")
    update, *others, last = forge.pulls(service)
    assert update.body.startswith(f"**Template {LATER} is proposed in ")
    assert [pull.body for pull in others] == [""] * 3
    assert last.branch == BRANCH
    assert here.rows("--to", newest)["service"]["state"] == "superseded"
    assert here("close", "--superseded").stdout == "1 closed-by-owner\n"
    assert [pull.state for pull in forge.pulls(service)] == [
        "closed",
        "open",
        "open",
        "open",
        "open",
    ]
    assert here("close", "--superseded").stdout == "No pull request matches.\n"

    # An earlier release that is proposed later does not supersede a newer one either.
    body = forge.pulls(service)[-1].body
    here("retry", "--to", newest)
    here("run", "--to", newest)
    assert forge.pulls(service)[4].body == body


def test_a_pull_request_that_is_open_too_long_is_stale(
    here: Here, put: Put, forge: Standin, inventory: Write
) -> None:
    service = put("service")
    inventory("[defaults]", 'stale = "2d"')
    here("find")
    before = (datetime.now(UTC) - timedelta(days=3)).isoformat(timespec="seconds")
    with journal_of(here.folder) as base:
        # The time since it was first seen does not count, only the time since it was proposed.
        base.execute("UPDATE line SET first = ?", (before,))
    here("run")
    here("status")
    assert here.rows()["service"]["state"] == "proposed"
    with journal_of(here.folder) as base:
        base.execute("UPDATE line SET about = json_set(about, '$.opened', ?)", (before,))
    here("run")
    here("status")
    row = here.rows()["service"]
    assert (row["state"], row["why"]) == ("stale", "It has been open for more than 2 days.")
    forge.close(service, 1)
    here("status")
    assert here.rows()["service"]["state"] == "closed-by-owner"


def test_drift_is_listed(here: Here, put: Put, inventory: Write) -> None:
    for name, how in (("as-it-was", "none"), ("edited", "conflict"), ("added", "own")):
        put(name, how)
    inventory()
    done = here("status", "--drift")
    assert done.returncode == 0, done.stderr
    assert "Services with local changes in template-owned files: 1." in done.stdout
    drift = {name: row["drift"] for name, row in here.rows().items()}
    assert drift["as-it-was"] == drift["added"] == []
    assert "Makefile" in drift["edited"]


def test_an_earlier_failure_is_not_reported_after_a_success(
    here: Here, put: Put, forge: Standin, inventory: Write, org: str
) -> None:
    put("service")
    inventory()
    here("run")
    forge.fault(rf"GET /github/api/v3/repos/{org}/service/pulls", times=-1, status=400, body="odd")
    assert here("run").returncode == 4
    assert "odd" in here.rows()["service"]["why"]
    forge.clear_faults()
    here("status")
    row = here.rows()["service"]
    assert (row["state"], row["why"]) == ("proposed", "")


def test_conflicts_are_known_without_the_journal(
    here: Here, put: Put, forge: Standin, inventory: Write
) -> None:
    put("conflict", "conflict")
    inventory()
    assert here("run").returncode == 2
    before = here.rows()["conflict"]["conflicts"]
    writes = forge.writes()
    assert here("run", "--state", "another").returncode == 2
    assert here.rows("--state", "another")["conflict"]["conflicts"] == before
    assert forge.writes() == writes
