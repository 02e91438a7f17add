"""Deployments on one machine, by deploy.sh: what clients notice, and what runs afterwards."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

from tests.delivery.engine import Compose, Engine
from tests.delivery.projects import Project, generated
from tests.delivery.test_compose import ADDRESSES, SERVERS, configure, until
from tests.delivery.visitors import Visitors
from tools.ports import free_port

# Without a proxy, nobody listens while one process ends and the next one starts.
GAP_SECONDS = {"caddy": 0.5, "none": 5}
DEPLOY_SECONDS = 300
# A process type of the project that compose.prod.yaml does not know.
OWN = {
    "relay": {
        "command": ["worker"],
        "environment": {"ENVIRONMENT": "production", "HEALTH_PORT": "8001"},
        "env_file": ["production.env"],
        "image": "${IMAGE}",
    }
}
MIGRATION = '''"""next.

Revision: 0002
Follows: 0001
"""

import time

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this migration."""
'''

EACH = pytest.mark.parametrize("machine", ["caddy", "none"], indirect=True)
WITH_PROXY = pytest.mark.parametrize("machine", ["caddy"], indirect=True)

pytestmark = [pytest.mark.delivery, pytest.mark.timeout(1200)]


@dataclass(slots=True)
class Machine:
    """A machine with a deployed service.

    Attributes:
        compose: Its containers.
        project: The service.
        report: Lines that are printed at the end.
    """

    compose: Compose
    project: Project
    report: list[str]
    _built: set[str] = field(default_factory=set)

    @property
    def proxy(self) -> str:
        """The proxy, or none."""
        return str(self.project.answers["proxy"])

    @property
    def url(self) -> str:
        """Where clients reach the service."""
        name = "HTTP_PORT" if self.proxy == "caddy" else "PORT"
        return f"http://127.0.0.1:{self.compose.variables[name]}"

    def image(self, release: str) -> str:
        """The image of a release, which is built if it does not exist."""
        image = f"{self.compose.name}:{release}"
        if release not in self._built:
            done, _ = self.compose.engine.build(self.project.folder, image, GIT_SHA=release)
            assert done.returncode == 0, done.stderr[-5000:]
            self._built.add(release)
        return image

    def begin(self, release: str) -> subprocess.Popen[str]:
        """Start to deploy a release."""
        variables = {
            "COMPOSE_FILE": ":".join(map(str, self.compose.files)),
            "COMPOSE_PROJECT_NAME": self.compose.name or "",
            **self.compose.variables,
        }
        return subprocess.Popen(
            ["deploy/compose/deploy.sh", self.image(release)],
            cwd=self.project.folder,
            env={**os.environ, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            # Where the tests run in the background, SIGINT is ignored.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    def deploy(self, release: str) -> tuple[int, str]:
        """Deploy a release, and return the status and the output of the command."""
        process = self.begin(release)
        output, _ = process.communicate(timeout=DEPLOY_SECONDS)
        return process.returncode, output

    def running(self) -> dict[str, Counter[str]]:
        """How many containers of each release run, by service of the project."""
        found: dict[str, Counter[str]] = {}
        for name in ("web", "worker", "relay"):
            ids = self.compose.ok("ps", "--quiet", name).split()
            images = [self.compose.engine.inspect(each)["Config"]["Image"] for each in ids]
            found[name] = Counter(image.rpartition(":")[2] for image in images)
        return found

    def runs(self, release: str, copies: int = 1) -> bool:
        """Whether each service has containers of one release only."""
        counts = {"web": copies, "worker": 1, "relay": 1}
        return self.running() == {name: Counter({release: n}) for name, n in counts.items()}

    @contextmanager
    def visited(self, what: str) -> Iterator[Visitors]:
        """Send requests for the duration of the context, and report what became of them."""
        visitors = Visitors(self.url)
        visitors.start()
        try:
            time.sleep(1)
            yield visitors
            time.sleep(1)
        finally:
            visitors.stop()
        self.report.append(
            f"proxy {self.proxy}, {what}: {len(visitors.responses)} requests, "
            f"{visitors.lost()} lost, at most {visitors.longest_gap():.2f} s without a response"
        )


@pytest.fixture(scope="module")
def machine(
    request: pytest.FixtureRequest, template: Path, engine: Engine, report: list[str]
) -> Iterator[Machine]:
    with generated(template, "standard", proxy=request.param) as project:
        configure(project, ADDRESSES)
        servers = project.folder.parent / "servers.yaml"
        servers.write_text(yaml.safe_dump({"services": SERVERS | OWN}))
        compose = Compose(
            engine,
            project.folder,
            [project.folder / "compose.prod.yaml", servers],
            name=f"delivery-deploy-{request.param}",
            HTTP_PORT=str(free_port()),
            HTTPS_PORT=str(free_port()),
            PORT=str(free_port()),
        )
        machine = Machine(compose, project, report)
        compose.variables["IMAGE"] = machine.image("first")
        try:
            compose.images()
            status, output = machine.deploy("first")
            assert status == 0, output
            yield machine
        finally:
            compose("down", "--volumes", "--timeout=10")
            tags = engine.ok("images", "--quiet", compose.name or "").split()
            engine("image", "rm", "--force", *tags)


@pytest.fixture
def deployed(machine: Machine) -> Machine:
    """The machine with the first release."""
    if not machine.runs("first"):
        status, output = machine.deploy("first")
        assert status == 0, output
    assert machine.runs("first")
    return machine


@contextmanager
def changed(machine: Machine, path: str, text: str) -> Iterator[None]:
    """Add a text to the end of a file of the package for the duration of the context."""
    file = machine.project.source / path
    before = file.read_text() if file.exists() else None
    file.write_text((before or "") + text)
    try:
        yield
    finally:
        if before is None:
            file.unlink()
        else:
            file.write_text(before)


@EACH
def test_a_release_takes_the_place_of_another(deployed: Machine) -> None:
    with deployed.visited("a good release") as visitors:
        status, output = deployed.deploy("good")
    assert status == 0, output
    assert deployed.runs("good")
    assert visitors.longest_gap() < GAP_SECONDS[deployed.proxy]
    if deployed.proxy == "caddy":
        assert visitors.lost() == 0, (visitors.statuses(), visitors.errors)
    with deployed.visited("back to the release before") as visitors:
        status, output = deployed.deploy("first")
    assert status == 0, output
    assert deployed.runs("first")
    if deployed.proxy == "caddy":
        assert visitors.lost() == 0, (visitors.statuses(), visitors.errors)


@EACH
@pytest.mark.parametrize(
    ("release", "path", "text", "why"),
    [
        (
            "unmigratable",
            "migrations/v0002_next.py",
            f'{MIGRATION}    op.execute(sa.text("SELECT wrong"))\n',
            "The migrations failed",
        ),
        ("broken", "web/notes.py", "\nraise RuntimeError\n", "still runs."),
    ],
)
def test_a_failing_release_changes_nothing(
    release: str, path: str, text: str, why: str, deployed: Machine
) -> None:
    with changed(deployed, path, text):
        deployed.image(release)
    with deployed.visited(f"a release that is {release}") as visitors:
        status, output = deployed.deploy(release)
    assert status == 1, output
    assert why in output
    assert visitors.lost() == 0, (visitors.statuses(), visitors.errors)
    assert deployed.runs("first")


@WITH_PROXY
def test_a_slow_migration_is_waited_for(deployed: Machine) -> None:
    text = f"{MIGRATION}    time.sleep(5)\n"
    with changed(deployed, "migrations/v0002_next.py", text):
        deployed.image("slow")
    with deployed.visited("a slow migration") as visitors:
        status, output = deployed.deploy("slow")
    assert status == 0, output
    assert deployed.runs("slow")
    assert visitors.lost() == 0, (visitors.statuses(), visitors.errors)


@WITH_PROXY
def test_a_release_waits_for_a_database_that_is_away(deployed: Machine) -> None:
    deployed.compose.ok("stop", "postgresql")
    with deployed.visited("the database away for 5 s") as visitors:
        process = deployed.begin("good")
        time.sleep(5)
        assert process.poll() is None
        assert deployed.runs("first")
        deployed.compose.ok("start", "postgresql")
        output, _ = process.communicate(timeout=DEPLOY_SECONDS)
    assert process.returncode == 0, output
    assert deployed.runs("good")
    # Without the database, the service responds with 503.
    assert set(visitors.statuses()) <= {200, 201, 503}


@WITH_PROXY
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_an_interrupted_deployment_is_repeated(number: int, deployed: Machine) -> None:
    # It takes seconds to start, so that the deployment is half way when it is interrupted.
    with changed(deployed, "web/notes.py", "\nimport time\n\ntime.sleep(5)\n"):
        deployed.image("starts-slowly")
    with deployed.visited(f"{signal.Signals(number).name} half way") as visitors:
        process = deployed.begin("starts-slowly")
        until(lambda: deployed.running()["web"]["starts-slowly"] > 0, 60)
        os.killpg(process.pid, number)
        process.communicate(timeout=60)
    assert process.returncode != 0
    assert visitors.lost() == 0, (visitors.statuses(), visitors.errors)
    assert all(releases["first"] for releases in deployed.running().values())
    status, output = deployed.deploy("good")
    assert status == 0, output
    assert deployed.runs("good")


@WITH_PROXY
def test_as_many_containers_run_as_before(deployed: Machine) -> None:
    deployed.compose.variables["IMAGE"] = deployed.image("first")
    deployed.compose.ok("up", "--detach", "--wait", "--no-recreate", "--scale", "web=3")
    with deployed.visited("three web processes") as visitors:
        status, output = deployed.deploy("good")
    assert status == 0, output
    assert deployed.runs("good", copies=3)
    assert visitors.lost() == 0, (visitors.statuses(), visitors.errors)
    status, output = deployed.deploy("first")
    deployed.compose.ok("up", "--detach", "--wait", "--no-recreate", "--scale", "web=1")


@WITH_PROXY
def test_only_one_deployment_runs_at_a_time(deployed: Machine) -> None:
    process = deployed.begin("good")
    time.sleep(1)
    status, output = deployed.deploy("good")
    assert status == 1
    assert output.strip().splitlines()[-1].startswith("Another deployment is running")
    process.communicate(timeout=DEPLOY_SECONDS)
    assert process.returncode == 0


@WITH_PROXY
def test_without_an_image_the_command_says_what_it_needs(machine: Machine) -> None:
    script = machine.project.folder / "deploy" / "compose" / "deploy.sh"
    done = subprocess.run([script], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("Name the image to deploy")
