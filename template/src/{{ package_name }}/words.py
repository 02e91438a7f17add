"""Counting words: the part of this service that knows nothing of what is around it."""

import re
from collections import Counter
from dataclasses import dataclass, field

_WORD = re.compile(r"[^\W_]+")


@dataclass(slots=True)
class WordCount:
    """Words of any number of texts."""

    words: Counter[str] = field(default_factory=Counter)

    def add(self, text: str) -> None:
        """Count the words of one more text, whatever their case."""
        self.words.update(word.casefold() for word in _WORD.findall(text))

    def summary(self, top: int) -> dict[str, object]:
        """The result as it is shown.

        Args:
            top: How many of the most frequent words are listed.
        """
        return {
            "total": self.words.total(),
            "distinct": len(self.words),
            "top": dict(self.words.most_common(top)),
        }
