"""The HTML report in a real browser."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.fleet.browser import Browser, NoBrowser, browser
from tests.fleet.reports import fleet_report, row
from tests.fleet.test_report import hostile
from twelvestar.fleet.page import to_html
from twelvestar.fleet.report import FleetReport
from twelvestar.fleet.states import State

pytestmark = pytest.mark.browser

Show = Callable[[FleetReport], Browser]

SEEN = """
return [...document.querySelectorAll("#rows tbody tr")]
    .filter((row) => row.checkVisibility())
    .map((row) => row.querySelector("bdi").textContent);
"""
CHOOSE = """
for (const select of document.querySelectorAll("form select"))
  for (const option of select.options)
    if (option.textContent === arguments[0]) {
      select.value = option.value;
      select.dispatchEvent(new Event("input", { bubbles: true }));
    }
"""
FLEET = fleet_report(
    row("acme/pay-9", state=State.PROPOSED, wave="canary", conflicts=("Makefile:3",), days=30),
    row("acme/pay-10", state=State.MERGED, old="1.6.0", behind=0, days=1200),
    row("acme/web", state=State.FAILED, kind="github", why="No answer.", days=None, behind=None),
    row("acme/zoo", answers={"database": "none", "hooks": True}, old="1.4.0", days=4),
)


@pytest.fixture(scope="session")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    try:
        with browser(tmp_path_factory.mktemp("browser")) as window:
            yield window
    except NoBrowser as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture
def show(window: Browser, tmp_path: Path) -> Iterator[Show]:
    """Opens the page of a report; the test fails if messages are written to the console."""

    def show(report: FleetReport) -> Browser:
        page = tmp_path / "report.html"
        page.write_text(to_html(report), encoding="utf-8")
        window.size(1280, 900)
        window.prefer("light")
        window.open(page)
        return window

    window.messages()
    yield show
    assert window.messages() == []


def test_hostile_texts_have_no_effect_and_fit(show: Show) -> None:
    window = show(hostile())
    assert len(window.run(SEEN)) == len(hostile().rows)
    for width in (1280, 390, 320):
        window.size(width, 800)
        assert window.run("return document.documentElement.scrollWidth") == width


def test_the_policy_holds(show: Show) -> None:
    window = show(FLEET)
    window.run(
        """
        document.body.append(Object.assign(new Image(), { src: "http://127.0.0.1:9/x.png" }));
        document.body.setAttribute("style", "color: red");
        const script = document.createElement("script");
        script.textContent = "window.ran = true";
        document.body.append(script);
        """
    )
    messages = window.messages()
    blocked = ("Applying inline style", "Executing inline script", "Loading the image")
    assert len(messages) == len(blocked)
    for what in blocked:
        policy = f"{what}.* violates the following Content Security Policy directive"
        assert any(re.search(policy, each) for each in messages)
    assert window.run("return window.ran") is None


def test_search_and_filters_select_services(show: Show) -> None:
    window = show(FLEET)
    window.type("form input", "PAY make")
    assert window.run(SEEN) == ["acme/pay-9"]
    assert window.run("return document.querySelector('output').textContent") == "1 of 4"
    window.click("form [type=reset]")
    assert len(window.run(SEEN)) == 4
    for choice, expected in (
        ("failed (1)", ["acme/web"]),
        ("canary (1)", ["acme/pay-9"]),
        ("git (3)", ["acme/pay-9", "acme/pay-10", "acme/zoo"]),
        ("1.4.0 (1)", ["acme/zoo"]),
        ("database=postgresql (3)", ["acme/pay-9", "acme/pay-10", "acme/web"]),
    ):
        window.run(CHOOSE, choice)
        assert window.run(SEEN) == expected
        window.click("form [type=reset]")
    window.run(CHOOSE, "git (3)")
    window.run(CHOOSE, "database=postgresql (3)")
    assert window.run(SEEN) == ["acme/pay-9", "acme/pay-10"]


@pytest.mark.parametrize(
    ("column", "first", "second"),
    [
        # They are sorted by name initially, so the first activation reverses the order.
        (1, "zoo web pay-10 pay-9", "pay-9 pay-10 web zoo"),
        (2, "pay-10 pay-9 zoo web", "web zoo pay-9 pay-10"),
        (3, "zoo pay-9 web pay-10", "pay-10 pay-9 web zoo"),
        # Unknown values are last in both orders.
        (5, "zoo pay-9 pay-10 web", "pay-10 pay-9 zoo web"),
    ],
)
def test_headings_sort_services_by_keyboard(
    show: Show, column: int, first: str, second: str
) -> None:
    window = show(FLEET)
    heading = f"#rows thead th:nth-child({column})"
    for expected in (first, second):
        window.type(f"{heading} button", "\ue007")
        assert " ".join(window.run(SEEN)).replace("acme/", "") == expected
        direction = window.run(f"return document.querySelector('{heading}').ariaSort")
        assert direction in ("ascending", "descending")
        assert window.run("return document.querySelectorAll('[aria-sort]').length") == 1


def test_conflicts_can_be_unfolded(show: Show) -> None:
    window = show(FLEET)
    place = "return document.querySelector('#rows details li').checkVisibility()"
    assert window.run(place) is False
    window.click("#rows summary")
    assert window.run(place) is True


def test_a_dark_screen_gets_a_dark_page(show: Show) -> None:
    window = show(FLEET)
    paper = "return getComputedStyle(document.body).backgroundColor"
    assert window.run(paper) == "rgb(255, 255, 255)"
    window.prefer("dark")
    assert window.run(paper) == "rgb(20, 24, 28)"


def accessible(window: Browser) -> dict[str, list[str]]:
    """Names in the tree that screen readers get, by role."""
    names: dict[str, list[str]] = {}
    for node in window.control("Accessibility.getFullAXTree")["nodes"]:
        if not node["ignored"]:
            name = node.get("name", {}).get("value", "")
            names.setdefault(node["role"]["value"], []).append(name)
    return names


@pytest.mark.parametrize("width", [1280, 390])
def test_services_are_a_table_for_screen_readers(show: Show, width: int) -> None:
    window = show(FLEET)
    window.size(width, 900)
    names = accessible(window)
    # A busy browser builds the tree some time after the page.
    ends = time.monotonic() + 20
    while "rowheader" not in names and time.monotonic() < ends:
        time.sleep(0.1)
        names = accessible(window)
    headings = ["Service", "State", "Release", "Behind", "Days", "Conflicts", "Drift", "Why"]
    assert [*headings, "Time, s", "CPU, s"] == names["columnheader"][-10:]
    services = [name.split()[0] for name in names["rowheader"] if name.startswith("acme/")]
    assert services == [each.name for each in FLEET.rows]
    assert set(headings) <= set(names["button"])
