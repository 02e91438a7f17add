"""A Docker engine for the delivery tests.

Environment variables configure builds for the machine: HTTP_PROXY, HTTPS_PROXY and NO_PROXY are
passed to builds, and DELIVERY_UV_CONFIG is the path of a uv configuration that builds get as a
secret.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

SERVERS = Path(__file__).with_name("servers")
COMMAND_SECONDS = 900
# Stand-ins for images that cannot be pulled, by the beginning of the image's name.
STAND_INS = {
    "caddy:": "caddy",
    "postgres:": "postgresql",
    "rclone/rclone:": "rclone",
    "valkey/valkey:": "valkey",
}
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")

Done = subprocess.CompletedProcess[str]


class NoEngine(Exception):
    """There is no engine, or it lacks a requirement."""


class Engine:
    """The engine that the docker command uses.

    Args:
        folder: An empty folder.
        report: Lines that are printed at the end.

    Raises:
        NoEngine: When there is none.
    """

    def __init__(self, folder: Path, report: list[str]) -> None:
        self.folder = folder
        self.report = report
        try:
            version = self("version", "--format", "{{.Server.Version}}")
            compose = self("compose", "version", "--short")
        except FileNotFoundError:
            raise NoEngine("There is no docker command: install Docker, or set PATH.") from None
        if version.returncode or compose.returncode:
            said = (version.stderr or compose.stderr).strip().splitlines()[-1:]
            raise NoEngine(
                "There is no Docker engine with Compose: start one, or set DOCKER_HOST to where it "
                f"is. docker said: {' '.join(said)}"
            )
        self.description = f"engine {version.stdout.strip()}, compose {compose.stdout.strip()}"

    def __call__(
        self,
        *arguments: str | Path,
        folder: Path | None = None,
        variables: Mapping[str, str] | None = None,
        text: str = "",
    ) -> Done:
        """Run a docker command until it ends.

        Args:
            arguments: The command.
            folder: Where it runs.
            variables: Additional environment variables.
            text: Its standard input.
        """
        return subprocess.run(
            ["docker", *arguments],
            cwd=folder,
            env={**os.environ, **(variables or {})},
            input=text,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )

    def ok(self, *arguments: str | Path, **options: Any) -> str:
        """Run a docker command that must succeed, and return its output."""
        done = self(*arguments, **options)
        words = " ".join(map(str, arguments))
        assert done.returncode == 0, f"docker {words}\n{done.stdout[-3000:]}\n{done.stderr[-6000:]}"
        return done.stdout.strip()

    def build(self, project: Path, tag: str, *options: str, **arguments: str) -> tuple[Done, float]:
        """Build the image of a project.

        Args:
            project: Its root.
            tag: Name of the image.
            options: Further options of the command.
            arguments: Build arguments.

        Returns:
            The finished command, and its duration in s.
        """
        for image in re.findall(r"^FROM (\S+:\S+)", (project / "Dockerfile").read_text(), re.M):
            self.ensure_image(image)
        passed = {**machine_arguments(), **arguments}
        command = [f"--build-arg={name}={value}" for name, value in passed.items()]
        if config := os.environ.get("DELIVERY_UV_CONFIG"):
            command.append(f"--secret=id=uv,src={config}")
        begun = time.monotonic()
        done = self("build", "--progress=plain", f"--tag={tag}", *command, *options, project)
        return done, time.monotonic() - begun

    def ensure_image(self, image: str) -> None:
        """Pull an image, or build a stand-in if it cannot be pulled.

        Args:
            image: Its name and tag.
        """
        if self("image", "inspect", image).returncode == 0 or self("pull", image).returncode == 0:
            return
        if similar := self._similar(image):
            self.ok("tag", similar, image)
            self.report.append(f"{image} cannot be pulled: the tests use {similar}")
            return
        names = [name for start, name in STAND_INS.items() if image.startswith(start)]
        assert names, f"{image} cannot be pulled: build or load an image with this name."
        base, uv = (self._first(name) for name in ("python", "astral/uv"))
        arguments = {**machine_arguments(), "BASE": base, "UV": uv}
        command = [f"--build-arg={name}={value}" for name, value in arguments.items()]
        file = SERVERS / f"{names[0]}.Dockerfile"
        self.ok("build", f"--tag={image}", *command, f"--file={file}", SERVERS)
        self.report.append(f"{image} cannot be pulled: the tests use a stand-in")

    def inspect(self, name: str) -> Any:
        """The engine's data about a container or an image."""
        [found] = json.loads(self.ok("inspect", name))
        return found

    def _similar(self, image: str) -> str | None:
        """Find a base image with another Debian, or another version of uv."""
        repository, _, tag = image.partition(":")
        begins = {"python": f"{tag.partition('-')[0]}-", "astral/uv": ""}.get(repository)
        if begins is None:
            return None
        tags = self.ok("images", "--format", "{{.Tag}}", repository).split()
        fitting = [each for each in tags if each.startswith(begins) and each != "<none>"]
        return f"{repository}:{max(fitting)}" if fitting else None

    def _first(self, repository: str) -> str:
        tags = self.ok("images", "--format", "{{.Tag}}", repository).split()
        assert tags, f"There is no image of {repository} yet."
        return f"{repository}:{sorted(tags)[-1]}"


class Compose:
    """Containers that Compose runs.

    Args:
        engine: The engine.
        project: Root of the generated project.
        files: Compose files.
        name: Name of the Compose project; by default the one in the files.
        variables: Additional environment variables.
    """

    def __init__(
        self,
        engine: Engine,
        project: Path,
        files: list[Path],
        *,
        name: str | None = None,
        **variables: str,
    ) -> None:
        self.engine = engine
        self.project = project
        self.files = files
        self.name = name
        self.variables = variables
        self.words = ["compose", *(f"--file={file}" for file in files)]
        if name:
            self.words.append(f"--project-name={name}")

    def __call__(self, *arguments: str, text: str = "") -> Done:
        """Run a command of Compose until it ends.

        Args:
            arguments: The command.
            text: Its standard input.
        """
        words = (*self.words, *arguments)
        return self.engine(*words, folder=self.project, variables=self.variables, text=text)

    def ok(self, *arguments: str, text: str = "") -> str:
        """Run a command of Compose that must succeed, and return its output."""
        done = self(*arguments, text=text)
        if done.returncode:
            logs = self("logs", "--tail=30")
            raise AssertionError(
                f"docker compose {' '.join(arguments)}\n{done.stdout[-3000:]}\n"
                f"{done.stderr[-3000:]}\n{logs.stdout[-6000:]}"
            )
        return done.stdout.strip()

    def container(self, service: str) -> Any:
        """The engine's data about a service's container, running or not."""
        return self.engine.inspect(self.ok("ps", "--all", "--quiet", service))

    def images(self) -> None:
        """Pull the images that the project does not build, or build stand-ins."""
        for service in yaml.safe_load(self.ok("config"))["services"].values():
            if "build" not in service:
                self.engine.ensure_image(service["image"])


def machine_arguments() -> dict[str, str]:
    """Build arguments that this machine needs."""
    return {name: os.environ[name] for name in _PROXIES if name in os.environ}
