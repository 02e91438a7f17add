"""The scorecard of a grown service, and its page: `python -m tests.grown.scorecard` writes it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from benchmarks.peers.peer import DESCRIPTIONS
from benchmarks.scorecard.cards import ROWS, Card, reasons, shown, table
from benchmarks.scorecard.description import Description, read
from tests.rendering import ROOT

PAGE = ROOT / "docs/scorecard.md"
# Cards that differ from the page.
FOUND = ROOT / "build/scorecard"
PYTHONS = ("3.11", "3.14")
BEGIN = "<!-- Written by `python -m tests.grown.scorecard`; edit the text outside. -->"
END = "<!-- Until here. -->"
_OWN = 'DEPOT = "north"\nCARRIER_TOKEN = "a-token-for-production"'
_ROW = re.compile(r"^\| \d+ \|(.*)\|$", re.MULTILINE)


def description(answers: dict[str, Any], scratch: Path) -> Description:
    """Description of a service, with the names that it was generated with.

    Args:
        answers: Its recorded answers.
        scratch: A folder.
    """
    text = (DESCRIPTIONS / "twelvestar.toml").read_text()
    text = text.replace(".venv/bin/orbit", f".venv/bin/{answers['distribution_name']}")
    # The overlay has a setting without a default, and a secret with one.
    text = text.replace("[project.environment]", f"[project.environment]\n{_OWN}")
    text = re.sub(r"(src/|from )orbit\b", rf"\g<1>{answers['package_name']}", text)
    file = scratch / "description.toml"
    file.write_text(text)
    return read(file)


def answered(python: str) -> list[str]:
    """Answers on the page.

    Args:
        python: Version of Python.
    """
    place = PYTHONS.index(python) - len(PYTHONS)
    return [row.split("|")[place].strip() for row in _ROW.findall(PAGE.read_text())]


def differences(card: Card, python: str) -> list[str]:
    """Rows whose answer is another one than on the page.

    Args:
        card: The card of a service.
        python: Its version of Python.
    """
    before = answered(python) or [""] * len(ROWS)
    return [
        f"{number}, {row.claim}: {old or 'nothing'} on the page, now {verdict.answer}"
        + (f" ({verdict.reason})" if verdict.reason else "")
        for number, (row, verdict, old) in enumerate(
            zip(ROWS, card.verdicts, before, strict=True), start=1
        )
        if shown(verdict) != old
    ]


def keep(card: Card, python: str) -> str:
    """Keep a card for the page.

    Args:
        card: The card.
        python: Its version of Python.

    Returns:
        What to do with it.
    """
    FOUND.mkdir(parents=True, exist_ok=True)
    (FOUND / f"{python}.json").write_text(json.dumps(card.as_json(), indent=2))
    return "if that is right, run `python -m tests.grown.scorecard`, which writes docs/scorecard.md"


def page(cards: list[Card], text: str) -> str:
    """Write cards into the page.

    Args:
        cards: The cards, one for each version of Python.
        text: The page.
    """
    before, after = text.partition(BEGIN)[0], text.partition(END)[2]
    parts = [table(cards), "Why not:"]
    parts += [f"**{card.name}**\n\n{reasons(card)}" for card in cards]
    return f"{before}{BEGIN}\n\n" + "\n\n".join(parts) + f"\n\n{END}{after}"


def main() -> None:
    """Write the page from the cards that the tests kept."""
    files = [FOUND / f"{python}.json" for python in PYTHONS]
    if missing := [file.name for file in files if not file.exists()]:
        raise SystemExit(
            f"{FOUND} has no {' and no '.join(missing)}: run tests/grown/test_scorecard.py first"
        )
    cards = [Card.of(json.loads(file.read_text())) for file in files]
    PAGE.write_text(page(cards, PAGE.read_text()))


if __name__ == "__main__":
    main()
