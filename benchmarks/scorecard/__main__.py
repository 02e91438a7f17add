"""Fill in the scorecard of a generated and installed project, and print it."""

import argparse
import json
import tempfile
from pathlib import Path

from .backing import backing, end_on_sigterm
from .cards import ROWS, fill_in, reasons, table
from .description import read
from .subject import Subject


def main() -> None:
    """Read the arguments and decide the rows."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scorecard", description=__doc__)
    parser.add_argument("description", type=Path, help="its description, in TOML")
    parser.add_argument("folder", type=Path, help="its repository")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the verdicts there")
    parser.add_argument("--rows", metavar="N,N", help="only these rows")
    arguments = parser.parse_args()
    if not (arguments.folder / ".git").exists():
        parser.error(f"{arguments.folder} is not a git repository")
    try:
        description = read(arguments.description)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    end_on_sigterm()
    wanted = arguments.rows.split(",") if arguments.rows else None
    rows = [row for n, row in enumerate(ROWS, 1) if wanted is None or str(n) in wanted]
    with tempfile.TemporaryDirectory(prefix="scorecard-") as name:
        scratch = Path(name)
        with backing(scratch / "data", extensions=True) as servers:
            subject = Subject(description, arguments.folder.resolve(), scratch, servers)
            card = fill_in(subject, rows=rows, report=lambda line: print(line, flush=True))
    print(f"\n{table([card], rows=rows)}\n\n{reasons(card, rows=rows)}")
    if arguments.json:
        arguments.json.write_text(json.dumps(card.as_json(), indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
