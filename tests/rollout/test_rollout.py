"""The last release and this tree beside each other, on one database and one broker.

The new release's schema is in place, as in the middle of a rollout. Each test is run forwards,
where the old release begins something and the new one goes on with it, and back.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.deployments import wait_until

from .sides import PASSWORD, Side, both_sides, names

# Within these seconds a job has ended, also when its first worker was killed.
JOB_SECONDS = 30
TICK_SECONDS = 75

pytestmark = [pytest.mark.generated, pytest.mark.thorough, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def sides(published: Path, shared: Path) -> Iterator[dict[str, Side]]:
    """Both releases of a service with all parts."""
    with both_sides(published, shared, "complete", trials=True) as sides:
        yield sides


@pytest.fixture(scope="module", params=["forwards", "back"])
def pair(request: pytest.FixtureRequest, sides: dict[str, Side]) -> Iterator[tuple[Side, Side]]:
    """The release that begins, and the one that goes on, whose worker runs."""
    order = ("old", "new") if request.param == "forwards" else ("new", "old")
    first, second = (sides[release] for release in order)
    with second.deployment.process("worker"):
        yield first, second


def ended(side: Side, path: str) -> dict[str, Any]:
    """Wait for the end of a job, and return its state."""
    states: list[Any] = []

    def has_ended() -> bool:
        states.append(side.ask("GET", path))
        return states[-1]["status"] not in ("new", "queued", "active")

    wait_until(has_ended, f"{path} has ended", JOB_SECONDS)
    state: dict[str, Any] = states[-1]
    return state


# The tests without `pair` come first, because its worker runs until the end of the module.
@pytest.mark.parametrize(("killed", "other"), [("old", "new"), ("new", "old")])
def test_a_job_of_a_killed_worker_is_run_by_the_other_release(
    sides: dict[str, Side], killed: str, other: str
) -> None:
    side = sides[killed]
    with side.deployment.process("worker") as worker:
        path = f"/trials/weighings/{side.ask('POST', '/trials/weighings')}"
        wait_until(lambda: "active" in str(side.ask("GET", path)), "the job runs")
        worker.kill()
        worker.wait()
    with sides[other].deployment.process("worker"):
        assert ended(side, path)["result"] == other


def test_a_cron_runs_once_for_both_releases(sides: dict[str, Side]) -> None:
    ticks = Path(sides["old"].deployment.environment["TRIED_TICKS"])
    with sides["old"].deployment.process("worker"), sides["new"].deployment.process("worker"):
        # A worker also runs what was due shortly before it started.
        time.sleep(5)
        wait_until(lambda: 5 < time.time() % 60 < 50, "not close to the next minute", TICK_SECONDS)
        before = len(ticks.read_text().splitlines()) if ticks.exists() else 0
        minute = time.time() // 60
        wait_until(lambda: time.time() - 60 * minute > 65, "the next minute", TICK_SECONDS)
        expected = before + 1
        assert len(ticks.read_text().splitlines()) == expected


def test_the_next_rollback_finds_a_newer_schema(sides: dict[str, Side]) -> None:
    new = sides["new"].deployment
    package, _ = names(new.project)
    sides["new"].create_user("newer@example.org")
    headers = sides["new"].headers_of("newer@example.org")
    new.run("db", "revision", "--empty", "-m", "newer")
    [newest] = (new.project / "src" / package / "migrations").glob("*_newer.py")
    new.run("db", "upgrade")
    newest.unlink()
    assert "database not migrated" in new.run("db", "upgrade")
    assert "warning: The database is at revision" in new.run("check")
    with new.web() as client:
        assert client.get("/notes", headers=headers).is_success


@pytest.mark.parametrize("path", ["/trials/jobs", "/trials/jobs?later=true", "/trials/rows"])
def test_a_job_is_run_by_the_other_release(pair: tuple[Side, Side], path: str) -> None:
    first, second = pair
    state = ended(first, f"/trials/jobs/{first.ask('POST', path)}")
    arguments = {"parcel": 7, "labels": ["ä", "b"]}
    assert state["status"] == "complete"
    assert state["result"] == {"release": second.release, **arguments}
    assert second.ask("GET", f"/trials/jobs/{state['key']}") == state


def test_a_key_is_taken_in_both_releases(pair: tuple[Side, Side]) -> None:
    first, second = pair
    path = f"/trials/jobs?later=true&key={first.release}"
    key = first.ask("POST", path)
    assert second.ask("POST", path) == key
    assert ended(second, f"/trials/jobs/{key}")["status"] == "complete"
    second.ask("POST", path)
    assert ended(first, f"/trials/jobs/{key}")["status"] == "complete"


def test_both_releases_count_the_jobs_of_a_batch(pair: tuple[Side, Side]) -> None:
    first, second = pair
    path = f"/trials/batches/{first.ask('POST', '/trials/batches')}"
    expected = {"total": 3, "done": 2, "failed": 1, "ended": True}
    wait_until(lambda: first.ask("GET", path) == expected, "the batch has ended", JOB_SECONDS)
    assert second.ask("GET", path) == expected


def test_a_failed_job_is_shown_and_retried_by_the_other_release(pair: tuple[Side, Side]) -> None:
    first, second = pair
    key = str(first.ask("POST", "/trials/losses"))
    # The old release's worker ran it, or the new one's; the other side retries it.
    for side in (first, second):

        def has_failed(side: Side = side) -> bool:
            return key in side.deployment.run("jobs", "list", "--status", "failed")

        wait_until(has_failed, "the job has failed", JOB_SECONDS)
        assert "parcel 9 is lost" in side.deployment.run("jobs", "show", key)
        side.deployment.run("jobs", "retry", key)


def test_what_was_done_once_is_not_done_again(pair: tuple[Side, Side]) -> None:
    first, second = pair
    path = f"/trials/charges/{first.release}"
    assert first.ask("POST", path) is True
    assert second.ask("POST", path) is False


def test_cached_results_are_understood(pair: tuple[Side, Side]) -> None:
    for side in (*pair, *pair):
        assert side.ask("GET", "/trials/prices/7") in (["old", "7"], ["new", "7"])
        assert side.ask("GET", "/trials/page") in ("old", "new")


def test_both_releases_count_the_requests_of_a_client(pair: tuple[Side, Side]) -> None:
    statuses = [side.client.get("/trials/limited").status_code for side in pair * 2]
    assert statuses[-1] == 429


def test_a_login_is_valid_in_both_releases(pair: tuple[Side, Side]) -> None:
    first, second = pair
    email = f"{first.release}@example.org"
    first.create_user(email)
    for begun, other in ((first, second), (second, first)):
        response = begun.log_in(email)
        cookie = {"Cookie": f"session={response.cookies['session']}"}
        for side in (other, begun):
            assert side.ask("GET", "/trials/mine", headers=cookie) == email
        other.ask("POST", "/auth/logout", headers=cookie)
        for side in (other, begun):
            assert side.client.get("/trials/mine", headers=cookie).status_code == 401


def test_a_password_changed_in_one_release_is_valid_in_the_other(pair: tuple[Side, Side]) -> None:
    first, second = pair
    email = f"changed-{first.release}@example.org"
    second.create_user(email)
    cookie = first.headers_of(email)
    new = PASSWORD[::-1]
    passwords = {"current_password": PASSWORD, "new_password": new}
    second.ask("POST", "/auth/password", json=passwords, headers=cookie)
    second.client.cookies.clear()
    assert first.log_in(email).status_code == 401
    assert first.log_in(email, new).is_success


def test_rows_are_read_by_the_other_release(pair: tuple[Side, Side]) -> None:
    first, second = pair
    title = f"By the {first.release} release"
    email = f"rows-{first.release}@example.org"
    first.create_user(email)
    headers = first.headers_of(email)
    body = {"title": title, "body": "for both"}
    note = first.ask("POST", "/notes", json=body, headers=headers)
    assert isinstance(note, dict)
    assert second.ask("GET", f"/notes/{note['id']}", headers=headers) == note
