"""Links: those of documents, which lead to pages or to the repository, and those of the site."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

_FENCE = re.compile(r"^(`{3,}).*?^\1$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?P<before>\[(?P<words>[^\]]*)\]\()(?P<target>[^)\s]+)\)")
_IMAGE = re.compile(r'(?P<before><img [^>]*src=")(?P<target>[^"]+)"')


def rewritten(text: str, translate: Callable[[str], str | None]) -> str:
    """Replace the targets of relative links outside code blocks.

    Args:
        text: Markdown of a page.
        translate: Gives the new target, or None if only the words of the link remain.
    """

    def link(found: re.Match[str]) -> str:
        target, anchor = _split(found["target"])
        if not target or "://" in target or target.startswith("mailto:"):
            return found[0]
        new = translate(target)
        return found["words"] if new is None else f"{found['before']}{new}{anchor})"

    def image(found: re.Match[str]) -> str:
        return f'{found["before"]}{translate(found["target"])}"'

    pieces, last = [], 0
    for fence in _FENCE.finditer(text):
        pieces += [_IMAGE.sub(image, _LINK.sub(link, text[last : fence.start()])), fence[0]]
        last = fence.end()
    return "".join([*pieces, _IMAGE.sub(image, _LINK.sub(link, text[last:]))])


def _split(target: str) -> tuple[str, str]:
    path, hash_, anchor = target.partition("#")
    return path, hash_ + anchor


class _Targets(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("href", "src") and value:
                self.links.append(value)
            elif name in ("id", "name") and value:
                self.anchors.add(value)


def broken(site: Path) -> Iterator[str]:
    """Find links of a built site to files and anchors that it lacks, and to other servers' files.

    Args:
        site: Folder of the site.

    Yields:
        A sentence for each.
    """
    pages = {path: _targets(path) for path in sorted(site.rglob("*.html"))}
    for page, found in pages.items():
        # The page of errors is shown at any address.
        if page.name == "404.html":
            continue
        for link in found.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            there = posixpath.normpath(posixpath.join(page.parent.as_posix(), unquote(parts.path)))
            target = Path(there) if parts.path else page
            if target.is_dir():
                target /= "index.html"
            name = page.relative_to(site)
            if not target.is_file():
                yield f"{name} links to {link}, which does not exist."
            elif parts.fragment and unquote(parts.fragment) not in pages[target].anchors:
                yield f"{name} links to {link}, and that page has no such anchor."


def _targets(page: Path) -> _Targets:
    targets = _Targets()
    targets.feed(page.read_text())
    return targets
