"""Owners, releases, lost state and killed runs in random order, and invariants after each step."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import tempfile
import time
import warnings
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from tests.updates.published import git_in, release

from .command import Here, write_forge_inventory
from .conftest import LATER
from .remotes import edit
from .standin import Standin
from .standin.driver import Pull

OPTIONS = settings(
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
    # Without shrinking, which takes minutes; the steps are printed anyway.
    phases=[Phase.generate],
    max_examples=4,
    stateful_step_count=4,
)
# Run several times, at the same time.
LONG = settings(OPTIONS, derandomize=False, max_examples=8, stateful_step_count=10)
RELEASES = (LATER, "9.0.0", "10.0.0")
SERVICES = ("plain", "edited", "conflict")
EVENTS = (
    *("base_moves", "owner_pushes", "owner_closes", "owner_merges", "template_is_released"),
    *("journal_is_lost", "state_is_lost"),
)
_COUNTED = itertools.count()


def branch(version: str) -> str:
    return f"template-{version}"


class Machine(RuleBasedStateMachine):
    """One organisation of a forge, its owners, and a fleet.

    Attributes:
        forge: The forge.
        template: The template, with all releases.
        sources: Recorded location of the template in the services.
        services: Repositories to copy, by name.
        renders: Folder for cached renderings.
    """

    forge: Standin
    template: Path
    sources: Path
    services: Mapping[str, Path]
    renders: Path

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="fleet-machine-"))
        self.org = f"machine{next(_COUNTED)}"
        self.at = 0
        # Commits and closed pull requests of people, by service and branch.
        self.theirs: dict[tuple[str, str], list[str]] = {}
        self.closed: set[tuple[str, str]] = set()
        self.main: dict[str, str] = {}
        variables = {"FLEET_TOKEN": self.forge.token, "FLEET_RETRY_DELAY": "0.01"}
        self.here = Here(self.folder, self.renders, {**variables, "FLEET_WORKERS": "0"})

    @initialize()
    def begin(self) -> None:
        git_in(self.folder).run("clone", "--quiet", str(self.template), str(self.mine))
        self._release()
        for name, path in self.services.items():
            self.forge.add(self.repo(name), path)
            self.main[name] = self.tip(name, "main")
        write_forge_inventory(self.folder, self.mine, self.forge, self.org, sources=[self.sources])
        self.run()

    @rule(
        events=st.lists(st.tuples(st.sampled_from(EVENTS), st.sampled_from(SERVICES)), max_size=4),
        killed=st.none() | st.floats(0.05, 1.2),
        again=st.booleans(),
    )
    def some_time_goes_by(
        self, events: list[tuple[str, str]], killed: float | None, again: bool
    ) -> None:
        """Some events, and then a run."""
        for event, name in events:
            getattr(self, event)(name)
        self.status()
        if killed is not None:
            self.run_is_killed(killed)
        if again:
            self.retry()
        self.run()

    @property
    def mine(self) -> Path:
        return self.folder / "template"

    @property
    def newest(self) -> str:
        return RELEASES[self.at]

    def repo(self, name: str) -> str:
        return f"{self.org}/{name}"

    def tip(self, name: str, of: str) -> str:
        return self.forge.git(self.repo(name), "for-each-ref", "--format=%(objectname)",
                              f"refs/heads/{of}")  # fmt: skip

    def pulls(self, name: str, of: str | None = None) -> list[Pull]:
        found = self.forge.pulls(self.repo(name))
        return [each for each in found if of is None or each.branch == of]

    def _release(self) -> None:
        git_in(self.mine).run("reset", "--quiet", "--hard", RELEASES[self.at])

    # Actions of owners.

    def base_moves(self, name: str) -> None:
        file = f"file{next(_COUNTED)}.txt"
        self.main[name] = self.forge.commit(self.repo(name), {file: "Ours.\n"})

    def owner_pushes(self, name: str) -> None:
        made = [branch(each) for each in RELEASES if self.tip(name, branch(each))]
        for of in made[-1:]:
            files = {f"file{next(_COUNTED)}.txt": "Ours.\n"}
            commit = self.forge.commit(self.repo(name), files, branch=of)
            self.theirs.setdefault((name, of), []).append(commit)

    def owner_closes(self, name: str) -> None:
        for pull in reversed(self.pulls(name)):
            if pull.state == "open":
                self.forge.close(self.repo(name), pull.number)
                self.closed.add((name, pull.branch))
                return

    def owner_merges(self, name: str) -> None:
        for pull in reversed(self.pulls(name)):
            if pull.state == "open":
                # After the merge of one release, another one may have conflicts.
                with suppress(RuntimeError):
                    self.forge.merge(self.repo(name), pull.number)
                self.main[name] = self.tip(name, "main")
                return

    def template_is_released(self, name: str) -> None:
        self.at = min(self.at + 1, len(RELEASES) - 1)
        self._release()

    # Events of the fleet.

    def journal_is_lost(self, name: str) -> None:
        for path in (self.folder / ".fleet").glob("journal*"):
            path.unlink()

    def state_is_lost(self, name: str) -> None:
        shutil.rmtree(self.folder / ".fleet", ignore_errors=True)

    def run_is_killed(self, seconds: float) -> None:
        with warnings.catch_warnings():
            # A warning about threads, which the child process lacks; none of them is active here.
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
        if child == 0:
            os.setsid()
            silence = os.open(os.devnull, os.O_RDWR)
            for number in range(3):
                os.dup2(silence, number)
            with suppress(BaseException):
                self.here("run")
            os._exit(0)
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        # Its child processes end without help.
        ends = time.monotonic() + 2
        with suppress(ProcessLookupError):
            while time.monotonic() < ends:
                os.killpg(child, 0)
                time.sleep(0.02)

    def run(self) -> None:
        done = self.here("run")
        assert done.returncode in (0, 2), done
        self.agrees()
        writes = self.forge.writes()
        again = self.here("run")
        assert again.returncode in (0, 2), again
        assert self.forge.writes() == writes
        self.agrees()

    def retry(self) -> None:
        self.closed -= {(name, branch(self.newest)) for name in SERVICES}
        done = self.here("retry")
        assert done.returncode in (0, 2), done
        # Without the journal, it is unknown what to retry.
        for name in SERVICES:
            found = self.pulls(name, branch(self.newest))
            if found and found[-1].state == "closed":
                self.closed.add((name, branch(self.newest)))

    def status(self) -> None:
        writes = self.forge.writes()
        done = self.here("status")
        assert done.returncode == 0, done
        assert self.forge.writes() == writes
        for name, row in self.here.rows().items():
            found = self.pulls(name, branch(self.newest))
            is_open = bool(found) and found[-1].state == "open"
            if row["state"] in ("proposed", "theirs"):
                assert is_open, row
            elif row["state"] == "found":
                assert not found, row
            else:
                assert row["state"] in ("closed-by-owner", "merged", "current"), row

    def agrees(self) -> None:
        """The report agrees with the forge."""
        rows = self.here.rows()
        assert rows.keys() == set(SERVICES)
        for name, row in rows.items():
            of = branch(self.newest)
            self.is_so(name, row, self.pulls(name, of), self.theirs.get((name, of), []))

    def is_so(self, name: str, row: dict[str, Any], pulls: list[Pull], theirs: list[str]) -> None:
        """Check a row of the report."""
        of = branch(self.newest)
        states = [pull.state for pull in pulls]
        if row["state"] == "proposed":
            assert states[-1] == "open"
            assert self.forge.git(self.repo(name), "rev-parse", f"{of}^") == self.main[name]
            assert pulls[-1].draft == bool(row["conflicts"])
        elif row["state"] == "theirs":
            assert self.tip(name, of) in theirs
        elif row["state"] == "closed-by-owner":
            assert states[-1] == "closed"
        else:
            assert row["state"] == "current", row
            answers = self.forge.git(self.repo(name), "show", "main:.copier-answers.yml")
            assert f"_commit: {self.newest}" in answers

    # Invariants.

    @invariant()
    def one_pull_request_for_each_release(self) -> None:
        for name in self.main:
            opened = [pull.branch for pull in self.pulls(name) if pull.state == "open"]
            assert len(opened) == len(set(opened))
            assert not {(name, each) for each in opened} & self.closed

    @invariant()
    def nothing_of_people_is_lost(self) -> None:
        for (name, of), commits in self.theirs.items():
            for commit in commits:
                self.forge.git(self.repo(name), "merge-base", "--is-ancestor", commit, of)
        for name, commit in self.main.items():
            assert self.tip(name, "main") == commit

    def teardown(self) -> None:
        shutil.rmtree(self.folder)


@pytest.fixture(scope="session")
def releases(later: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template with three releases to come, each of which changes a line."""
    folder = tmp_path_factory.mktemp("releases") / "template"
    git_in(folder.parent).run("clone", "--quiet", str(later), str(folder))
    makefile = folder / "template" / "Makefile.jinja"
    for version in RELEASES[1:]:
        makefile.write_text(makefile.read_text() + f"# {version}\n")
        release(folder, version)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [
        pytest.param(OPTIONS, id="short"),
        *(pytest.param(LONG, id=f"long {n}", marks=pytest.mark.thorough) for n in range(1, 3)),
    ],
)
def test_events_in_any_order(
    options: settings, forge: Standin, releases: Path, published: Path, seed: Path, shared: Path,
    tmp_path: Path,
) -> None:  # fmt: skip
    class Here(Machine):
        pass

    services = {}
    for name, how in zip(SERVICES, ("none", "own", "conflict"), strict=True):
        services[name] = tmp_path / name
        git_in(seed).run("clone", "--quiet", str(seed), str(services[name]))
        edit(services[name], how, 7)
    Here.forge, Here.template, Here.sources = forge, releases, published
    Here.services, Here.renders = services, shared / "renders"
    run_state_machine_as_test(Here, settings=options)
