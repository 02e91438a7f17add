"""`make try`: generate a service, run it, send requests to it, and run a job.

With CI set it ends after the check, with status 0 only if all requests and the job succeeded.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from tools.ports import free_port

ROOT = Path(__file__).parents[1]
READY_SECONDS = 120
JOB_SECONDS = 30
STOP_SECONDS = 30
EMAIL = "ada@example.org"
PASSWORD = "correct horse battery staple"

# The words of the command that creates the user; it reads the password from stdin.
NEW_USER = ("admin", "create-user", EMAIL, "--password-stdin")


class Failed(Exception):
    """A step failed; the message says why."""


def main() -> int:
    """Run the command, and return its exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dest", type=Path, default=ROOT / "build" / "try")
    parser.add_argument("--answers", default="")
    options = parser.parse_args()
    in_ci = bool(os.environ.get("CI"))
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        project = options.dest.absolute()
        generate(project, options.answers, ask=sys.stdin.isatty() and not in_ci)
        say("Installing its dependencies ...")
        run([uv(), "sync", "--quiet", "--python", sys.executable], project)
        with dev(project) as service:
            check(project, service)
            if not in_ci:
                stay(service)
    except Failed as error:
        print(f"make try: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0 if not in_ci else 130
    return 0


def generate(project: Path, answers: str, *, ask: bool) -> None:
    """Generate the service.

    Args:
        project: Its folder; an earlier one in build/ is replaced.
        answers: Data file with answers; empty for none.
        ask: Whether to ask the questions instead of using their defaults.
    """
    if answers and not Path(answers).is_file():
        raise Failed(f"there is no file {answers}: set ANSWERS to one of tests/answers/*.yml")
    if project.is_dir() and any(project.iterdir()):
        if not project.is_relative_to(ROOT / "build"):
            raise Failed(f"{project} is not empty: set DEST to a new folder")
        shutil.rmtree(project)
    say(f"Generating a service in {project} ...")
    command = [sys.executable, "-m", "copier", "copy", "--trust", "--quiet", "--vcs-ref", "HEAD"]
    if not ask:
        command.append("--defaults")
    if answers:
        command += ["--data-file", str(Path(answers).absolute())]
    run([*command, str(ROOT), str(project)], ROOT)


@contextmanager
def dev(project: Path, variables: Mapping[str, str] = os.environ) -> Iterator[dict[str, Any]]:
    """Run the service's `dev` command for the duration of the context.

    Args:
        project: Root of the project.
        variables: Environment of the command; without PORT, a free port is used.

    Returns:
        Its answers, `command`, `url` and `process`.
    """
    answers = yaml.safe_load((project / ".copier-answers.yml").read_text())
    service = {
        **answers,
        "command": [uv(), "run", "--no-sync", answers["distribution_name"]],
        "url": f"http://127.0.0.1:{variables.get('PORT') or free_port(8000)}",
    }
    environment = {**variables, "PORT": service["url"].rpartition(":")[2]}
    say("Starting it ...")
    process = subprocess.Popen(
        [*service["command"], "dev"], cwd=project, env=environment, start_new_session=True
    )
    service["process"] = process
    try:
        yield service
    finally:
        end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    """Stop a process, and by force also its children if it takes too long.

    Args:
        process: Leader of its session.
    """
    # To the command only, as by Ctrl-C on a terminal.
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def check(project: Path, service: dict[str, Any]) -> None:
    """Send requests to the service, and run a job.

    Args:
        project: Root of the project.
        service: The service, as `dev` returned it.
    """
    has_database = service["database"] != "none"
    if service["processes"] != "worker":
        wait_until_ready(service)
        if "users" in service["example_parts"]:
            create_user(project, service)
            log_in(service)
            say(f"Created the user {EMAIL} with the password {PASSWORD!r}, and logged in")
        if has_database:
            made = call(service, "POST", "/notes", {"title": "First", "body": "hello hello world"})
            note = call(service, "GET", f"/notes/{made['id']}")
            say(f"Made a note and read it back: {note['title']!r}")
        elif service["processes"] == "web":
            words = call(service, "POST", "/counts", {"text": "hello hello world"})
            say(f"Counted words: {words}")
        title = call(service, "GET", "/schema/openapi.json")["info"]["title"]
        say(f"{title} is at {service['url']}, its API at {service['url']}/schema")
    if service["processes"] != "web":
        wait_for(lambda: (project / ".dev" / "env").exists(), service, "its broker to start")
        job = ["report_words"] if has_database else ["count_text", "text=hello hello world"]
        done = subprocess.run(
            [*service["command"], "run", *job, "--enqueue", "--wait"],
            cwd=project,
            capture_output=True,
            text=True,
            timeout=JOB_SECONDS,
            check=False,
        )
        if done.returncode:
            raise Failed(f"the job failed: {done.stderr.strip()}")
        say(f"A worker ran the job {job[0]}: {json.dumps(json.loads(done.stdout))}")


def create_user(project: Path, service: dict[str, Any]) -> None:
    """Create a user with `EMAIL` and `PASSWORD`.

    Args:
        project: Root of the project.
        service: The service, as `dev` returned it.
    """
    done = subprocess.run(
        [*service["command"], *NEW_USER],
        cwd=project,
        input=f"{PASSWORD}\n",
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Failed(f"no user was created: {done.stderr.strip()}")


def log_in(service: dict[str, Any]) -> None:
    """Log the user in, so that later calls are theirs.

    Args:
        service: The service with its `url`; gets `headers`.
    """
    credentials = json.dumps({"email": EMAIL, "password": PASSWORD}).encode()
    request = urllib.request.Request(f"{service['url']}/auth/login", credentials, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            cookie, tokens = response.headers["Set-Cookie"], json.load(response)
    except urllib.error.HTTPError as error:
        raise Failed(f"the login returned {error.code}: {error.read()[:200]!r}") from None
    service["headers"] = (
        {"Cookie": cookie.partition(";")[0]}
        if cookie
        else {"Authorization": f"Bearer {tokens['access_token']}"}
    )


def stay(service: dict[str, Any]) -> None:
    """Wait until the service ends or Ctrl-C is pressed."""
    say("It runs until you press Ctrl-C.")
    service["process"].wait()


def wait_until_ready(service: dict[str, Any]) -> None:
    """Wait until the service is ready for requests."""
    wait_for(lambda: is_ready(service), service, "/health/ready to return 200")


def is_ready(service: dict[str, Any]) -> bool:
    """Whether the service is ready for requests."""
    try:
        call(service, "GET", "/health/ready")
    except (Failed, OSError):
        return False
    return True


def wait_for(found: Any, service: dict[str, Any], what: str) -> None:
    """Poll until a condition is true."""
    deadline = time.monotonic() + READY_SECONDS
    while not found():
        if service["process"].poll() is not None:
            raise Failed("`dev` has exited; its output above says why")
        if time.monotonic() > deadline:
            raise Failed(f"timed out after {READY_SECONDS} s, waiting for {what}")
        time.sleep(0.2)


def call(service: dict[str, Any], method: str, path: str, data: object = None) -> Any:
    """Send a request, and return its JSON."""
    body = None if data is None else json.dumps(data).encode()
    headers = service.get("headers", {})
    request = urllib.request.Request(service["url"] + path, body, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return json.load(response)
    except urllib.error.HTTPError as error:
        raise Failed(f"{method} {path} returned {error.code}: {error.read()[:200]!r}") from None


def run(command: list[str], folder: Path) -> None:
    """Run a command until it ends."""
    if subprocess.run(command, cwd=folder, check=False).returncode:
        raise Failed(f"`{Path(command[0]).name} {command[1]}` failed; its message is above")


def uv() -> str:
    """The uv of this repository's environment."""
    return str(Path(sys.executable).with_name("uv"))


def say(message: str) -> None:
    """Print a message about progress."""
    print(f"--- {message}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
