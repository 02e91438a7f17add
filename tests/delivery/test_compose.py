"""The Compose files of a generated service: for development, and for production on one machine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest
import yaml

from tests.delivery.engine import Compose, Engine, machine_arguments
from tests.delivery.projects import Project, change_title, generated, shown_title
from tests.delivery.tools import must
from tools import try_service
from tools.ports import free_port
from tools.try_service import call, dev, is_ready, wait_until_ready

T = TypeVar("T")

SETS = ["standard", "complete"]
PASSWORD = "a-password-of-its-own"
GRACE_SECONDS = 30
# The start period of the image's health check.
READY_SECONDS = 60
# Addresses of the backing services for production, in the test's own network.
SERVERS = {
    "postgresql": {
        "image": "postgres:18",
        "environment": {
            "POSTGRES_DB": "app",
            "POSTGRES_PASSWORD": PASSWORD,
            "POSTGRES_USER": "app",
        },
    },
    "valkey": {"image": "valkey/valkey:9.0"},
}
BUCKET = "files"
# A bucket is a subfolder of the served folder.
STORE = {
    "command": ["serve", "s3", "/store", "--addr=:8080", f"--auth-key=ada,{PASSWORD}"],
    "image": "rclone/rclone:1.75",
    "tmpfs": [f"/store/{BUCKET}"],
}
STORAGE = {
    "S3_ACCESS_KEY_ID": "ada",
    "S3_ENDPOINT": "http://store:8080",
    "S3_SECRET_ACCESS_KEY": PASSWORD,
    "STORAGE_URL": f"s3://{BUCKET}",
}
SECRET = {"DATABASE_URL", "REDIS_URL", "S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY"}
ADDRESSES = {
    "DATABASE_URL": f"postgresql://app:{PASSWORD}@postgresql/app",
    "REDIS_URL": "redis://valkey/0",
}

pytestmark = [pytest.mark.delivery, pytest.mark.timeout(1200)]


@pytest.fixture(scope="module", params=SETS)
def project(request: pytest.FixtureRequest, template: Path) -> Iterator[Project]:
    with generated(template, request.param) as project:
        yield project


@pytest.fixture(scope="module")
def development(project: Project, engine: Engine, report: list[str]) -> Iterator[Compose]:
    """The containers of `docker compose up`, with this machine's build arguments."""
    for line in (project.folder / "Dockerfile").read_text().splitlines():
        if line.startswith("FROM ") and ":" in line:
            engine.ensure_image(line.split()[1])
    files = [project.folder / name for name in ("compose.yaml", "compose.override.yaml")]
    arguments = {"build": {"args": machine_arguments()}}
    services = yaml.safe_load(files[0].read_text())["services"]
    built = {name: arguments for name, service in services.items() if "build" in service}
    files.append(project.folder.parent / "machine.yaml")
    files[-1].write_text(yaml.safe_dump({"services": built}))
    compose = Compose(
        engine, project.folder, files, name=f"delivery-{project.name}-dev", PORT=str(free_port())
    )
    try:
        compose.images()
        begun = time.monotonic()
        compose.ok("up", "--build", "--detach", "--wait")
        report.append(f"{project.name}: compose.yaml up in {time.monotonic() - begun:.1f} s")
        yield compose
    finally:
        compose("down", "--volumes", "--rmi=local", "--timeout=10")


@pytest.fixture(scope="module")
def production(project: Project, engine: Engine, report: list[str]) -> Iterator[Compose]:
    """The containers of `docker compose --file compose.prod.yaml up`, with backing services."""
    image = f"delivery-{project.name}-prod"
    done, _ = engine.build(project.folder, image, VERSION="0.1.0")
    assert done.returncode == 0, done.stderr[-5000:]
    configure(project, ADDRESSES)
    servers = project.folder.parent / "servers.yaml"
    servers.write_text(yaml.safe_dump(around(project)))
    port = str(free_port())
    compose = Compose(
        engine,
        project.folder,
        [project.folder / "compose.prod.yaml", servers],
        name=image,
        IMAGE=image,
        PORT=port,
        # The port of the proxy, for projects that have one.
        HTTP_PORT=port,
        HTTPS_PORT=str(free_port()),
    )
    try:
        compose.images()
        begun = time.monotonic()
        compose.ok("up", "--detach", "--wait")
        report.append(f"{project.name}: compose.prod.yaml up in {time.monotonic() - begun:.1f} s")
        yield compose
    finally:
        compose("down", "--volumes", "--timeout=10")
        engine("image", "rm", "--force", image)


