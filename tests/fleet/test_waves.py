"""Restrictions of a run: waves, limits, pins and opt-outs of services."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.updates.published import commit_all, git_in

from .command import Here, journal_of, write_forge_inventory
from .conftest import Put
from .standin import Standin

pytestmark = pytest.mark.slow

CANARY = "[[wave]]\nname = 'canary'\nonly = ['*/pilot-*']\n"


def opened(forge: Standin, *services: str) -> list[int]:
    return [len(forge.pulls(service)) for service in services]


def test_a_wave_waits_until_the_earlier_one_has_the_release(
    here: Here, put: Put, forge: Standin, published: Path, org: str, tmp_path: Path
) -> None:
    pilots = [put("pilot-1"), put("pilot-2")]
    rest = put("rest")
    write_forge_inventory(tmp_path, published, forge, org, CANARY, "then = { merged = '50%' }")
    assert here("run").returncode == 0
    assert opened(forge, *pilots, rest) == [1, 1, 0]
    row = here.rows()["rest"]
    assert row["state"] == "queued"
    assert row["why"] == (
        "It waits for wave canary: 0 of 2 have the release, and 50% are required."
    )
    assert [here.rows()[name]["wave"] for name in ("pilot-1", "rest")] == ["canary", ""]

    # Skipping the services of the first wave does not change that.
    here("run", "--skip", "*/pilot-*")
    assert opened(forge, rest) == [0]

    forge.merge(pilots[0], 1)
    assert here("run").returncode == 0
    assert opened(forge, *pilots, rest) == [1, 1, 1]


def test_a_wave_that_fails_stops_those_after_it(
    here: Here, put: Put, forge: Standin, published: Path, org: str, tmp_path: Path
) -> None:
    pilots = [put("pilot-1"), put("pilot-2"), put("pilot-3", archived=True)]
    rest = put("rest")
    forge.commit(pilots[1], {".copier-answers.yml": "- broken"})
    write_forge_inventory(
        tmp_path, published, forge, org, CANARY, "then = { merged = '50%', failed = '10%' }"
    )
    here("run")
    forge.merge(pilots[0], 1)
    here("run")
    assert opened(forge, *pilots, rest) == [1, 0, 0, 0]
    assert here.rows()["rest"]["why"] == (
        "Wave canary has failed: 1 of 2 failed or were refused, and the limit is 10%."
    )
    write_forge_inventory(
        tmp_path, published, forge, org, CANARY, "then = { merged = '50%', failed = '50%' }"
    )
    here("run")
    assert opened(forge, rest) == [1]


def test_a_wave_says_when_it_takes_too_long(
    here: Here, put: Put, forge: Standin, published: Path, org: str, tmp_path: Path
) -> None:
    put("pilot-1")
    put("rest")
    write_forge_inventory(tmp_path, published, forge, org, CANARY, "then = { within = '7d' }")
    here("run")
    assert "longer" not in here.rows()["rest"]["why"]
    with journal_of(tmp_path) as base:
        before = (datetime.now(UTC) - timedelta(days=8)).isoformat(timespec="seconds")
        base.execute("UPDATE line SET first = ?", (before,))
    here("run")
    assert here.rows()["rest"]["why"].endswith("This has taken longer than 7 days.")


def test_one_wave_can_be_selected(
    here: Here, put: Put, forge: Standin, published: Path, org: str, tmp_path: Path
) -> None:
    pilot, rest = put("pilot-1"), put("rest")
    put("later")
    write_forge_inventory(tmp_path, published, forge, org, CANARY)
    done = here("run", "--wave", "cannary")
    assert (done.returncode, done.stderr) == (1, "There is no wave cannary: there are canary.")
    assert here("run", "--wave", "canary").returncode == 0
    assert opened(forge, pilot, rest) == [1, 0]
    assert "rest" not in here.rows()
    assert here("run", "--only", "*/rest").returncode == 0
    assert opened(forge, rest) == [1]
    # A preview changes nothing, so it ignores waves.
    assert here("preview").returncode == 0
    assert here.rows()["later"]["state"] == "clean"


def test_the_number_of_open_pull_requests_is_limited(
    here: Here, put: Put, forge: Standin, published: Path, org: str, tmp_path: Path
) -> None:
    """A failed update does not count towards the limit, in this run or a later one."""
    refused = put("a-refused")
    forge.commit(refused, {".copier-answers.yml": bad_answers(forge, refused)})
    services = [put(f"service-{at}") for at in range(3)]
    write_forge_inventory(tmp_path, published, forge, org)
    assert here("run", "--max-open", "1").returncode == 0
    assert sum(opened(forge, *services)) == 1
    rows = here.rows()
    assert rows["a-refused"]["state"] == "refused"
    waiting = [row["why"] for row in rows.values() if row["state"] == "queued"]
    assert waiting == ["Not opened: 1 pull requests are open (--max-open)."] * 2

    assert here("run", "--max-open", "2").returncode == 0
    assert sum(opened(forge, *services)) == 2
    writes = forge.writes()
    here("run", "--max-open", "2")
    assert forge.writes() == writes
    first = next(each for each in services if forge.pulls(each))
    forge.merge(first, 1)
    here("run", "--max-open", "2")
    assert opened(forge, *services) == [1, 1, 1]


def bad_answers(forge: Standin, service: str) -> str:
    """Valid answers that cannot be updated, because the template does not have their commit."""
    text = forge.git(service, "show", "main:.copier-answers.yml")
    return text.replace("_commit: 1.5.0", f"_commit: '{'0' * 40}'")


def test_a_share_of_failures_stops_a_run(
    here: Here, put: Put, forge: Standin, published: Path, org: str, tmp_path: Path
) -> None:
    services = [put(f"service-{at}") for at in range(4)]
    for service in services[:2]:
        path = f"/github/api/v3/repos/{service}/pulls"
        forge.fault(rf"GET {path}", times=-1, status=400, body="odd")
    write_forge_inventory(tmp_path, published, forge, org)
    done = here("run", "--stop-at", "25%")
    assert done.returncode == 5
    assert opened(forge, *services[2:]) == [0, 0]
    states = {name: row["state"] for name, row in here.rows().items()}
    assert sorted(states.values()) == ["failed", "failed", "queued", "queued"]
    assert "have failed (--stop-at)" in here.rows()["service-3"]["why"]
    assert here("run", "--stop-at", "50%").returncode == 4
    assert opened(forge, *services[2:]) == [1, 1]
    forge.clear_faults()
    assert here("run", "--stop-at", "25%").returncode == 0
    assert opened(forge, *services) == [1, 1, 1, 1]


def test_a_pin_ends_and_opt_outs_are_respected(
    here: Here, put: Put, forge: Standin, published: Path, org: str, newest: str, tmp_path: Path
) -> None:
    names = ("over", "pinned", "out", "range", "wide", "odd", "plain")
    services = {name: put(name) for name in names}
    wishes = {"out": "false", "range": f"'<{newest}'", "wide": "'>=1.0'", "odd": "'nonsense'"}
    for name, wish in wishes.items():
        text = forge.git(services[name], "show", "main:pyproject.toml")
        files = {"pyproject.toml": f"{text}\n\n[tool.twelvestar]\nfleet = {wish}\n"}
        forge.commit(services[name], files)
    today = datetime.now(UTC).date()
    pins = [
        f"[[repo]]\nname = '{services[name]}'\npin = '<{newest}'\nreason = 'freeze'\nuntil = {day}"
        for name, day in (("over", today - timedelta(days=1)), ("pinned", today))
    ]
    write_forge_inventory(tmp_path, published, forge, org, *pins)
    assert here("run").returncode == 0
    rows = here.rows()
    assert {name: row["state"] for name, row in rows.items()} == {
        "over": "proposed",
        "wide": "proposed",
        "plain": "proposed",
        "pinned": "pinned",
        "out": "opted-out",
        "range": "opted-out",
        "odd": "refused",
    }
    assert rows["pinned"]["why"] == f"The inventory allows only <{newest} until {today}: freeze."
    assert rows["out"]["why"] == "Its pyproject.toml says tool.twelvestar.fleet = false."
    assert rows["range"]["why"] == f"Its pyproject.toml allows only <{newest}."
    assert "neither true, false nor a range such as \"<2\": 'nonsense'" in rows["odd"]["why"]
    assert here("run", "--strict").returncode == 3
    assert here("run", "--strict", "--only", "*/plain").returncode == 0


@pytest.mark.parametrize(
    ("folders", "states"),
    [
        (("services/pay", "services/ship"), ["proposed", "proposed"]),
        (("a-b", "a/b"), ["proposed", "refused"]),
        (("-x y~^:?*[\\@{", "日本"), ["proposed", "proposed"]),
    ],
)
def test_services_of_one_repository_do_not_share_branches(
    here: Here, seed: Path, forge: Standin, published: Path, org: str, newest: str, tmp_path: Path,
    folders: tuple[str, ...], states: list[str],
) -> None:  # fmt: skip
    name, work = f"{org}/mono", tmp_path / "mono"
    for folder in folders:
        shutil.copytree(seed, work / folder, ignore=shutil.ignore_patterns(".git"))
    git_in(work).run("init", "--quiet", "--initial-branch", "main")
    commit_all(work, "Begin")
    forge.add(name, work)
    write_forge_inventory(tmp_path, published, forge, org)
    here("run")
    rows = here.rows()
    assert sorted(row["state"] for row in rows.values()) == states, rows
    pulls = forge.pulls(name)
    assert len({pull.branch for pull in pulls}) == len(pulls) == states.count("proposed")
    assert all(pull.body.startswith("From 1.5.0") for pull in pulls)
    writes = forge.writes()
    here("run")
    assert forge.writes() == writes
