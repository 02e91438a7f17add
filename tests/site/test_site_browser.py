"""The site in a real browser: light, dark and narrow."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fleet.browser import Browser

PAGES = ["", "tutorial", "questionnaire", "parts", "pictures", "platforms", "benchmarks", "fleet"]

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_pages_fit_and_follow_the_colours_of_the_system(
    scheme: str, width: int, window: Browser, site: Path
) -> None:
    window.prefer(scheme)
    window.size(width, 900)
    for page in PAGES:
        window.open(site / page / "index.html")
        assert window.run("return document.documentElement.scrollWidth") <= width, page
        colour = window.run("return getComputedStyle(document.body).backgroundColor")
        lightness = int(colour.removeprefix("rgb(").split(",")[0])
        assert (lightness > 128) == (scheme == "light"), page
        broken = window.run(
            "return [...document.images].filter(i => i.complete && !i.naturalWidth).map(i => i.src)"
        )
        assert broken == [], page


def test_the_plot_is_drawn_to_scale(window: Browser, site: Path) -> None:
    window.size(1280, 900)
    window.open(site / "benchmarks" / "index.html")
    bars = window.run(
        "return [...document.querySelectorAll('.plot-bar')].map(bar => "
        "[bar.querySelector('span').offsetWidth, parseFloat(bar.innerText)])"
    )
    assert len(bars) > 5
    scale = bars[0][0] / bars[0][1]
    assert all(abs(pixels - scale * ratio) < 3 for pixels, ratio in bars)
