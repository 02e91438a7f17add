"""The route that counts words."""

import msgspec
from litestar import post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from ..settings import Settings
from ..words import WordCount


class Text(msgspec.Struct):
    """A text to count the words of."""

    text: str


class Summary(msgspec.Struct):
    """Word counts of a text."""

    total: int
    distinct: int
    top: dict[str, int]


@post(
    "/counts",
    summary="Count the words of a text",
    operation_id="count_words",
    status_code=200,
    tags=["counts"],
)
async def count(settings: NamedDependency[Settings], data: JSONBody[Text]) -> Summary:
    """Count words, ignoring case."""
    words = WordCount()
    words.add(data.text)
    return msgspec.convert(words.summary(settings.top_words), Summary)
