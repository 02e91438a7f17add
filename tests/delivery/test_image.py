"""The image of a generated service: its contents, its processes, and builds that are refused."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.delivery.engine import Done, Engine
from tests.delivery.projects import Project, generated

COMMIT = "0123456789abcdef0123456789abcdef01234567"
BUILD_TIME = "2026-01-31T12:00:00Z"
RELEASE = "0.1.0+0123456789ab.20260131T120000Z"
CANARY = "canary-that-no-image-may-hold"
LARGEST = 1.15
HEALTHY_SECONDS = 90
# The grace period of `docker stop`.
GRACE_SECONDS = 10
HARDENED = ["--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges"]
# Addresses at which no server listens.
NOWHERE = {
    "DATABASE_URL": "postgresql://app:secret-of-its-own@127.0.0.1:9/app",
    "REDIS_URL": "redis://:secret-of-its-own@127.0.0.1:9/0",
}
# Run in the image, to list its contents.
LOOK = """
import json, os, shutil
found, size = [], 0
for folder, _, names in os.walk("/"):
    if folder.startswith(("/proc", "/sys")):
        continue
    for name in names:
        path = os.path.join(folder, name)
        if name.startswith(".env"):
            found.append(path)
        if folder.startswith("/app") and not os.path.islink(path):
            size += os.path.getsize(path)
        if folder.startswith(("/app", "/build", "/data")) and not os.path.islink(path):
            with open(path, "rb") as file:
                if CANARY in file.read():
                    found.append(path)
tools = ["cc", "curl", "gcc", "make", "pytest", "ruff", "uv", "wget"]
print(json.dumps({
    "found": found,
    "size": size,
    "tools": [tool for tool in tools if shutil.which(tool)],
    "user": [os.getuid(), os.getgid()],
    "writable": [path for path in ("/app", "/", "/usr/local/lib") if os.access(path, os.W_OK)],
}))
"""

# Run in a container, to suspend the processes that the first one started.
STOP_ALL_BUT_ME = """
import os, signal
for name in os.listdir("/proc"):
    if name.isdigit() and int(name) not in (1, os.getpid()):
        os.kill(int(name), signal.SIGSTOP)
"""

pytestmark = [pytest.mark.delivery, pytest.mark.timeout(1200)]


@dataclass(frozen=True, slots=True)
class Built:
    """A project and its image."""

    project: Project
    image: str
    seconds: float


@pytest.fixture(scope="module", params=["standard", "complete"])
def built(
    request: pytest.FixtureRequest, template: Path, engine: Engine, report: list[str]
) -> Iterator[Built]:
    """The image, built without cache from a folder that contains secrets."""
    image = f"delivery-{request.param}"
    with generated(template, request.param) as project:
        (project.folder / ".env").write_text(f"LOG_LEVEL={CANARY}\n")
        (project.source / ".env.local").write_text(f"LOG_LEVEL={CANARY}\n")
        arguments = {"VERSION": "0.1.0", "GIT_SHA": COMMIT, "BUILD_TIME": BUILD_TIME}
        done, seconds = engine.build(project.folder, image, "--no-cache", **arguments)
        assert done.returncode == 0, done.stderr[-5000:]
        report.append(f"{image}: built without cache in {seconds:.1f} s")
        yield Built(project, image, seconds)
    engine("image", "rm", "--force", image)


@pytest.fixture
def run(built: Built, engine: Engine) -> Callable[..., Done]:
    """Run a command of the image until it ends."""
    return lambda *words, options=(): engine("run", "--rm", *options, built.image, *words)


@contextmanager
def running(
    engine: Engine, image: str, *words: str, options: list[str] | None = None
) -> Iterator[str]:
    """Run a container of a process that cannot reach its backing services."""
    variables = [f"--env={name}={value}" for name, value in NOWHERE.items()]
    container = engine.ok("run", "--detach", *variables, *(options or HARDENED), image, *words)
    try:
        yield container
    finally:
        engine("rm", "--force", container)


def wait_until_healthy(engine: Engine, container: str) -> float:
    """Wait for the image's health check to succeed, and return the time in s."""
    begun = time.monotonic()
    while time.monotonic() - begun < HEALTHY_SECONDS:
        state = engine.inspect(container)["State"]
        assert state["Running"], engine("logs", container)
        if state["Health"]["Status"] == "healthy":
            return time.monotonic() - begun
        time.sleep(0.2)
    raise AssertionError(f"{state['Health']}\n{engine('logs', container)}")