def around(project: Project) -> dict[str, Any]:
    """A Compose file with backing services, and with secrets that only some deployments have."""
    if project.answers["object_storage"] == "none":
        return {"services": SERVERS}
    added: dict[str, Any] = {"services": {**SERVERS, "store": STORE}}
    if project.answers["secrets"] == "files":
        names = [name.lower() for name in STORAGE if name in SECRET]
        added["secrets"] = {name: {"file": f"secrets/{name}"} for name in names}
        added["services"] |= {name: {"secrets": names} for name in ("release", "web", "worker")}
    return added


def configure(project: Project, addresses: dict[str, str]) -> None:
    """Configure a project for production as its docs say."""
    settings = {"NOTE_KEEP_DAYS": "7", **addresses}
    if project.answers["object_storage"] != "none":
        settings |= STORAGE
    if project.answers["secrets"] == "files":
        folder = project.folder / "secrets"
        folder.mkdir(exist_ok=True)
        for name in SECRET & settings.keys():
            file = folder / name.lower()
            file.write_text(f"{settings.pop(name)}\n")
            file.chmod(0o444)
    lines = [f"{name}='{value}'\n" for name, value in settings.items()]
    (project.folder / "production.env").write_text("".join(lines))


def url(compose: Compose) -> dict[str, Any]:
    return {"url": f"http://127.0.0.1:{compose.variables['PORT']}"}


def works(compose: Compose, project: Project) -> None:
    """Send a request, let the worker run a job, and run a one-off command."""
    service = url(compose)
    one_off = ["run", "--rm", "--no-deps", "-T", "web"]
    owner = []
    if "users" in project.answers["example_parts"]:
        compose.ok(*one_off, *try_service.NEW_USER, text=f"{try_service.PASSWORD}\n")
        try_service.log_in(service)
        owner = ["--owner", try_service.EMAIL]
    made = call(service, "POST", "/notes", {"title": "First", "body": "hello hello world"})
    assert call(service, "GET", f"/notes/{made['id']}")["title"] == "First"
    words = ["exec", "-T", "worker", project.name, "run", "report_words", "--enqueue", "--wait"]
    assert json.loads(compose.ok(*words))["total"] >= 3
    created = compose.ok(*one_off, "admin", "create", "Second", *owner)
    assert call(service, "GET", f"/notes/{created.splitlines()[-1]}")["title"] == "Second"


def test_development_runs_everything(development: Compose, project: Project) -> None:
    works(development, project)
    assert development.container("migrate")["State"]["ExitCode"] == 0


