"""People, releases and updates in random order; machine.py contains the invariant."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from updating.shared import Shared

from .machine import Machine, in_one_process

pytestmark = pytest.mark.slow

OPTIONS = settings(
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
    # Without shrinking, which takes minutes; the steps are printed anyway.
    phases=[Phase.generate],
    max_examples=25,
    stateful_step_count=20,
)
# Run several times, at the same time.
LONG = settings(OPTIONS, derandomize=False, max_examples=100, stateful_step_count=40)


@pytest.mark.parametrize(
    "options",
    [
        pytest.param(OPTIONS, id="short"),
        *(pytest.param(LONG, id=f"long {n}", marks=pytest.mark.thorough) for n in range(1, 3)),
    ],
)
def test_no_line_file_or_commit_is_lost(options: settings, common: Shared) -> None:
    class Here(Machine):
        pass

    Here.common = common
    with in_one_process():
        run_state_machine_as_test(Here, settings=options)
