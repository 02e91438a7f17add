"""`make test-newest`: run the suites of generated services with the newest packages."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from tests.rendering import ROOT, every_set, export
from tests.test_generated import IN_COMPLETE, VERSIONS, pythons

from . import good
from .case import run_case
from .report import markdown
from .results import Result, write

REPORT = ROOT / "build" / "newest"
GOOD = ROOT / "tests" / "newest.json"


class Refused(Exception):
    """The command cannot do what was asked for; the message says why."""


def main(arguments: list[str]) -> int:
    """Run the selected projects, and write the report.

    Args:
        arguments: Those of the command line.

    Returns:
        Exit status: 1 if something failed, 2 if the arguments are wrong.
    """
    parser = argparse.ArgumentParser(prog="make test-newest", description=__doc__)
    parser.add_argument(
        "--sets",
        default="",
        help="answer sets; all by default, except for parts that the complete set has",
    )
    parser.add_argument("--pythons", default="", help="versions of Python; all of this machine")
    parser.add_argument("--test", default="", help="tests to run; the linters and the whole suite")
    parser.add_argument("--report", type=Path, default=REPORT, help="folder for the report")
    parser.add_argument("--good", type=Path, default=GOOD, help="file with the last good versions")
    options = parser.parse_args(arguments)
    try:
        cases = select(options.sets.split(), options.pythons.split())
    except Refused as error:
        print(f"make test-newest: {error}", file=sys.stderr)
        return 2
    results = run(cases, options.good, options.test.split())
    options.report.mkdir(parents=True, exist_ok=True)
    write(results, options.report / "report.json")
    (options.report / "report.md").write_text(markdown(results))
    if not options.test:
        good.update(options.good, results)
    print(f"The report is {options.report / 'report.md'}.")
    return int(any(result.failures for result in results))


def select(sets: list[str], versions: list[str]) -> list[tuple[str, str]]:
    """Combine answer sets with the Pythons that they allow.

    Args:
        sets: Answer sets; empty for all.
        versions: Versions of Python; empty for all of this machine.

    Raises:
        Refused: If one of them does not exist here.
    """
    known = every_set()
    if unknown := sorted(set(sets) - known.keys()):
        raise Refused(f'no answer set "{unknown[0]}": set SETS to some of {", ".join(known)}')
    if missing := sorted(set(versions) - pythons().keys()):
        raise Refused(f"no Python {missing[0]} here: set PYTHONS to some of {_list(pythons())}")
    return [
        (name, version)
        for name in sets or [name for name in known if name not in IN_COMPLETE]
        for version in versions or pythons()
        if VERSIONS.index(version) >= VERSIONS.index(known[name].get("lowest_python", VERSIONS[0]))
    ]


def run(cases: list[tuple[str, str]], last: Path, tests: list[str]) -> list[Result]:
    """Run projects one after the other, and print a line for each.

    Args:
        cases: Their answer sets and Pythons.
        last: File with the last good versions.
        tests: Arguments of pytest; empty for the whole suite.
    """
    versions = good.read(last)
    results = []
    with tempfile.TemporaryDirectory(prefix="newest-") as folder:
        template = export(Path(folder, "template"))
        for name, version in cases:
            # PostgreSQL runs as another user if this runs as root, and cannot read this folder.
            with tempfile.TemporaryDirectory(prefix="newest-") as scratch:
                Path(scratch).chmod(0o755)
                known = versions.get(f"{name}-{version}", {})
                python = (version, pythons()[version])
                result = run_case(template, name, python, Path(scratch), known, tests)
            results.append(result)
            said = result.skipped and f"NOT run: {result.skipped}"
            print(f"{name} on Python {version}: {said or _outcome(result)}", flush=True)
    return results


def _outcome(result: Result) -> str:
    lines = [f"\n  {failure.check}" for failure in result.failures]
    return f"FAILED{''.join(lines)}" if lines else "passed"


def _list(words: Iterable[str]) -> str:
    return ", ".join(words)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
