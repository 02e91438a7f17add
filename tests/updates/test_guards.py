"""Each guard of the table occurs in the update program, so that it can be removed."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.rendering import ROOT
from tools.guards import Guard, guards


@pytest.mark.parametrize("guard", guards(), ids=lambda guard: guard.name)
def test_every_guard_can_be_removed(guard: Guard) -> None:
    text = (ROOT / guard.file).read_text()
    assert text.count(guard.old.removeprefix("\n")) == 1
    ast.parse(guard.removed_from(text))
    for test in guard.tests:
        name, _, function = test.partition("::")
        tests = Path(__file__).with_name(name).read_text()
        assert not function or re.search(rf"^def {function}\(", tests, re.MULTILINE)
