from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from benchmarks.peers import page
from benchmarks.peers.command import FASTAPI, LITESTAR, read, write
from benchmarks.peers.plots import Bar, svg
from benchmarks.peers.result import Measured, Results, Spread, Stage, Updated
from benchmarks.scorecard.cards import ROWS, Card
from benchmarks.scorecard.verdict import Verdict

from ..rendering import ROOT

RESULTS = ROOT / "benchmarks/peers/results.json"
PAGE = ROOT / "docs/peers.md"


def measured(name: str, rate: float, **more: object) -> Measured:
    made = Measured(name, "what it is", python="3.13")
    made.start, made.memory = [1.0, 1.2], [50.0, 52.0]
    made.health, made.rows = [rate, rate * 2], [rate / 2, rate / 2]
    for key, value in more.items():
        setattr(made, key, value)
    return made


def results() -> Results:
    ours = measured("Ours", 80)
    ours.stages = {"generate": Stage(1, 2), "tests": Stage(3, 4, "5 passed in 4 s")}
    ours.updated = Updated(5, 4, 1, 2.5, "conflicts in README.md")
    ours.card = Card("Ours", tuple(Verdict("no", "it | <breaks>") for _ in ROWS))
    other = measured("Other", 50, rows=[], cannot={"rows": "it has no database"})
    broken = Measured("Broken", "x", stages={"install": Stage(1, 1, "no compiler", done=False)})
    hand = [measured(LITESTAR, 100, by_hand=True), measured(FASTAPI, 40, by_hand=True)]
    return Results("2 cores", "It was quiet.", 2, [ours, *hand, other, broken])


def test_a_ratio_is_the_median_of_the_rounds_with_its_spread() -> None:
    spread = Spread.of([1, 2, 9], [2, 2, 3])
    assert spread == Spread(1, 0.5, 3)
    assert str(spread) == "1.00 (0.50 to 3.00)"
    assert str(Spread(0.5, 0.5, 0.5)) == "0.50"


@pytest.mark.parametrize(("ours", "other"), [([], []), ([1.0], []), ([1.0, 2.0], [1.0])])
def test_rounds_that_are_missing_give_no_ratio(ours: list[float], other: list[float]) -> None:
    assert Spread.of(ours, other) is None


def test_results_are_read_as_they_were_written(tmp_path: Path) -> None:
    write(results(), tmp_path / "results.json")
    assert read(tmp_path / "results.json") == results()
    json.loads((tmp_path / "results.json").read_text())


def test_the_tables_have_figures_or_reasons() -> None:
    text = page.tables(results())
    assert "| Ours | 1.10 | 120 | 0.80 | 2.00 | 40 | 0.80 | 2.00 | 51 |" in text
    assert "it has no database" in text
    assert "**fails** after 1.0 (1.0): no compiler" in text
    assert "| Ours | 4 of 5 | 1 | 2.5 | conflicts in README.md |" in text
    assert "3.0 (4.0): 5 passed in 4 s" in text
    assert "it / &lt;breaks>" in text


def test_every_row_of_a_table_has_as_many_cells_as_its_head() -> None:
    for block in page.tables(results()).split("\n\n"):
        if block.startswith("|"):
            assert len({line.count("|") for line in block.splitlines()}) == 1, block


def test_plots_are_drawings_of_all_that_was_measured() -> None:
    for drawing in page.plots(results()).values():
        ET.fromstring(drawing)
    rows = page.plots(results())["peers-rows.svg"]
    assert "it has no database" in rows and ">0.80<" in rows


def test_a_plot_has_a_bar_a_whisker_and_a_line() -> None:
    drawing = svg("A & B", [Bar("one", 2, 1, 4), Bar("two", note="not <here>")], line=1)
    root = ET.fromstring(drawing)
    tags = [element.tag.rpartition("}")[2] for element in root]
    assert tags.count("rect") == tags.count("path") == tags.count("line") == 1
    assert "A &amp; B" in drawing and "not &lt;here&gt;" in drawing


def test_a_page_keeps_the_text_around_the_tables(tmp_path: Path) -> None:
    file = tmp_path / "page.md"
    file.write_text(f"Before\n\n{page.BEGIN}\nold\n{page.END}\n\nAfter\n")
    page.write(results(), file)
    text = file.read_text()
    assert text.startswith("Before\n\n") and text.endswith("\n\nAfter\n") and "old" not in text
    page.write(results(), file)
    assert file.read_text() == text
    assert (tmp_path / "images/peers-rows.svg").exists()


def test_a_page_without_a_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text("Nothing.\n")
    with pytest.raises(ValueError, match="has no place for the tables"):
        page.write(results(), tmp_path / "page.md")


def test_the_published_page_is_that_of_the_results(tmp_path: Path) -> None:
    copy = tmp_path / "peers.md"
    copy.write_text(PAGE.read_text())
    page.write(read(RESULTS), copy)
    command = "python -m benchmarks peers --results benchmarks/peers/results.json"
    how = f"run `{command} --page docs/peers.md`"
    assert copy.read_text() == PAGE.read_text(), how
    for image in (tmp_path / "images").iterdir():
        assert image.read_text() == (PAGE.parent / "images" / image.name).read_text(), how
