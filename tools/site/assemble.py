"""Writing the pages that the site is built from."""

from __future__ import annotations

import posixpath
import re
import shutil
from functools import partial
from pathlib import Path

from . import plots
from .links import rewritten
from .sources import Page, example_pages, page_of, template_pages

REPOSITORY = "https://github.com/org/twelvestar"
# Where plots are inserted: before the first table of a page.
_TABLE = re.compile(r"^\| figure \|", re.MULTILINE)


def assemble(root: Path, project: Path, destination: Path) -> None:
    """Write all pages, with links that work in the site.

    Links to files that are no pages lead to the repository.

    Args:
        root: A checkout of the template.
        project: A generated service, whose documents are shown as an example.
        destination: A new folder.
    """
    for page in template_pages(root):
        text = rewritten(page.text, partial(_in_site, page, root))
        _write(destination / page.path, _with_plots(text) if page.path == "benchmarks.md" else text)
    for page in example_pages(project):
        text = rewritten(page.text, partial(_in_example, page, project))
        _write(destination / page.path, text)
    shutil.copytree(root / "docs" / "images", destination / "images")
    shutil.copy(Path(__file__).with_name("site.css"), destination / "site.css")


def _in_site(page: Page, root: Path, target: str) -> str:
    source = posixpath.normpath(posixpath.join(posixpath.dirname(page.source), target))
    if path := page_of(source, root):
        return posixpath.relpath(path, posixpath.dirname(page.path) or ".")
    if source.startswith("docs/images/"):
        image = source.removeprefix("docs/")
        return posixpath.relpath(image, posixpath.dirname(page.path) or ".")
    if not (root / source).exists():
        # Zensical reports it.
        return target
    kind = "tree" if (root / source).is_dir() else "blob"
    return f"{REPOSITORY}/{kind}/main/{source}"


def _in_example(page: Page, project: Path, target: str) -> str | None:
    path = (Path(page.source).parent / target).resolve()
    return target if path.is_relative_to((project / "docs").resolve()) else None


def _with_plots(text: str) -> str:
    first = _TABLE.search(text)
    assert first is not None, "benchmarks/README.md has no table of figures"
    table = text[first.start() : text.index("\n\n", first.start())]
    drawn = plots.plot(plots.ratios(table))
    return f"{text[: first.start()]}{drawn}\n\n{text[first.start() :]}"


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
