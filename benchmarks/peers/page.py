"""Tables and plots of the comparison, in a page whose other text is written by hand."""

from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

from ..scorecard.cards import ROWS, reasons
from ..scorecard.cards import table as card_table
from .command import FASTAPI, LITESTAR
from .plots import Bar, svg
from .result import Measured, Results, Spread, Stage

BEGIN = "<!-- Written by `python -m benchmarks peers`; edit the text outside. -->"
END = "<!-- Until here. -->"
IMAGES = "images"
_STAGES = ("generate", "install", "first answer", "tests")


def write(results: Results, file: Path) -> None:
    """Write tables and plots into a page.

    Args:
        results: The results.
        file: The page, with the two marks; the plots go to the folder `images` beside it.

    Raises:
        ValueError: When the page has no marks.
    """
    text = file.read_text(encoding="utf-8")
    if BEGIN not in text or END not in text:
        raise ValueError(f"{file} has no place for the tables: add the lines {BEGIN} and {END}")
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    images = file.parent / IMAGES
    images.mkdir(exist_ok=True)
    for name, drawing in plots(results).items():
        (images / name).write_text(drawing, encoding="utf-8")
    whole = f"{before}{BEGIN}\n\n{tables(results)}\n\n{END}{after}"
    file.write_text(whole, encoding="utf-8")


def tables(results: Results) -> str:
    """All tables, with the places of the plots, in Markdown.

    Args:
        results: The results.
    """
    parts = [
        f"Machine: {results.machine}. {results.conditions} Rounds: {results.rounds}.",
        "### From nothing to tests",
        _stages(results),
        "### Requests, start and memory",
        _requests(results),
        "![Requests for 20 rows, divided by Litestar by hand](images/peers-rows.svg)",
        "![Requests for health, divided by Litestar by hand](images/peers-health.svg)",
        "### An update after five ordinary edits",
        _updates(results),
    ]
    if cards := [each.card for each in results.measured if each.card]:
        parts += [
            "### Scorecard",
            card_table(cards),
            "![True claims of the scorecard](images/peers-scorecard.svg)",
            "Why not:",
            *(f"**{card.name}**\n\n{reasons(card)}" for card in cards),
        ]
    if notes := [
        f"- {each.name}: {sentence}" for each in results.measured for sentence in each.instead
    ]:
        parts += ["### Done in another way than documented", "\n".join(notes)]
    return "\n\n".join(parts)


def plots(results: Results) -> dict[str, str]:
    """All plots by their file names.

    Args:
        results: The results.
    """
    made = {
        "peers-rows.svg": svg(
            f"Requests for 20 rows per CPU second, divided by {LITESTAR}",
            _bars(results, lambda each: each.rows, "rows"),
            line=1,
        ),
        "peers-health.svg": svg(
            f"Requests for health per CPU second, divided by {LITESTAR}",
            _bars(results, lambda each: each.health, "health"),
            line=1,
        ),
    }
    if cards := [each.card for each in results.measured if each.card]:
        made["peers-scorecard.svg"] = svg(
            f"True claims of the scorecard, of {len(ROWS)}",
            [Bar(card.name, card.score, ours=number == 0) for number, card in enumerate(cards)],
            digits=0,
        )
    return made


def _bars(results: Results, values: Callable[[Measured], Sequence[float]], name: str) -> list[Bar]:
    hand = results.one(LITESTAR)
    bars = []
    for number, each in enumerate(results.measured):
        spread = Spread.of(values(each), values(hand)) if hand else None
        if spread is None:
            why = each.cannot.get(name) or each.cannot.get("requests") or _failed(each)
            bars.append(Bar(each.name, note=why[:70] or "not measured"))
        else:
            bar = Bar(each.name, spread.middle, spread.low, spread.high, ours=number == 0)
            bars.append(bar)
    return bars


def _failed(measured: Measured) -> str:
    for name in ("generate", *_STAGES):
        if name in measured.cannot:
            return measured.cannot[name]
        if (stage := measured.stages.get(name)) and not stage.done and name != "tests":
            return f"{name}: {stage.outcome}"
    return ""


def _stages(results: Results) -> str:
    rows = [
        ["", "version", "Python", "generate", "install", "to the first answer", "tests"],
    ]
    for each in results.measured:
        if not each.by_hand:
            cells = [_stage(each, name) for name in _STAGES]
            rows.append([f"{each.name}: {each.about}", each.version, each.python, *cells])
    return (
        f"{_table(rows)}\n\nCPU seconds, in parentheses seconds; packages come from uv's cache. "
        "The first answer includes the migration of an empty database."
    )


def _stage(measured: Measured, name: str) -> str:
    stage = measured.stages.get(name)
    if stage is None:
        return measured.cannot.get(name) or measured.cannot.get("generate") or "?"
    if not stage.done:
        return f"**fails**{_time(stage)}: {stage.outcome}"
    outcome = f": {stage.outcome}" if name == "tests" else ""
    return f"{stage.cpu:.1f} ({stage.wall:.1f}){outcome}"


def _time(stage: Stage) -> str:
    return f" after {stage.cpu:.1f} ({stage.wall:.1f})" if stage.wall else ""


def _requests(results: Results) -> str:
    litestar, fastapi = results.one(LITESTAR), results.one(FASTAPI)
    rows = [
        [
            *("", "start, CPU s", "health, per CPU s", "by Litestar", "by FastAPI"),
            *("20 rows, per CPU s", "by Litestar", "by FastAPI", "memory, MB"),
        ]
    ]
    for each in results.measured:
        if not each.start:
            why = each.cannot.get("requests") or _failed(each) or "not measured"
            rows.append([each.name, why, *[""] * 7])
            continue
        cells = [each.name, f"{median(each.start):.2f}"]
        for name in ("health", "rows"):
            rates = [each, litestar, fastapi]
            mine, *others = [getattr(one, name) if one else [] for one in rates]
            if mine:
                cells.append(f"{median(mine):,.0f}")
                cells += [_ratio(mine, other) for other in others]
            else:
                cells += [each.cannot.get(name, "it has no such route"), "", ""]
        rows.append([*cells, f"{median(each.memory):.0f}"])
    return (
        f"{_table(rows)}\n\nMedians of the rounds. A ratio is the median of the rounds' ratios to "
        "the application written by hand, with the lowest and the highest one in parentheses."
    )


def _ratio(ours: Sequence[float], other: Sequence[float]) -> str:
    return str(Spread.of(ours, other) or "")


def _updates(results: Results) -> str:
    rows = [["", "edits kept", "files with conflicts", "CPU s", ""]]
    for each in results.measured:
        if each.by_hand:
            continue
        if each.updated is None:
            why = each.cannot.get("update") or _failed(each) or "it documents no update"
            rows.append([each.name, "", "", "", why])
            continue
        made = each.updated
        kept = f"{made.kept} of {made.edits}"
        rows.append([each.name, kept, str(made.conflicts), f"{made.cpu:.1f}", made.outcome])
    return _table(rows)


def _table(rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(cell.replace("|", "/") for cell in row) + " |" for row in rows]
    lines.insert(1, "| " + " | ".join("---" for _ in rows[0]) + " |")
    return "\n".join(lines)
