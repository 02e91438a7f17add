"""Options of `python -m benchmarks peers`."""

import argparse
import tempfile
from pathlib import Path

from ..scorecard.backing import end_on_sigterm
from . import command, page
from .peer import missing_clones, peers


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options.

    Args:
        parser: The parser of the command line.
    """
    group = parser.add_argument_group("peers")
    group.add_argument("--clones", type=Path, metavar="FOLDER", help="folder of their clones")
    group.add_argument("--only", metavar="NAME,NAME", help="only these templates")
    group.add_argument("--conditions", default="", help="what else the machine does, in words")
    group.add_argument("--no-cards", action="store_true", help="leave the scorecard out")
    group.add_argument(
        "--page", type=Path, metavar="FILE", help="write tables and plots into this page"
    )
    group.add_argument(
        "--results",
        type=Path,
        metavar="FILE",
        help="results of an earlier run to write the page of",
    )


def run_peers(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> None:
    """Measure the templates, and write what was asked for.

    Args:
        parser: The parser of the command line.
        arguments: The parsed options.
    """
    if arguments.results:
        if not arguments.page:
            parser.error("--results needs --page")
        page.write(command.read(arguments.results), arguments.page)
        return
    if arguments.clones is None:
        parser.error("peers needs --clones FOLDER, a folder of clones: it downloads no sources")
    try:
        wanted = peers(arguments.only.split(",") if arguments.only else ())
    except ValueError as error:
        parser.error(str(error))
    clones = arguments.clones.resolve()
    if sentence := missing_clones(wanted, clones):
        parser.error(sentence)
    end_on_sigterm()
    with tempfile.TemporaryDirectory(prefix="peers-") as name:
        results = command.compare(
            wanted,
            clones,
            Path(name),
            arguments.rounds,
            conditions=arguments.conditions,
            cards=not arguments.no_cards,
        )
    if arguments.json:
        command.write(results, arguments.json)
    if arguments.page:
        page.write(results, arguments.page)
    print(page.tables(results))
