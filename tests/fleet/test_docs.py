"""docs/fleet.md agrees with the code of the fleet."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main
from pydantic import BaseModel

from tests.rendering import ROOT
from twelvestar.fleet import cli, message, states
from twelvestar.fleet.forges import PACES, STATUS_CONTEXT
from twelvestar.fleet.inventory import (
    Condition,
    Defaults,
    Inventory,
    Place,
    Query,
    Rule,
    Wave,
    read_inventory,
)
from twelvestar.fleet.settings import Settings

PAGE = (ROOT / "docs" / "fleet.md").read_text()
EXAMPLES = ROOT / "docs" / "examples" / "fleet"
# Tables of the inventory, by the prefix of their keys on the page.
TABLES: dict[str, type[BaseModel]] = {
    "": Inventory,
    "defaults.": Defaults,
    "forge.": Place,
    "forge.find.": Query,
    "wave.": Wave,
    "wave.then.": Condition,
    "repo.": Rule,
}
OF_TABLES = {"defaults", "forge", "wave", "repo"}


def table(first: str) -> list[list[str]]:
    """Rows of the table whose header begins with a word."""
    found = re.search(rf"^\| {first} \|.*\n\| -.*\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    assert found, first
    return [[cell.strip() for cell in row.split(" | ")] for row in rows(found[1])]


def rows(text: str) -> list[str]:
    return [line.removeprefix("| ").removesuffix(" |") for line in text.splitlines()]


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def used() -> Iterator[tuple[str, list[str]]]:
    """Commands and options in the page and in the examples."""
    texts = blocks("sh") + [path.read_text() for path in EXAMPLES.iterdir()]
    for line in "\n".join(texts).splitlines():
        if found := re.search(r"twelvestar fleet ([a-z]+)([^#|]*)", line):
            options = [word for word in shlex.split(found[2]) if word.startswith("--")]
            yield found[1], options


def options() -> dict[str, set[str]]:
    """Options of each command of the fleet."""
    group: Any = typer.main.get_command(cli.fleet)
    return {
        name: {option for parameter in command.params for option in parameter.opts} - {"--help"}
        for name, command in group.commands.items()
    }


def test_the_inventory_of_the_page_is_valid(tmp_path: Path) -> None:
    complete = next(text for text in blocks("toml") if "[[wave]]" in text)
    for number, text in enumerate([block for block in blocks("toml") if "[[forge]]" in block]):
        path = tmp_path / f"{number}.toml"
        path.write_text(text)
        read_inventory(path)
    path = tmp_path / "fleet.toml"
    path.write_text(complete)
    inventory = read_inventory(path)
    assert [place.kind for place in inventory.forge] == [
        "github",
        "gitlab",
        "gitea",
        "git",
        "folder",
    ]
    assert [wave.name for wave in inventory.wave] == ["canary", "early"]
    assert inventory.wave[0].then.merged == 0.8
    written = set(re.findall(r"(?:^|[{ ])([a-z_]+) =", complete, re.MULTILINE))
    assert written == {name for model in TABLES.values() for name in fields(model)} - OF_TABLES


def test_the_inventory_to_copy_is_valid() -> None:
    text = (EXAMPLES / "fleet.toml").read_text()
    assert len(read_inventory(EXAMPLES / "fleet.toml").wave) == 1
    for name in re.findall(r"env:(\w+)", text):
        assert any(name in path.read_text() for path in EXAMPLES.glob("*.yml"))


def test_the_page_lists_every_key_of_an_inventory_with_its_default() -> None:
    listed = {row[0].strip("`"): row[1].strip("`") for row in table("key")}
    assert set(listed) == {
        f"{prefix}{name}"
        for prefix, model in TABLES.items()
        for name in fields(model)
        if prefix or name not in OF_TABLES
    }
    for name in ("branch", "draft", "author", "megabytes", "seconds"):
        assert listed[f"defaults.{name}"] == str(Defaults.model_fields[name].default)
    assert listed["defaults.stale"] == f"{Defaults().stale.days}d"
    for name in ("merged", "failed"):
        assert listed[f"wave.then.{name}"] == f"{Condition.model_fields[name].default:.0%}"
    pace = next(row[2] for row in table("key") if row[0] == "`forge.pace`")
    defaults = f"{PACES['github']:g} on GitHub, {PACES['gitlab']:g} on GitLab, "
    assert f"{defaults}{PACES['gitea']:g} on the others" in pace
    assert PACES["gitea"] == PACES["pagure"]


def test_the_page_lists_every_state_as_the_report_calls_it() -> None:
    listed = [(row[0].strip("`"), row[1]) for row in table("state")]
    assert listed == [(state.value, states.MEANINGS[state]) for state in states.State]


def test_the_page_lists_every_exit_status() -> None:
    listed = {int(row[0]): row[1].replace("`", "") for row in table("status")}
    assert cli.__doc__ is not None
    said = re.sub(
        r"\s+", " ", cli.__doc__.partition("Exit status: ")[2].partition(". If several")[0]
    )
    assert listed == {
        int(number): meaning if int(number) != 3 else listed[3]
        for number, meaning in re.findall(r"(\d+) ([^;]+)", said)
    }
    assert listed[3].startswith("with --strict, some wait for their owners: ")
    assert len(listed[3].partition(": ")[2].split(", ")) == len(states.FOR_OWNERS) - 1


def test_the_page_lists_every_setting() -> None:
    listed = {row[0].strip("`"): row[1].strip("`") for row in table("variable")}
    defaults = {
        f"FLEET_{name.upper()}": "none" if field.default is None else str(field.default)
        for name, field in Settings.model_fields.items()
    }
    # The default of --workers on the command line.
    assert listed == {**defaults, "FLEET_WORKERS": "cores, at most 4"}


def test_the_page_lists_every_command() -> None:
    known = options()
    seen = set()
    for command, given in used():
        seen.add(command)
        assert set(given) <= known[command], command
    assert seen == set(known)


def test_the_page_names_every_option_and_no_other() -> None:
    known = set().union(*options().values())
    named = set(re.findall(r"(?<![\w-])--[a-z]+(?:-[a-z]+)*", PAGE))
    assert named == known
    assert {row[0].strip("`").split()[0] for row in table("option")} | {
        "--inventory", "--state", "--only", "--skip", "--to",
    } == options()["run"]  # fmt: skip


def test_the_page_names_the_status_and_the_trailers() -> None:
    assert f"`{STATUS_CONTEXT}`" in PAGE
    named = re.findall(r"`(Template-\w+)`", PAGE)
    assert named
    assert all(message._TRAILER.fullmatch(f"{name}: x") for name in named)


def fields(model: type[BaseModel]) -> list[str]:
    """Keys of a table, without `folder`, which is the inventory's own location."""
    return [name for name, field in model.model_fields.items() if not field.exclude]
