"""People, releases and updates in any order: see machine.py for the law."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from updating.shared import Shared

from .machine import Machine, in_one_process

OPTIONS = settings(
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
    # A shorter way to a fault takes minutes to find, and what was done is printed anyway.
    phases=[Phase.generate],
    max_examples=25,
    stateful_step_count=20,
)
LONG = settings(OPTIONS, derandomize=False, max_examples=400, stateful_step_count=40)


@pytest.mark.parametrize(
    "options", [OPTIONS, pytest.param(LONG, marks=pytest.mark.thorough)], ids=["short", "long"]
)
def test_no_line_file_or_commit_is_lost(options: settings, common: Shared) -> None:
    class Here(Machine):
        pass

    Here.common = common
    with in_one_process():
        run_state_machine_as_test(Here, settings=options)
