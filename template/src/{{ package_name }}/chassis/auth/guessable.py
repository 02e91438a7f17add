"""Long passwords that are easy to guess: repetitions, sequences, and words that everybody knows."""

import re
from collections.abc import Iterable

WORD_LENGTH = 3
RUN_LENGTH = 3

_SEQUENCES = (
    "01234567890",
    "abcdefghijklmnopqrstuvwxyz",
    # Rows of keyboards.
    "qwertyuiop",
    "qwertzuiop",
    "azertyuiop",
    "asdfghjkl",
    "qsdfghjklm",
    "zxcvbnm",
    "yxcvbnm",
    "wxcvbn",
    # Their columns.
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",  # pragma: allowlist secret
    "qazwsxedcrfvtgbyhnujmikolp",  # pragma: allowlist secret
    "1q2w3e4r5t6y7u8i9o0p",
    "q1w2e3r4t5y6u7i8o9p0",
)
_BOTH_WAYS = (*_SEQUENCES, *(sequence[::-1] for sequence in _SEQUENCES))


def is_repetition(text: str, length: int) -> bool:
    """Whether a text is a shorter block, repeated; its end may be cut off.

    Args:
        text: The text.
        length: A block of so many characters is long enough.
    """
    longest = min(length - 1, len(text) // 2)
    return any(text[size:] == text[:-size] for size in range(1, longest + 1))


def is_sequence(text: str) -> bool:
    """Whether a text consists of sequences such as 123, cba, qwerty or 111.

    Args:
        text: The text, in lower case.
    """
    start = 0
    while start < len(text):
        end = _end_of_run(text, start)
        if end - start < RUN_LENGTH and end < len(text):
            return False
        start = end
    return True


def _end_of_run(text: str, start: int) -> int:
    end = start + 1
    while end < len(text) and any(text[start : end + 1] in sequence for sequence in _BOTH_WAYS):
        end += 1
    return max(end, len(text) - len(text[start:].lstrip(text[start])))


def known_words(texts: Iterable[str]) -> set[str]:
    """The words of names; shorter ones than `WORD_LENGTH` are in too many other words.

    Args:
        texts: Names, in lower case.
    """
    words = {word for text in texts for word in re.split(r"[\W_]+", text)}
    return {word for word in words if len(word) >= WORD_LENGTH}


def length_of_words(text: str, words: Iterable[str]) -> int:
    """How many characters of a text are known words.

    Args:
        text: The text.
        words: The words.
    """
    rest = text
    for word in sorted(words, key=len, reverse=True):
        rest = rest.replace(word, "")
    return len(text) - len(rest)