def events(engine: Engine, container: str) -> list[dict[str, Any]]:
    lines = engine.ok("logs", container).splitlines()
    return [json.loads(line) for line in lines]


def test_the_image_is_not_larger_than_its_parts(
    built: Built, engine: Engine, report: list[str]
) -> None:
    looked = look(engine, built.image)
    image = engine.inspect(built.image)
    base = engine.inspect(base_of(built.project))
    ratio = image["Size"] / (base["Size"] + looked["size"])
    layers = engine.ok("history", "--format", "{{.Size}} {{.CreatedBy}}", built.image).splitlines()
    report.append(
        f"{built.image}: {image['Size'] / 1e6:.0f} MB = {ratio:.3f} x (base "
        f"{base['Size'] / 1e6:.0f} MB + environment {looked['size'] / 1e6:.0f} MB)"
    )
    report.extend(f"    {layer[:90]}" for layer in layers if not layer.startswith("0B "))
    assert ratio <= LARGEST


def test_the_image_has_no_secrets_no_tools_and_no_root(built: Built, engine: Engine) -> None:
    looked = look(engine, built.image)
    assert looked["found"] == []
    assert looked["tools"] == []
    assert looked["writable"] == []
    assert looked["user"] == [10001, 10001]
    assert CANARY not in engine.ok("history", "--no-trunc", built.image)


def test_the_image_has_labels_of_its_source(built: Built, engine: Engine) -> None:
    labels = engine.inspect(built.image)["Config"]["Labels"]
    answers = built.project.answers
    named = {
        name.removeprefix("org.opencontainers.image."): value for name, value in labels.items()
    }
    assert named["title"] == answers["project_name"]
    assert named["description"] == answers["description"]
    assert named["licenses"] == answers["license"]
    assert (named["version"], named["revision"], named["created"]) == ("0.1.0", COMMIT, BUILD_TIME)


@pytest.mark.parametrize("name", ["web", "worker"])
def test_a_process_runs_hardened_names_its_release_and_ends_in_time(
    name: str, built: Built, engine: Engine, report: list[str]
) -> None:
    with running(engine, built.image, name) as container:
        seconds = wait_until_healthy(engine, container)
        health = engine.ok("exec", container, built.project.name, "health")
        assert json.loads(health) == {"status": "ok", "release": RELEASE}
        # Only the readiness check reports an unavailable backing service.
        ready = engine("exec", container, built.project.name, "health", "--ready")
        assert ready.returncode == 1
        assert "503" in ready.stderr
        begun = time.monotonic()
        engine.ok("stop", container)
        stopped = time.monotonic() - begun
        assert engine.inspect(container)["State"]["ExitCode"] == 0
        logged = events(engine, container)
        assert logged
        assert {event["release"] for event in logged} == {RELEASE}
        assert "secret-of-its-own" not in str(logged)
    assert stopped < GRACE_SECONDS
    report.append(
        f"{built.image}: {name} healthy after {seconds:.1f} s, stopped in {stopped:.1f} s"
    )


def test_a_hanging_process_becomes_unhealthy(built: Built, engine: Engine) -> None:
    with running(engine, built.image, "web") as container:
        wait_until_healthy(engine, container)
        engine.ok("exec", container, "python", "-c", STOP_ALL_BUT_ME)
        asked = engine("exec", container, built.project.name, "health")
        assert asked.returncode == 1
        assert "TimeoutError" in asked.stderr


