"""The command line: generate a service, update one, and update a fleet.

A command imports its dependencies when it runs, so that `--help` is quick.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from .errors import Problem

cli = typer.Typer(
    name="twelvestar",
    help="Generate Litestar services from a template, and keep them up to date with it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Project = Annotated[Path, typer.Argument(help="Folder of the service.", show_default="here")]
AnswersFile = Annotated[
    str | None,
    typer.Option("--answers-file", "-a", metavar="FILE", help="Name of the answers file."),
]


@cli.command()
def new(
    destination: Annotated[Path, typer.Argument(help="Folder of the new service.")],
    *,
    template: Annotated[
        str | None,
        typer.Option(
            metavar="PLACE",
            help="Path or URL of the template; default: the repository of this command.",
        ),
    ] = None,
    vcs_ref: Annotated[
        str | None,
        typer.Option(
            "--vcs-ref",
            "-r",
            metavar="RELEASE",
            help="Release or branch; default: the newest release.",
        ),
    ] = None,
    data: Annotated[
        list[str] | None,
        typer.Option("--data", "-d", metavar="QUESTION=ANSWER", help="Answer a question."),
    ] = None,
    data_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="YAML file with answers.")
    ] = None,
    defaults: Annotated[
        bool, typer.Option("--defaults", "-l", help="Use the defaults without asking.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", "-w", help="Overwrite files that exist.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", "-f", help="Both --defaults and --overwrite.")
    ] = False,
    pretend: Annotated[
        bool, typer.Option("--pretend", "-n", help="Show what would be done, and write nothing.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print less.")] = False,
    prereleases: Annotated[
        bool, typer.Option("--prereleases", "-g", help="Allow pre-releases.")
    ] = False,
    skip_tasks: Annotated[
        bool,
        typer.Option(
            "--skip-tasks", "-T", help="Do not lock dependencies or create a git repository."
        ),
    ] = False,
    exclude: Annotated[
        list[str] | None,
        typer.Option("--exclude", "-x", metavar="PATTERN", help="Leave out files that match."),
    ] = None,
    skip: Annotated[
        list[str] | None,
        typer.Option("--skip", "-s", metavar="PATTERN", help="Do not overwrite files that match."),
    ] = None,
    answers_file: Annotated[
        str | None,
        typer.Option("--answers-file", "-a", metavar="FILE", help="Name of the answers file."),
    ] = None,
) -> None:
    """Generate a service: ask a few questions, write it, lock its dependencies, commit it."""
    from .new import generate

    for answer in data or []:
        if not answer.partition("=")[0] or "=" not in answer:
            raise Problem(
                f"{answer!r} is not of the form QUESTION=ANSWER: write, for example, --data "
                "database=sqlite."
            )
    if data_file is not None and not data_file.is_file():
        raise Problem(
            f"There is no file {data_file}: give a YAML file with answers to --data-file."
        )
    flags = {
        "--defaults": defaults or force,
        "--overwrite": overwrite or force,
        "--pretend": pretend,
        "--quiet": quiet,
        "--prereleases": prereleases,
        "--skip-tasks": skip_tasks,
    }
    options = [flag for flag, given in flags.items() if given]
    repeated = {"--data": data, "--exclude": exclude, "--skip": skip}
    options += [f"{name}={text}" for name, given in repeated.items() for text in given or []]
    single = {"--vcs-ref": vcs_ref, "--data-file": data_file, "--answers-file": answers_file}
    options += [f"{name}={text}" for name, text in single.items() if text is not None]
    generate(destination, template, options)


@cli.command()
def update(
    project: Project = Path(),
    *,
    to: Annotated[
        str | None,
        typer.Option(
            metavar="RELEASE", help="Release, branch or commit; default: the newest release."
        ),
    ] = None,
    base: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="RELEASE",
            help=(
                "Release it was generated from, if the template no longer has the recorded commit."
            ),
        ),
    ] = None,
    data: Annotated[
        list[str] | None,
        typer.Option("--data", "-d", metavar="QUESTION=ANSWER", help="Change an answer."),
    ] = None,
    preview: Annotated[
        bool, typer.Option("--preview", help="Show what would change, and change nothing.")
    ] = False,
    undo: Annotated[
        bool, typer.Option("--undo", help="Only undo an update that was interrupted.")
    ] = False,
    no_commit: Annotated[
        bool, typer.Option("--no-commit", help="Stage the changes without a commit.")
    ] = False,
    json: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Write the report as JSON to this file; - for stdout."),
    ] = None,
    answers_file: AnswersFile = None,
    template: Annotated[
        str | None,
        typer.Option(
            metavar="PLACE", help="Template to update from now on; default: the recorded one."
        ),
    ] = None,
) -> int:
    """Update a service to a release of the template, and merge it with your changes.

    Exit status: 0 clean, 1 refused and unchanged, 2 conflicts, 4 failed and unchanged.
    """
    from .update import run_program

    flags = {"--preview": preview, "--undo": undo, "--no-commit": no_commit}
    options = [flag for flag, given in flags.items() if given]
    single = {"--to": to, "--from": base, "--json": json}
    options += [f"{name}={text}" for name, text in single.items() if text is not None]
    options += [f"--data={answer}" for answer in data or []]
    return run_program(project, template, answers_file, options)


@cli.command()
def check(
    project: Project = Path(),
    *,
    base: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="RELEASE",
            help=(
                "Release it was generated from, if the template no longer has the recorded commit."
            ),
        ),
    ] = None,
    answers_file: AnswersFile = None,
    template: Annotated[
        str | None,
        typer.Option(metavar="PLACE", help="Template to compare with; default: the recorded one."),
    ] = None,
) -> int:
    """List template-owned files with local changes.

    Exit status: 0 none, 1 refused, 3 some, 4 failed.
    """
    from .update import run_program

    options = ["--check", *([] if base is None else [f"--from={base}"])]
    return run_program(project, template, answers_file, options)


def with_fleet(arguments: Sequence[str]) -> None:
    """Add the commands of the fleet, which need extra packages.

    Args:
        arguments: The first word of the command line, if there is one.

    Raises:
        Problem: When it is `fleet`, and the packages of the fleet are not installed.
    """
    try:
        if list(arguments) == ["fleet"]:
            from .fleet.cli import fleet
        else:
            fleet = typer.Typer(help="Update all services of an organisation.")
        cli.add_typer(fleet, name="fleet")
    except ModuleNotFoundError as error:
        raise Problem(
            f"The fleet needs {error.name}, which is not installed: install twelvestar[fleet]."
        ) from error
