"""Apply edits of a rendered file to the Jinja file that it was rendered from.

To find the source of each rendered line, the template is rendered with a mark at the end of each
line. An edit is applied if all lines that it touches are plain text in the template, or contain
only expressions such as `{{ package_name }}`, which replace their values in the edited text.
Everything else is left to a person, because an edit next to a tag may belong on either side of it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from itertools import pairwise

from jinja2 import Environment

# Private-use characters, which do not occur in the template.
START, END = "\ue000", "\ue001"
MARK = re.compile(f"{START}(\\d+){END}")
TAG = re.compile(r"\{\{|\{%|\{#")
EXPRESSION = re.compile(r"\{\{-?(.*?)-?\}\}")


@dataclass
class Transfer:
    """The result for one file.

    Attributes:
        text: The Jinja file with the edits that could be applied.
        problems: The other edits, with reasons.
    """

    text: str
    problems: list[str] = field(default_factory=list)


def marked(source: str) -> str:
    """Add a mark with the line number to each line of a Jinja file.

    Args:
        source: The Jinja file.
    """
    lines = source.split("\n")
    for number in _markable(source):
        lines[number] += f"{START}{number}{END}"
    return "\n".join(lines)


def origins(rendered: str, source: str) -> tuple[str, list[int | None]]:
    """Read and remove the marks of a rendering.

    Args:
        rendered: Rendering of the result of `marked`.
        source: The Jinja file.

    Returns:
        The rendering without marks, and for each of its lines the line number in the Jinja file
        from 0; None if that is unclear.
    """
    lines = rendered.split("\n")
    found = [MARK.findall(line) for line in lines]
    count = Counter(number for numbers in found for number in numbers)
    plain = [MARK.sub("", line) for line in lines]
    wanted = source.split("\n")
    known: list[int | None] = []
    for line, text, numbers in zip(lines, plain, found, strict=True):
        # A line in a loop is rendered several times, so an edit of one would change all. A tag can
        # join lines.
        alone = len(numbers) == 1 and count[numbers[0]] == 1 and line.endswith(END)
        number = int(numbers[0]) if alone else None
        known.append(
            None if number is None or not _pattern(wanted[number]).fullmatch(text) else number
        )
    if not plain[-1] and not wanted[-1]:
        known[-1] = len(wanted) - 1
    # Blank lines have no mark, because tags that strip whitespace would then no longer remove them.
    for step in (1, -1):
        order = range(len(plain)) if step == 1 else range(len(plain) - 1, -1, -1)
        for here in order:
            neighbour = here - step
            if known[here] is not None or plain[here].strip() or not 0 <= neighbour < len(plain):
                continue
            beside = known[neighbour]
            if beside is None or not 0 <= beside + step < len(wanted):
                continue
            if not wanted[beside + step].strip() and beside + step not in known:
                known[here] = beside + step
    return "\n".join(plain), known


def transfer(source: str, rendered: str, lines: Sequence[int | None], edited: str) -> Transfer:
    """Apply edits to a Jinja file.

    Args:
        source: The Jinja file.
        rendered: Its rendering.
        lines: Its line number for each rendered line, as `origins` returned them.
        edited: The edited rendering.
    """
    old, new = rendered.split("\n"), edited.split("\n")
    template = source.split("\n")
    changes: list[tuple[int, int, list[str]]] = []
    problems: list[str] = []
    for kind, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            continue
        try:
            for start, end, replacement in _places(kind, old, new, lines, (i1, i2, j1, j2)):
                here = [old[at] for at in range(i1, i2) if lines[at] in range(start, end)]
                again = _expressions_again(template[start:end], here, replacement)
                changes.append((start, end, again))
        except _Unclear as error:
            where = f"line {j1 + 1}" if j2 - j1 < 2 else f"lines {j1 + 1} to {j2}"
            problems.append(f"{where}: {error}{_near(lines, i1, i2)}")
    for start, end, replacement in sorted(changes, reverse=True):
        template[start:end] = replacement
    return Transfer("\n".join(template), problems)


class _Unclear(Exception):
    """An edit has no unique position in the Jinja file; the message is the reason."""


def _markable(source: str) -> list[int]:
    """Lines that end with text or an expression, and contain no other tags."""
    kinds: dict[int, set[str]] = {}
    last: dict[int, str] = {}
    position = 0
    for _, kind, value in Environment(keep_trailing_newline=True).lex(source):
        start = source.index(value, position)
        position = start + len(value)
        first = source.count("\n", 0, start)
        for number, piece in enumerate(value.split("\n"), start=first):
            if piece:
                kinds.setdefault(number, set()).add(kind)
                last[number] = f"{kind}:{piece}"
    open_tag = _inside_tags(source)
    return [
        number
        for number, line in enumerate(source.split("\n"))
        if line.strip()
        and number not in open_tag
        and not any(kind.startswith(("block", "comment", "raw")) for kind in kinds.get(number, ()))
        and (last[number].startswith("data:") or last[number] == "variable_end:}}")
    ]


def _inside_tags(source: str) -> set[int]:
    """Lines whose end is inside a tag."""
    found: set[int] = set()
    for match in re.finditer(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", source, re.DOTALL):
        first = source.count("\n", 0, match.start())
        found.update(range(first, first + match[0].count("\n")))
    return found


def _places(
    kind: str,
    old: Sequence[str],
    new: Sequence[str],
    lines: Sequence[int | None],
    where: tuple[int, int, int, int],
) -> list[tuple[int, int, list[str]]]:
    """Find the line ranges of the Jinja file that an edit replaces, and the new lines of each."""
    i1, i2, j1, j2 = where
    added = list(new[j1:j2])
    if any(TAG.search(line) for line in added):
        raise _Unclear("new text that Jinja would take for a tag")
    if kind == "insert":
        first, last = _slides(old, added, i1, i2)
        place = _together([-1, *lines][first : last + 2])[i1 - first] + 1
        return [(place, place, added)]
    touched = [_known(number) for number in lines[i1:i2]]
    if kind == "delete":
        first, last = _slides(old, old[i1:i2], i1, i2)
        if (first, last) != (i1, i2):
            _together(lines[first:last])
        return [(number, number + 1, []) for number in touched]
    if len(added) == len(touched):
        return [(number, number + 1, [line]) for number, line in zip(touched, added, strict=True)]
    # If the number of lines changes and a tag is next to them, they may belong before or after it.
    _together([-1, *lines][i1 : i2 + 2])
    return [(touched[0], touched[-1] + 1, added)]


def _slides(old: Sequence[str], block: Sequence[str], i1: int, i2: int) -> tuple[int, int]:
    """How far a block can be moved up and down without changing the result of the edit."""
    first, last = i1, i2
    turned = list(block)
    while first > 0 and old[first - 1] == turned[-1]:
        turned = [turned[-1], *turned[:-1]]
        first -= 1
    turned = list(block)
    while last < len(old) and old[last] == turned[0]:
        turned = [*turned[1:], turned[0]]
        last += 1
    return first, last


def _together(lines: Sequence[int | None]) -> list[int]:
    """Check that lines are adjacent in the Jinja file, too."""
    known = [_known(number) for number in lines]
    if any(one + 1 != two for one, two in pairwise(known)):
        raise _Unclear("there is a tag here, and the edit may belong on either side of it")
    return known


def _known(line: int | None) -> int:
    if line is None:
        raise _Unclear("the text here is made by a tag")
    return line


def _pattern(line: str) -> re.Pattern[str]:
    """A pattern for the renderings of a line, with a group for each expression."""
    return re.compile("(.*?)".join(map(re.escape, EXPRESSION.split(line)[::2])))


def _expressions_again(template: list[str], old: list[str], new: list[str]) -> list[str]:
    """Replace values in the new lines by the expressions that they come from."""
    values: dict[str, set[str]] = {}
    for line in template:
        match = next(filter(None, map(_pattern(line).fullmatch, old)), None)
        assert match is not None, "a rendered line matches the pattern of its line in the template"
        for value, expression in zip(match.groups(), EXPRESSION.finditer(line), strict=True):
            if not value:
                raise _Unclear(f"{expression[0]} is empty here")
            values.setdefault(value, set()).add(expression[0])
    for value, expressions in values.items():
        if len(expressions) > 1:
            raise _Unclear(f'"{value}" may be {" or ".join(sorted(expressions))}')
        if not any(value in line for line in new):
            raise _Unclear(f"the value of {next(iter(expressions))} was edited")
    if not values:
        return new
    every = re.compile("|".join(map(re.escape, sorted(values, key=len, reverse=True))))
    return [every.sub(lambda found: next(iter(values[found[0]])), line) for line in new]


def _near(lines: Sequence[int | None], i1: int, i2: int) -> str:
    """Describe the position of an edit in the Jinja file."""
    before = next((number for number in reversed(lines[:i1]) if number is not None), None)
    after = next((number for number in lines[i2:] if number is not None), None)
    if before is None and after is None:
        return ""
    if after is None:
        return f" (after line {(before or 0) + 1} of the template)"
    if before is None:
        return f" (before line {after + 1} of the template)"
    return f" (between lines {before + 1} and {after + 1} of the template)"
