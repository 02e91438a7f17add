"""Responses of services are as their OpenAPI document says, and never a server error."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.bytecode import shared_bytecode
from tests.commands import run_to_end
from tests.rendering import answer_sets, render
from tests.test_generated import BIN, clean_environment, pythons, scratch
from tools.ports import free_port
from tools.try_service import create_user, dev, log_in, wait_until_ready

__all__ = ["scratch"]
NAMES = [
    "complete",
    *(pytest.param(name, marks=pytest.mark.thorough) for name in ("minimal", "sqlite")),
]
# No schema can say which cursors exist, which ETags are current, what an address is, when now is,
# and that an empty body is a file.
CONFIGURATION = """
[[operations]]
include-operation-id = "list_notes"
checks.positive_data_acceptance.expected-statuses = ["2xx", 400, 401]

[[operations]]
include-operation-id = "put_attachment"
checks.negative_data_rejection.expected-statuses = ["2xx", "4xx"]

[[operations]]
include-operation-id = "create_reminder"
checks.positive_data_acceptance.expected-statuses = ["2xx", 400, 401, 404]

[[operations]]
include-operation-id = "request_password_reset"
checks.positive_data_acceptance.expected-statuses = ["2xx", 400, 429]

[[operations]]
include-operation-id = ["change_note", "delete_note"]
checks.positive_data_acceptance.expected-statuses = ["2xx", 401, 404, 409, 412]
checks.negative_data_rejection.expected-statuses = ["4xx"]
"""
# Litestar's responses to OPTIONS contain the methods of one handler instead of those of the path. A
# new note has no attachment, which the other check takes for a missing resource.
EXCLUDED = "allow_header_conformance,ensure_resource_availability"

pytestmark = [pytest.mark.generated, pytest.mark.timeout(900)]


@pytest.mark.parametrize("name", NAMES)
def test_answers_are_as_described(name: str, template: Path, scratch: Path, shared: Path) -> None:
    project = render(template, scratch / "project", answer_sets()[name])
    newest = list(pythons().values())[-1]
    environment = {**clean_environment(), "UV_PYTHON": newest, "TMPDIR": str(scratch)}
    subprocess.run([BIN / "uv", "sync", "--quiet"], cwd=project, env=environment, check=True)
    configuration = scratch / "schemathesis.toml"
    configuration.write_text(CONFIGURATION)
    # Several of these tests run at the same time, and each needs its own port.
    with (
        shared_bytecode(project / ".venv", shared),
        dev(project, {**environment, "PORT": str(free_port())}) as service,
    ):
        wait_until_ready(service)
        command: list[str | Path] = [
            *(BIN / "schemathesis", "--config-file", configuration),
            *("run", f"{service['url']}/schema/openapi.json"),
            *("--checks", "all", "--exclude-checks", EXCLUDED),
            # PostgreSQL cannot store NUL, so that it is 400 in every text; a schema would have
            # to repeat that for each.
            *("--generation-allow-x00", "false"),
            *("--max-examples", "20", "--no-color", "--generation-deterministic"),
        ]
        runs = [run_to_end(command, scratch, environment)]
        if "users" in service["example_parts"]:
            # Without the routes of users, which would end the login.
            create_user(project, service)
            log_in(service)
            cookie = service["headers"]["Cookie"].partition("=")[2]
            configuration.write_text(f'{CONFIGURATION}[auth.openapi.login]\napi_key = "{cookie}"\n')
            command += ["--include-tag", "notes", "--include-tag", "reports"]
            runs.append(run_to_end(command, scratch, environment))
    for done in runs:
        assert done.returncode == 0, f"answer set {name}:\n{done.stdout[-8000:]}"
