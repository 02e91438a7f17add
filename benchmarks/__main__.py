"""Generate services in a temporary folder, measure them, and print the figures."""

import argparse
import json
import os
import platform
import tempfile
from pathlib import Path

from . import (
    cli,
    complete,
    copy_service,
    fleet_command,
    jobs,
    project,
    rows,
    update_fleet,
    update_service,
    web,
)
from .figures import Figure, table
from .peers.arguments import add_arguments, run_peers

PARTS = ("web", "rows", "jobs", "cli", "complete", "copy", "update", "fleet", "command")
# Not among all of them, because it needs clones.
ALSO = ("peers",)


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "parts", nargs="*", metavar="|".join((*PARTS, *ALSO)), help="default: all but peers"
    )
    parser.add_argument("--rounds", type=int, default=7, help="number of measurements of each")
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="also write the figures to this file"
    )
    add_arguments(parser)
    arguments = parser.parse_args()
    parts = set(arguments.parts or PARTS)
    if unknown := parts.difference(PARTS, ALSO):
        parser.error(f"there is no {min(unknown)!r}: choose from {', '.join((*PARTS, *ALSO))}")
    if arguments.rounds < 1:
        parser.error("--rounds must be at least 1")
    if "peers" in parts:
        if len(parts) > 1:
            parser.error("peers writes a table of its own: run it without other parts")
        run_peers(parser, arguments)
        return
    figures = _measure(parts, arguments.rounds)
    print(f"{platform.machine()}, {os.cpu_count()} cores, {arguments.rounds} rounds\n")
    print(table(figures))
    if arguments.json:
        document = [figure.as_json() for figure in figures]
        arguments.json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def _measure(parts: set[str], rounds: int) -> list[Figure]:
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as name:
        folder = Path(name)
        if parts.intersection({"web", "rows", "jobs", "cli"}):
            service = project.make(folder / "service")
            if parts.intersection({"web", "rows", "jobs"}):
                with project.attached(service, folder / "data") as attached:
                    if "web" in parts:
                        minimal = project.make(folder / "minimal", preset="minimal")
                        figures += web.measure(attached, minimal, rounds)
                    if "rows" in parts:
                        figures += rows.measure(attached, folder / "fastapi", rounds)
                    if "jobs" in parts:
                        figures += jobs.measure(attached, rounds)
            if "cli" in parts:
                figures += cli.measure(service)
        if "complete" in parts:
            whole = project.make(folder / "complete", preset="complete")
            with project.attached(whole, folder / "complete-data") as attached:
                figures += complete.measure(attached, rounds)
        if "copy" in parts:
            figures += copy_service.measure(folder, rounds)
        if "update" in parts:
            figures += update_service.measure(_new(folder / "update"), rounds)
        if "fleet" in parts:
            figures += update_fleet.measure(_new(folder / "fleet"), rounds)
        if "command" in parts:
            figures += fleet_command.measure(_new(folder / "command"))
    return figures


def _new(folder: Path) -> Path:
    folder.mkdir()
    return folder


if __name__ == "__main__":
    main()
