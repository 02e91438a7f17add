"""Users of a service of release 1.4.0, which is updated and then sends mail."""

from __future__ import annotations

import email
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from email import policy
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest

from tests.rendering import ROOT
from tests.suites import ALL_SECONDS
from tests.suites import run as run_in
from tests.test_generated import BIN, clean_environment, scratch
from tools.ports import free_port

from .published import IDENTITY

__all__ = ["scratch"]
T = TypeVar("T")

RELEASE = "1.4.0"
ADA, EVE = "ada@example.org", "eve@example.org"
PASSWORD, OTHER = "correct horse battery staple", "another horse battery staple"
SECONDS = 60

pytestmark = [pytest.mark.generated, pytest.mark.thorough, pytest.mark.timeout(ALL_SECONDS)]


@pytest.mark.parametrize("authentication", ["session", "jwt"])
def test_users_keep_logins_and_passwords_and_get_mail(
    authentication: str, published: Path, scratch: Path
) -> None:
    project, what = scratch / "project", f"users of {RELEASE} with {authentication}"
    (scratch / "tmp").mkdir()
    port = free_port()
    environment = {
        **clean_environment(),
        **IDENTITY,
        "DATABASE_URL": f"sqlite:///{scratch / 'service.db'}",
        "PORT": str(port),
        "TMPDIR": str(scratch / "tmp"),
        "UV_PYTHON": sys.executable,
    }
    url = f"http://127.0.0.1:{port}"

    def run(*command: str | Path, folder: Path = project, **variables: str) -> None:
        run_in(command, folder, {**environment, **variables}, what)

    def create(user: str) -> None:
        subprocess.run(
            [".venv/bin/orbit", "admin", "create-user", user, "--role=editor", "--password-stdin"],
            cwd=project,
            env=environment,
            input=f"{PASSWORD}\n",
            text=True,
            check=True,
            stdout=subprocess.DEVNULL,
        )

    answers = {"preset": "minimal", "database": "sqlite", "authentication": authentication}
    options = [f"--data={question}={answer}" for question, answer in answers.items()]
    copy = ["copy", "--trust", "--defaults", "--quiet", "--vcs-ref", RELEASE]
    run(BIN / "copier", *copy, *options, published, project, folder=scratch)
    run(BIN / "uv", "sync", "--frozen", "--quiet")
    run(".venv/bin/orbit", "db", "upgrade")
    create(ADA)
    create(EVE)
    run(".venv/bin/orbit", "admin", "deactivate", EVE)
    with served(project, environment, url) as client:
        login = log_in(client, ADA, PASSWORD)
        assert login.status_code == 200
    before = rows(scratch / "service.db")
    assert len(before["chassis_users"]) == 2

    run(sys.executable, "-m", "updating", "--data", "mail=smtp", PYTHONPATH=str(ROOT))
    run(BIN / "uv", "sync", "--frozen", "--quiet")
    environment["LINKS_URL"] = f"{url}/auth/links"
    with served(project, environment, url) as client:
        after = rows(scratch / "service.db")
        # Columns may have been added, at the end.
        for table, known in before.items():
            if not table.startswith("chassis_version"):
                pairs = zip(known, after[table], strict=True)
                assert all(new[: len(old)] == old for old, new in pairs), table
        if authentication == "jwt":
            body = {"refresh_token": login.json()["refresh_token"]}
            renewed = client.post("/auth/refresh", json=body)
            assert renewed.status_code == 200
            client.headers["Authorization"] = f"Bearer {renewed.json()['access_token']}"
        else:
            # The Redis of `dev` does not keep sessions.
            log_in(client, ADA, PASSWORD)
        me = client.get("/auth/me")
        assert (me.status_code, me.json()["email"], me.json()["roles"]) == (200, ADA, ["editor"])
        assert client.get("/auth/email").json() == {"email": ADA, "verified": False}
        assert log_in(client, ADA, OTHER).status_code == 401
        assert log_in(client, EVE, PASSWORD).status_code == 401
        assert log_in(client, ADA, PASSWORD).status_code == 200
        for user in (EVE, ADA):
            assert client.post("/auth/password-reset", json={"email": user}).status_code == 204
        mail = wait_for(lambda: next((project / ".dev").rglob("*.eml"), None))
        token = token_of(mail)
        body = {"token": token, "password": OTHER}
        assert client.post("/auth/password-reset/confirm", json=body).status_code == 204
        assert log_in(client, ADA, OTHER).status_code == 200


@contextmanager
def served(project: Path, environment: dict[str, str], url: str) -> Iterator[httpx.Client]:
    """Run a service by its command `dev`."""
    log = project / ".dev.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [".venv/bin/orbit", "dev"],
            cwd=project,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        with httpx.Client(base_url=url, trust_env=False, timeout=SECONDS) as client:
            wait_for(lambda: is_ready(client), log)
            yield client
    finally:
        process.terminate()
        process.wait(SECONDS)
        log.unlink()


def is_ready(client: httpx.Client) -> bool:
    try:
        return client.get("/health/ready").is_success
    except httpx.TransportError:
        return False


def wait_for(look: Callable[[], T | None], log: Path | None = None) -> T:
    end = time.monotonic() + SECONDS
    while not (found := look()):
        if time.monotonic() > end:
            pytest.fail(log.read_text() if log else "it did not happen in time")
        time.sleep(0.1)
    return found


def log_in(client: httpx.Client, user: str, password: str) -> httpx.Response:
    return client.post("/auth/login", json={"email": user, "password": password})


def token_of(mail: Path) -> str:
    message = email.message_from_bytes(mail.read_bytes(), policy=policy.default)
    body = message.get_body(("plain",))
    assert body is not None
    link = next(word for word in str(body.get_content()).split() if "#" in word)
    return link.partition("#")[2]


def rows(database: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Rows of every table."""
    with closing(sqlite3.connect(database)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        return {
            name: connection.execute(f'SELECT * FROM "{name}" ORDER BY 1').fetchall()
            for (name,) in tables
        }