def test_development_rebuilds_after_a_change(
    development: Compose, project: Project, report: list[str]
) -> None:
    watching = subprocess.Popen(
        ["docker", *development.words, "watch", "--no-up"],
        cwd=project.folder,
        env={**os.environ, **development.variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert watching.stdout is not None
    try:
        for line in watching.stdout:
            if "watch" in line.lower():
                break
        time.sleep(2)
        change_title(project, "Changed")
        begun = time.monotonic()
        until(lambda: shown_title(url(development)) == "Changed", 90)
        report.append(
            f"{project.name}: a changed source file served after {time.monotonic() - begun:.1f} s"
        )
    finally:
        os.killpg(watching.pid, signal.SIGKILL)
        watching.communicate()


def test_production_runs_everything(production: Compose, project: Project) -> None:
    works(production, project)
    ready = call(url(production), "GET", "/health/ready")
    assert "database" in ready["checks"]
    assert all(check["ok"] for check in ready["checks"].values())


def test_production_migrates_before_other_processes_start(production: Compose) -> None:
    release = production.container("release")["State"]
    assert release["ExitCode"] == 0
    for name in ("web", "worker"):
        assert moment(production.container(name)["State"]["StartedAt"]) >= moment(
            release["FinishedAt"]
        )


def test_a_container_is_ready_in_time(
    production: Compose, project: Project, report: list[str]
) -> None:
    production.ok("up", "--detach", "--no-deps", "--force-recreate", "web")
    started = moment(production.container("web")["State"]["StartedAt"])
    until(lambda: is_ready(url(production)), READY_SECONDS)
    container = (datetime.now(UTC) - started).total_seconds()
    must("uv", "sync", "--frozen", "--quiet", folder=project.folder)
    # If the tests run as root, the database server of `dev` runs as another user.
    project.folder.parent.chmod(0o755)
    seconds = []
    for _ in range(2):
        begun = time.monotonic()
        with dev(project.folder) as service:
            wait_until_ready(service)
            seconds.append(time.monotonic() - begun)
    report.append(
        f"{project.name}: a container of web is ready {container:.1f} s after its start; `dev` is "
        f"{seconds[0]:.1f} s after its first start and {seconds[1]:.1f} s after its second"
    )


@pytest.mark.parametrize("name", ["web", "worker"])
def test_production_is_hardened_and_bounded(name: str, production: Compose) -> None:
    container = production.container(name)
    host = container["HostConfig"]
    assert container["State"]["Health"]["Status"] == "healthy"
    assert host["ReadonlyRootfs"] is True
    assert host["CapDrop"] == ["ALL"]
    assert host["SecurityOpt"] == ["no-new-privileges:true"]
    assert host["RestartPolicy"]["Name"] == "unless-stopped"
    assert (host["Memory"], host["NanoCpus"], host["PidsLimit"]) == (512 * 2**20, 10**9, 256)
    assert host["LogConfig"]["Type"] == "local"
    assert host["Privileged"] is False


def test_production_shows_no_secret(production: Compose, project: Project) -> None:
    assert PASSWORD not in production.ok("logs", "release", "web", "worker")
    assert PASSWORD not in production.ok("exec", "-T", "web", project.name, "config")
    if project.answers["secrets"] == "files":
        # Users who may inspect containers see their environment.
        assert PASSWORD not in json.dumps(production.container("web"))


def test_production_stops_in_time_and_in_order(production: Compose, report: list[str]) -> None:
    begun = time.monotonic()
    production.ok("stop", "web", "worker")
    seconds = time.monotonic() - begun
    assert seconds < GRACE_SECONDS
    for name in ("web", "worker"):
        assert production.container(name)["State"]["ExitCode"] == 0
    report.append(f"{production.variables['IMAGE']}: production stopped in {seconds:.1f} s")


def test_production_starts_no_process_if_the_release_step_fails(
    production: Compose, project: Project
) -> None:
    production.ok("rm", "--force", "--stop", "web", "worker", "release")
    wrong = {**ADDRESSES, "DATABASE_URL": ADDRESSES["DATABASE_URL"].replace(PASSWORD, "wrong")}
    configure(project, wrong)
    hurried = project.folder.parent / "hurried.yaml"
    hurried.write_text(
        yaml.safe_dump({"services": {"release": {"command": ["db", "upgrade", "--wait", "1"]}}})
    )
    compose = Compose(
        production.engine,
        project.folder,
        [*production.files, hurried],
        name=production.name,
        **production.variables,
    )
    done = compose("up", "--detach", "--wait")
    assert done.returncode != 0
    assert compose.container("release")["State"]["ExitCode"] == 1
    assert "The database cannot be reached" in compose.ok("logs", "release")
    assert compose.container("web")["State"]["Status"] == "created"


def test_without_an_image_production_names_the_variable(project: Project, engine: Engine) -> None:
    compose = Compose(engine, project.folder, [project.folder / "compose.prod.yaml"], IMAGE="")
    done = compose("config")
    assert done.returncode != 0
    assert len(done.stderr.strip().splitlines()) == 1
    assert "IMAGE" in done.stderr
    assert "set it to the image to run" in done.stderr


def moment(text: str) -> datetime:
    # The engine prints nanoseconds, which Python cannot parse.
    return datetime.fromisoformat(f"{text[:26].rstrip('Z')}+00:00")


def until(found: Callable[[], T], seconds: float) -> T:
    """Poll until a result is true, and return it."""
    deadline = time.monotonic() + seconds
    while not (result := found()):
        assert time.monotonic() < deadline, f"timed out after {seconds} s"
        time.sleep(0.3)
    return result
