"""`config`: the settings, as they are or as they could be."""

from typing import Annotated

import typer


def config(
    example: Annotated[
        bool, typer.Option("--example", help="Print .env.example instead: every setting there is.")
    ] = False,
) -> None:
    """Print the settings of this process; secrets are masked."""
    from pydantic import SecretStr

    from ...settings import Settings
    from ..settings import env_example, load_settings

    if example:
        typer.echo(env_example(Settings), nl=False)
        return
    settings = load_settings(Settings)
    for name in Settings.model_fields:
        value = getattr(settings, name)
        shown = "**********" if isinstance(value, SecretStr) else value
        typer.echo(f"{name.upper()}={shown}")
