"""Which files of the repository become which pages."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

# Pages with another name than their document.
_RENAMED = {
    "README.md": "index.md",
    "CHANGELOG.md": "changes.md",
    "benchmarks/README.md": "benchmarks.md",
    "docs/decisions/README.md": "decisions/index.md",
}
# A list of the other documents, which the navigation replaces.
_LIST = "docs/README.md"
# Pages of a generated service.
EXAMPLE = "example"
_TEMPLATE_PAGES = "template/docs"


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the site.

    Attributes:
        path: Its path in the site.
        source: Path of its document in the repository or the generated project, for its links.
        text: Markdown of the document.
    """

    path: str
    source: str
    text: str


def template_pages(root: Path) -> list[Page]:
    """Find the documents of the template.

    Args:
        root: A checkout of the template.
    """
    found = [*(root / "docs").rglob("*.md"), *(root / name for name in _RENAMED)]
    pages = []
    for path in sorted(set(found)):
        source = path.relative_to(root).as_posix()
        if source != _LIST and (target := page_of(source, root)):
            pages.append(Page(target, source, path.read_text()))
    return pages


def example_pages(project: Path) -> list[Page]:
    """Find the documents of a generated service.

    Args:
        project: The service.
    """
    return [
        Page(f"{EXAMPLE}/{path.relative_to(project / 'docs').as_posix()}", str(path), text)
        for path in sorted((project / "docs").rglob("*.md"))
        if (text := path.read_text())
    ]


def page_of(source: str, root: Path) -> str:
    """Path of the page that a document becomes; empty if it becomes none.

    Args:
        source: Path of the document in the repository.
        root: A checkout of the template.
    """
    if source == _LIST:
        return "index.md"
    if source in _RENAMED:
        return _RENAMED[source]
    folder, _, name = source.rpartition("/")
    if folder == _TEMPLATE_PAGES and name.endswith((".md", ".md.jinja")):
        return f"{EXAMPLE}/{name.removesuffix('.jinja')}"
    if source.startswith("docs/") and source.endswith(".md") and (root / source).is_file():
        return source.removeprefix("docs/")
    return ""
