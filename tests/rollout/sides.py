"""Two releases of one service: the last release, and the same project updated to this tree."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx
import yaml

from tests.bytecode import shared_bytecode
from tests.commands import run_to_end
from tests.deployments import Deployment, backing_service
from tests.grown.composing import edit, returned
from tests.test_generated import BIN, clean_environment, pythons
from tests.updates.published import answer_set, commit_all, versions
from updating.update import update

OVERLAY = Path(__file__).with_name("overlay") / "trials.py"
PASSWORD = "correct horse battery staple"
HEARTBEAT_SECONDS = 3
JOBS = ("deliver", "lose", "weigh", "tick")


@dataclass(frozen=True, slots=True)
class Side:
    """One of the releases.

    Attributes:
        release: "old" or "new".
        deployment: Its processes.
        client: A client of its web process.
    """

    release: str
    deployment: Deployment
    client: httpx.Client

    def ask(self, method: str, path: str, **options: object) -> object:
        """Send a request that must succeed.

        Args:
            method: The method.
            path: The path.
            options: Further arguments of `httpx.Client.request`.

        Returns:
            The text or JSON of the response.
        """
        response = self.client.request(method, path, **options)  # type: ignore[arg-type]
        assert response.is_success, f"{self.release}: {response.status_code} {response.text}"
        is_text = response.headers.get("Content-Type", "text/").startswith("text/")
        return response.text if is_text else response.json()

    def log_in(self, email: str, password: str = PASSWORD) -> httpx.Response:
        """Log in, without keeping the cookie.

        Args:
            email: The user.
            password: The password.
        """
        credentials = {"email": email, "password": password}
        response = self.client.post("/auth/login", json=credentials)
        self.client.cookies.clear()
        return response

    def headers_of(self, email: str) -> dict[str, str]:
        """Headers of a user's requests.

        Args:
            email: The user, who exists.
        """
        return {"Cookie": f"session={self.log_in(email).cookies['session']}"}

    def create_user(self, email: str) -> None:
        """Create a user with the service's command.

        Args:
            email: The user's address.
        """
        words = ("admin", "create-user", email, "--password-stdin")
        status, output = self.deployment.attempt(*words, stdin=f"{PASSWORD}\n")
        assert not status, output


@contextmanager
def both_sides(
    published: Path, shared: Path, variant: str, *, trials: bool
) -> Iterator[dict[str, Side]]:
    """Serve both releases; the new one migrates while the old one serves.

    Args:
        published: The published template.
        shared: A folder that all processes of a test run share.
        variant: Name of the answer set.
        trials: Whether the project has the jobs and routes of the overlay. It then has PostgreSQL
            and Redis, and otherwise SQLite.

    Yields:
        The sides by their names.
    """
    with ExitStack() as stack:
        # Outside pytest's folder, to which other users, such as PostgreSQL's, have no access.
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rollout-")))
        projects = releases(published, variant, folder, trials=trials)
        for project in projects.values():
            stack.enter_context(shared_bytecode(project / ".venv", shared))
        package, name = names(projects["old"])
        variables = {"DATABASE_URL": f"sqlite:///{folder / 'service.db'}"}
        if trials:
            variables = {
                "STORAGE_URL": (folder / "files").as_uri(),
                "JOB_HEARTBEAT_SECONDS": str(HEARTBEAT_SECONDS),
                "TRIED_TICKS": str(folder / "ticks"),
            }
            for variable, server in (("DATABASE_URL", "postgresql"), ("REDIS_URL", "valkey")):
                service = backing_service(projects["new"], package, server, folder / server)
                variables[variable] = stack.enter_context(service)
        sides = {}
        for release, project in projects.items():
            environment = {**clean_environment(), **variables, "TRIED_RELEASE": release}
            deployment = Deployment(project, name, environment)
            deployment.run("db", "upgrade", "--wait", "60")
            sides[release] = Side(release, deployment, stack.enter_context(deployment.web()))
        yield sides


def releases(published: Path, variant: str, folder: Path, *, trials: bool) -> dict[str, Path]:
    """Generate a project with the last release, and update a copy of it to this tree.

    Args:
        published: The published template.
        variant: Name of the answer set.
        folder: A folder for both.
        trials: Whether to add the jobs and routes of the overlay.

    Returns:
        The projects with their environments, by their sides' names.
    """
    last = versions(published)[-2]
    answers = answer_set(published, last, variant)
    (folder / "answers.yml").write_text(yaml.safe_dump(answers))
    projects = {"old": folder / "old", "new": folder / "new"}
    copy: list[str | Path] = [BIN / "copier", "copy", "--trust", "--defaults", "--quiet"]
    copy += ["--vcs-ref", last, "--data-file", folder / "answers.yml", published, projects["old"]]
    succeed(copy, folder)
    if trials:
        lay_overlay(projects["old"])
        commit_all(projects["old"], "Add what is tried")
    shutil.copytree(projects["old"], projects["new"], symlinks=True)
    report = update(projects["new"])
    assert not report.conflicts, report.to_text()
    python = pythons()[answers.get("lowest_python", "3.11")]
    for project in projects.values():
        succeed([BIN / "uv", "sync", "--frozen", "--quiet", "--python", python], project)
    return projects


def lay_overlay(project: Path) -> None:
    """Add the jobs and routes of the overlay to a project.

    Args:
        project: A generated project.
    """
    package, _ = names(project)
    source = project / "src" / package
    shutil.copy(OVERLAY, source / "web" / OVERLAY.name)
    added = [("routes", "TrialController"), *(("jobs", job) for job in JOBS)]
    for function, name in added:
        change = partial(returned, function=function, module=".web.trials", name=name)
        edit(source / "app.py", change)


def names(project: Path) -> tuple[str, str]:
    """Name of the package of a project, and of its command.

    Args:
        project: The project.
    """
    answers: Mapping[str, str] = yaml.safe_load((project / ".copier-answers.yml").read_text())
    return answers["package_name"], answers["distribution_name"]


def succeed(command: list[str | Path], folder: Path) -> None:
    """Run a command that must succeed.

    Args:
        command: The command.
        folder: Where it runs.
    """
    done = run_to_end(command, folder, clean_environment())
    assert not done.returncode, done.stdout
