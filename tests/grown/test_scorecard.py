"""The scorecard of a grown standard service has the answers that docs/scorecard.md gives."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from benchmarks.scorecard.backing import backing
from benchmarks.scorecard.cards import ROWS, Card, fill_in
from benchmarks.scorecard.subject import Subject
from benchmarks.scorecard.verdict import Verdict
from tests.bytecode import shared_bytecode
from tests.suites import ALL_SECONDS
from tests.test_generated import pythons
from tests.test_generated import scratch as scratch
from tests.updates.published import versions

from .growing import recorded
from .scorecard import BEGIN, END, PAGE, PYTHONS, answered, description, differences, keep, page
from .test_grown import VARIANTS, grown


@pytest.mark.generated
@pytest.mark.thorough
@pytest.mark.timeout(ALL_SECONDS)
@pytest.mark.parametrize("python", PYTHONS)
def test_a_grown_service(python: str, published: Path, scratch: Path, shared: Path) -> None:
    if python not in pythons():
        pytest.skip(f"there is no Python {python} on this machine")
    workshop, _ = grown(VARIANTS[0], published, versions(published)[-1], scratch, python=python)
    described = description(recorded(workshop.project), scratch)
    with (
        shared_bytecode(workshop.project / ".venv", shared),
        tempfile.TemporaryDirectory(prefix="scorecard-") as folder,
        backing(Path(folder) / "data") as servers,
    ):
        subject = Subject(described, workshop.project, Path(folder), servers)
        subject.variables = {"UV_PYTHON": workshop.environment["UV_PYTHON"]}
        card = Card(f"Python {python}", fill_in(subject, report=print).verdicts)
    how = keep(card, python)
    assert not (found := differences(card, python)), "\n".join([*found, how])


def test_the_page_has_an_answer_for_each_claim() -> None:
    for python in PYTHONS:
        assert len(answered(python)) == len(ROWS)


def test_the_page_has_the_claims_of_the_scorecard() -> None:
    text = PAGE.read_text()
    for number, row in enumerate(ROWS, start=1):
        assert f"| {number} | {row.factor} | {row.claim} | {row.how} |" in text


def test_a_difference_is_named_with_its_reason() -> None:
    verdicts = [Verdict("yes" if answer == "yes" else "no") for answer in answered("3.11")]
    assert not differences(Card("x", tuple(verdicts)), "3.11")
    place = verdicts.index(Verdict("yes"))
    verdicts[place] = Verdict("no", "it broke")
    (found,) = differences(Card("x", tuple(verdicts)), "3.11")
    assert found == f"{place + 1}, {ROWS[place].claim}: yes on the page, now no (it broke)"


def test_the_page_keeps_the_text_around_the_table() -> None:
    card = Card("Python 3.11", tuple(Verdict("no", "x") for _ in ROWS))
    text = page([card, card], f"Before\n\n{BEGIN}\nold\n{END}\n\nAfter\n")
    assert text.startswith("Before\n") and text.endswith("After\n") and "old" not in text
