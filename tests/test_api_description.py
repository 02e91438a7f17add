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
from tools.try_service import dev, wait_until_ready

__all__ = ["scratch"]
NAMES = [
    "complete",
    *(pytest.param(name, marks=pytest.mark.thorough) for name in ("minimal", "sqlite")),
]
# No schema can say which cursors exist, which ETags are current, and what an address is.
CONFIGURATION = """
[[operations]]
include-operation-id = "list_notes"
checks.positive_data_acceptance.expected-statuses = ["2xx", 400]

[[operations]]
include-operation-id = "request_password_reset"
checks.positive_data_acceptance.expected-statuses = ["2xx", 400, 429]

[[operations]]
include-operation-id = ["change_note", "delete_note"]
checks.positive_data_acceptance.expected-statuses = ["2xx", 404, 409, 412]
checks.negative_data_rejection.expected-statuses = ["4xx"]
"""
# Litestar's responses to OPTIONS contain the methods of one handler instead of those of the path.
EXCLUDED = "allow_header_conformance"

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
        done = run_to_end(
            [
                *(BIN / "schemathesis", "--config-file", configuration),
                *("run", f"{service['url']}/schema/openapi.json"),
                *("--checks", "all", "--exclude-checks", EXCLUDED),
                # PostgreSQL cannot store NUL, so that it is 400 in every text; a schema would have
                # to repeat that for each.
                *("--generation-allow-x00", "false"),
                *("--max-examples", "20", "--no-color", "--generation-deterministic"),
            ],
            scratch,
            environment,
        )
    assert done.returncode == 0, f"answer set {name}:\n{done.stdout[-8000:]}"
