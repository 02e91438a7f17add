"""The measured service: rendered, installed, and attached to real servers."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.rendering import export

from .processes import environment

HERE = Path(__file__).parent

_GIT = ("git", "-c", "user.name=benchmarks", "-c", "user.email=benchmarks@example.invalid")


@dataclass(frozen=True, slots=True)
class Project:
    """A generated standard service.

    Args:
        folder: Where it is.
        services: Addresses of its backing services, as environment variables.
    """

    folder: Path
    services: dict[str, str] = field(default_factory=dict)

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / ".venv/bin/python"

    @property
    def command(self) -> Path:
        """Its command line."""
        return self.folder / ".venv/bin/orbit"

    def environment(self, **variables: str) -> dict[str, str]:
        """Environment of a process of the service in production.

        Args:
            variables: Additional variables.
        """
        return environment(ENVIRONMENT="production", **self.services, **variables)


def export_template(destination: Path, *, git: bool) -> None:
    """Copy the template of this tree, with uncommitted changes.

    Args:
        destination: A new folder.
        git: Whether to make it a repository with one commit.
    """
    export(destination)
    if git:
        for command in (("init", "--quiet"), ("add", "."), ("commit", "--quiet", "-m", "Export")):
            subprocess.run([*_GIT, *command], cwd=destination, check=True)


def copier_copy(
    template: Path, destination: Path, *, tasks: bool, preset: str = "standard"
) -> list[str]:
    """The command that generates a service.

    Args:
        template: Folder or repository of the template.
        destination: Where the service goes.
        tasks: Whether to run the template's tasks.
        preset: The preset.
    """
    options = ["--defaults", "--trust", "--quiet", *([] if tasks else ["--skip-tasks"])]
    options.append(f"--data=preset={preset}")
    return [sys.executable, "-m", "copier", "copy", *options, str(template), str(destination)]


def make(folder: Path, preset: str = "standard") -> Project:
    """Render the service and install it.

    Args:
        folder: An empty folder to work in.
        preset: The preset.
    """
    export_template(folder / "template", git=True)
    project = Project(folder / "orbit")
    copy = copier_copy(folder / "template", project.folder, tasks=False, preset=preset)
    subprocess.run(copy, check=True)
    subprocess.run(
        [sys.executable, "-m", "uv", "sync", "--quiet", "--compile-bytecode"],
        cwd=project.folder,
        check=True,
    )
    return project


@contextmanager
def attached(project: Project, folder: Path) -> Iterator[Project]:
    """Run the backing services for the duration of the context, and migrate the database.

    Args:
        project: The service, whose development dependencies contain the servers.
        folder: Folder for their data.

    Returns:
        The service with their addresses.
    """
    servers = subprocess.Popen(
        [project.python, HERE / "generated/services.py", folder],
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        addresses = servers.stdout.readline() if servers.stdout else ""
        service = Project(project.folder, json.loads(addresses))
        subprocess.run(
            [service.command, "db", "upgrade"],
            env=service.environment(LOG_LEVEL="warning"),
            cwd=service.folder,
            check=True,
        )
        yield service
    finally:
        servers.communicate()
