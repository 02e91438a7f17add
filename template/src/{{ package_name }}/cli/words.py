"""Admin commands for word counts."""

from pathlib import Path
from typing import Annotated

import typer

admin = typer.Typer(help="Tasks of an administrator.", no_args_is_help=True)


@admin.command()
def count(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="Text to count.")],
) -> None:
    """Count the words of a file."""
    import json

    from ..chassis.cli.process import begin
    from ..settings import Settings
    from ..words import WordCount

    settings: Settings = begin("admin", stream="stderr")
    words = WordCount()
    words.add(file.read_text())
    typer.echo(json.dumps(words.summary(settings.top_words), indent=2))