def test_no_process_needs_a_shell(built: Built, engine: Engine) -> None:
    bare = f"{built.image}-bare"
    remove = (
        "import os, shutil\n"
        "for name in ('bash', 'dash', 'sh'):\n"
        "    while path := shutil.which(name):\n"
        "        os.remove(path)\n"
    )
    dockerfile = (
        f"FROM {built.image}\nUSER 0:0\nRUN {json.dumps(['python', '-c', remove])}\n"
        "USER 10001:10001\n"
    )
    engine.ok("build", f"--tag={bare}", "-", text=dockerfile)
    try:
        assert engine("run", "--rm", "--entrypoint=sh", bare, "-c", "true").returncode == 127
        with running(engine, bare, "web") as container:
            wait_until_healthy(engine, container)
        with running(engine, bare, "worker") as container:
            wait_until_healthy(engine, container)
    finally:
        engine("image", "rm", "--force", bare)


@pytest.mark.parametrize("words", [["web"], ["worker"], ["db", "upgrade"], ["admin", "cleanup"]])
def test_without_settings_a_container_exits_and_names_them(
    words: list[str], run: Callable[..., Done]
) -> None:
    begun = time.monotonic()
    done = run(*words)
    assert time.monotonic() - begun < 15
    assert done.returncode == 2
    named = [line.partition(" ")[0] for line in done.stderr.splitlines()]
    assert named == ["DATABASE_URL", "REDIS_URL"]


def test_an_upgrade_waits_for_its_database_before_it_fails(run: Callable[..., Done]) -> None:
    variables = [f"--env={name}={value}" for name, value in NOWHERE.items()]
    begun = time.monotonic()
    done = run("db", "upgrade", "--wait", "3", options=[*HARDENED, *variables])
    assert 3 <= time.monotonic() - begun < 30
    assert done.returncode == 1
    said = [line for line in done.stderr.splitlines() if not line.startswith("{")]
    assert len(said) == 1
    assert said[0].startswith("The database cannot be reached")
    assert "secret-of-its-own" not in done.stdout + done.stderr


def test_a_rebuild_after_a_source_change_installs_no_packages(
    built: Built, engine: Engine, report: list[str]
) -> None:
    before = engine.inspect(built.image)["RootFS"]["Layers"]
    app = built.project.source / "app.py"
    # A new edit each time, because the engine caches earlier builds.
    app.write_text(f"{app.read_text()}\nCHANGED = {time.time_ns()}\n")
    tag = f"{built.image}-changed"
    done, seconds = engine.build(built.project.folder, tag, VERSION="0.1.0")
    assert done.returncode == 0, done.stderr[-5000:]
    after = engine.inspect(tag)["RootFS"]["Layers"]
    engine("image", "rm", "--force", tag)
    report.append(
        f"{built.image}: built after an edit in {seconds:.1f} s, "
        f"{built.seconds / seconds:.1f} times quicker"
    )
    # Each line of the progress begins with the number of its step.
    [number] = re.findall(r"^#(\d+) \[dependencies \d+/\d+\] RUN", done.stderr, re.MULTILINE)
    assert f"#{number} CACHED" in done.stderr.splitlines()
    kept = [layer for layer in after if layer in before]
    assert len(kept) >= len(after) - 2, "locked dependencies are in separate layers"


def test_two_builds_of_a_commit_have_the_same_layers(built: Built, engine: Engine) -> None:
    tag = f"{built.image}-again"
    before = engine.build(built.project.folder, tag, "--no-cache")[0]
    layers = engine.inspect(tag)["RootFS"]["Layers"]
    # The next commit, of which only the configuration differs.
    after = engine.build(built.project.folder, tag, "--no-cache", GIT_SHA="next")[0]
    assert (before.returncode, after.returncode) == (0, 0), after.stderr[-5000:]
    assert engine.inspect(tag)["RootFS"]["Layers"] == layers
    engine("image", "rm", "--force", tag)


