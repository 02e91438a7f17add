"""The command line of `update`: `python -m updating [PROJECT]`."""

from __future__ import annotations

import sys

# With `-m`, modules of the current folder come first, and that is the project's.
if __name__ == "__main__" and not (
    sys.flags.safe_path or __file__.startswith(f"{sys.path[0]}/updating/")
):
    del sys.path[0]

import argparse
import os
import warnings
from pathlib import Path
from typing import Any, NoReturn

from . import output
from .errors import Status, UpdateError, failed

_MISSING = (
    "{name} is not installed: install Copier, copier-template-extensions and jinja2-time into "
    "one environment, as the project's README shows."
)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        # argparse's own status is that of conflicts.
        print(f"{self.prog}: {message}; see --help.", file=sys.stderr)
        sys.exit(Status.REFUSED)


def main() -> int:
    """Run the command, and return its exit status."""
    output.prepare()
    options = _parser().parse_args()
    try:
        return _run(options)
    except UpdateError as error:
        print(error, file=sys.stderr)
        return error.status
    except ModuleNotFoundError as error:
        print(_MISSING.format(name=error.name), file=sys.stderr)
        return Status.REFUSED
    except KeyboardInterrupt:
        return 130


def _run(options: argparse.Namespace) -> int:
    # Deprecation warnings of Copier do not concern users of the template.
    warnings.simplefilter("ignore")
    import copier_template_extensions  # noqa: F401 - the template needs it, and says less
    import jinja2_time  # type: ignore[import-untyped]  # noqa: F401

    from .git import GitError

    if options.json is not None:
        output.refuse_unwritable(options.json)
    try:
        if options.undo:
            return _undo(options)
        return _check(options) if options.check else _update(options)
    except GitError as error:
        raise UpdateError(f"Git failed: {error}", Status.FAILED) from error
    except OSError as error:
        raise failed(error) from error


def _check(options: argparse.Namespace) -> int:
    from .drift import drift

    edited = drift(
        options.project,
        template=_place(options),
        base=options.base,
        answers_file=options.answers_file,
    )
    output.say("".join(f"{path}\n" for path in edited))
    return Status.DRIFT if edited else Status.CLEAN


def _undo(options: argparse.Namespace) -> int:
    from .interrupted import undo

    output.say(f"{undo(options.project)}\n")
    return Status.CLEAN


def _update(options: argparse.Namespace) -> int:
    from .forks import name_to_record
    from .update import update

    report = update(
        options.project,
        template=_place(options),
        record=name_to_record(options.template, options.project),
        to=options.to,
        base=options.base,
        data=dict(options.data),
        answers_file=options.answers_file,
        commit=options.commit,
        preview=options.preview,
    )
    if options.json is not None:
        output.write(options.json, f"{report.to_json()}\n")
    if options.json != output.STDOUT:
        output.say(f"{report.to_text()}\n")
    return report.status


def _place(options: argparse.Namespace) -> str | None:
    return options.template[-1] if options.template else None


def _answer(text: str) -> tuple[str, Any]:
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form QUESTION=ANSWER")
    return name, value


def _parser() -> _Parser:
    parser = _Parser(
        prog="update",
        description="Bring a generated project to a release of its template.",
        epilog="Status: 0 clean, 1 refused and unchanged, 2 conflicts, 3 drift (--check), "
        "4 failed and unchanged.",
    )
    add = parser.add_argument
    add("project", nargs="?", type=Path, default=Path(), help="default: the current folder")
    add("--to", metavar="RELEASE", help="release, branch or commit; default: the newest release")
    add(
        "--from",
        dest="base",
        metavar="RELEASE",
        help=(
            "release that the project was generated from, if the template no longer has the "
            "recorded commit"
        ),
    )
    add("--data", metavar="QUESTION=ANSWER", action="append", default=[], type=_answer)
    add("--preview", action="store_true", help="show what would change, and change nothing")
    add("--check", action="store_true", help="list template-owned files with local changes")
    add("--undo", action="store_true", help="only undo an update that was interrupted")
    add(
        "--no-commit",
        dest="commit",
        action="store_false",
        help=("stage the changes without a commit"),
    )
    add("--json", metavar="FILE", help="write the report as JSON to this file; - for stdout")
    add(
        "-a",
        "--answers-file",
        metavar="FILE",
        help=("default: .copier-answers.yml, or the only file that names a template"),
    )
    add(
        "--template",
        metavar="PLACE",
        action="append",
        default=[],
        help=(
            "default: the recorded one; if given twice, the last is read and the first is recorded"
        ),
    )
    return parser


def _start_again_in_utf8() -> None:
    """Restart Python in UTF-8 mode: git's output is UTF-8 in every locale."""
    if sys.stdout is not None:
        os.environ.setdefault("PYTHONIOENCODING", sys.stdout.encoding)
    os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])


if __name__ == "__main__":
    if sys.getfilesystemencoding() != "utf-8":
        _start_again_in_utf8()
    sys.exit(main())
