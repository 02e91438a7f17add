"""Counting words: domain logic without dependencies on the chassis."""

import re
from collections import Counter
from dataclasses import dataclass, field

_WORD = re.compile(r"[^\W_]+")


@dataclass(slots=True)
class WordCount:
    """Word counts of any number of texts."""

    words: Counter[str] = field(default_factory=Counter)

    def add(self, text: str) -> None:
        """Add the words of a text, ignoring case."""
        self.words.update(word.casefold() for word in _WORD.findall(text))

    def summary(self, top: int) -> dict[str, object]:
        """Summary of the counts.

        Args:
            top: Number of most frequent words to list.
        """
        return {
            "total": self.words.total(),
            "distinct": len(self.words),
            "top": dict(self.words.most_common(top)),
        }
