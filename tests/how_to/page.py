"""Steps of a page: its code blocks, and the sentence before each, which says what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

# Ends of sentences, by the kind of step.
KINDS = {
    "create": re.compile(r"[Cc]reate `(?P<path>[^`]+)`:$"),
    "edit": re.compile(r"[Ee]dit `(?P<path>[^`]+)`:$"),
    "write": re.compile(r"[Ww]rite `(?P<path>[^`]+)`:$"),
    "start": re.compile(r"in\s+another\s+terminal:$"),
    "run": re.compile(r":$"),
}
_LANGUAGES = {"start": "sh", "run": "sh"}
_BLOCK = re.compile(
    r"^(?P<sentence>[^\n]*(?:\n[^\n]+)*)\n\n```(?P<language>\w*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Step:
    """A block of a page.

    Attributes:
        section: Heading of its section.
        sentence: Paragraph before it.
        kind: One of `KINDS`, or an empty string if the paragraph does not say what to do.
        path: File that is created, edited or written.
        language: Language of the block.
        text: The block.
    """

    section: str
    sentence: str
    kind: str
    path: str
    language: str
    text: str

    @property
    def commands(self) -> list[str]:
        """Lines of a block of commands."""
        return self.text.splitlines()


def steps(page: str) -> Iterator[Step]:
    """Find the blocks of a page, in order.

    Args:
        page: Text in Markdown.
    """
    for section in re.split(r"^## ", page, flags=re.MULTILINE)[1:]:
        heading, _, body = section.partition("\n")
        for found in _BLOCK.finditer(body):
            sentence, language, text = found["sentence"].strip(), found["language"], found["text"]
            kind, path = _kind(sentence, language)
            yield Step(heading, sentence, kind, path, language, text)


def fences(page: str) -> int:
    """Count all blocks of a page.

    Args:
        page: Text in Markdown.
    """
    return len(re.findall(r"^```", page, re.MULTILINE)) // 2


def _kind(sentence: str, language: str) -> tuple[str, str]:
    for kind, pattern in KINDS.items():
        found = pattern.search(sentence)
        if found and _LANGUAGES.get(kind, language) == language:
            return kind, found.groupdict().get("path", "")
    return "", ""