@pytest.fixture(scope="module")
def context(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A project that tests may change after copying it."""
    with generated(template, "standard") as project:
        yield project.folder


def without_lock(project: Path) -> None:
    (project / "uv.lock").unlink()


def stale_lock(project: Path) -> None:
    declared = project / "pyproject.toml"
    text = declared.read_text()
    declared.write_text(text.replace("dependencies = [\n", 'dependencies = [\n    "idna>=3",\n', 1))


def secrets_let_in(project: Path) -> None:
    (project / ".env").write_text("LOG_LEVEL=debug\n")
    (project / ".dockerignore").unlink()


def secrets_in_sources(project: Path) -> None:
    (project / "src" / ".env").write_text("LOG_LEVEL=debug\n")
    (project / ".dockerignore").unlink()


def another_version(project: Path) -> None:
    declared = project / "pyproject.toml"
    text = declared.read_text().replace('version = "0.1.0"', 'version = "0.2.0"', 1)
    declared.write_text(text)
    locked = project / "uv.lock"
    entry = 'name = "orbit"\nversion = '
    locked.write_text(locked.read_text().replace(f'{entry}"0.1.0"', f'{entry}"0.2.0"', 1))


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (without_lock, "The build context has no uv.lock: run 'uv lock' and commit the file."),
        (stale_lock, "To update the lockfile, run `uv lock`."),
        (secrets_let_in, "The build context contains .env: add it to .dockerignore again"),
        (secrets_in_sources, "src contains a .env file: add it to .dockerignore again"),
        (another_version, "VERSION is 0.1.0, but the version in pyproject.toml is 0.2.0: make"),
    ],
)
def test_a_refused_build_is_explained_in_one_sentence(
    spoil: Callable[[Path], None],
    sentence: str,
    context: Path,
    engine: Engine,
    tmp_path: Path,
) -> None:
    project = tmp_path / "project"
    shutil.copytree(context, project)
    spoil(project)
    done, _ = engine.build(project, "delivery-spoilt", VERSION="0.1.0")
    assert done.returncode != 0
    # The output of the step, without the engine's lines, which repeat it.
    step = [line for line in done.stderr.splitlines() if re.match(r"#\d+ \d+\.\d+ ", line)]
    said = [line for line in step if sentence in line]
    assert len(said) == 1, done.stderr[-5000:]
    assert "Traceback" not in done.stderr


def look(engine: Engine, image: str) -> dict[str, Any]:
    script = LOOK.replace("CANARY", repr(CANARY.encode()))
    command = ["run", "--rm", *HARDENED, "--entrypoint=python", image, "-c", script]
    found: dict[str, Any] = json.loads(engine.ok(*command))
    return found


def base_of(project: Project) -> str:
    lines = (project.folder / "Dockerfile").read_text().splitlines()
    [base] = [line.split()[1] for line in lines if line.startswith("FROM python:")]
    return base


# Stands in for the scanner: its database of vulnerabilities is on the internet.
SCANNER = """
import json, os, sys, tarfile
with tarfile.open("/image.tar") as archive:
    [image] = json.load(archive.extractfile("manifest.json"))
print(json.dumps({"tags": image["RepoTags"], "arguments": sys.argv[1:], "root": os.listdir("/")}))
sys.exit(int(os.path.exists("/.grype.yaml")))
"""


def test_the_scanner_gets_the_image_and_the_exceptions(
    engine: Engine, built: Built, tmp_path: Path
) -> None:
    (tmp_path / "scan.py").write_text(SCANNER)
    (tmp_path / "Dockerfile").write_text(
        f'FROM {built.image}\nCOPY scan.py /\nENTRYPOINT ["/app/bin/python", "/scan.py"]\n'
    )
    engine.ok("build", "--tag=scanner", tmp_path)
    project = shutil.copytree(built.project.folder, tmp_path / "project", symlinks=True)

    def scan(*arguments: str) -> Done:
        return subprocess.run(
            [project / "scripts" / "scan_image.sh", *arguments],
            cwd=tmp_path,
            env={**os.environ, "SCANNER": "scanner"},
            capture_output=True,
            text=True,
            check=False,
        )

    done = scan(built.image)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert [tag.removesuffix(":latest") for tag in seen["tags"]] == [built.image]
    assert seen["arguments"] == [
        "docker-archive:/image.tar",
        "--only-fixed",
        "--fail-on",
        "high",
    ]
    assert "project" not in seen["root"]
    (project / ".grype.yaml").write_text("ignore: []\n")
    assert scan(built.image).returncode == 1
    assert not (project / "build" / "image.tar").exists()
    missing = scan("nothing-of-this-name")
    assert missing.returncode != 0
    assert "nothing-of-this-name" in missing.stderr
    assert scan().stderr.startswith("Name the image to scan")
