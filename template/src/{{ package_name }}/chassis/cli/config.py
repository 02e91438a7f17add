"""`config`: print the current settings, or all available ones."""

from typing import Annotated

import typer


def config(
    example: Annotated[
        bool, typer.Option("--example", help="Print .env.example instead, with all settings.")
    ] = False,
) -> None:
    """Print the settings of this process; secrets are masked."""
    from ..current import current
    from ..settings import env_example, load_settings
    from ..settings.variables import as_text, current_variables

    cls = current().settings_class()
    if example:
        typer.echo(env_example(cls), nl=False)
        return
    for variable in current_variables(load_settings(cls)):
        typer.echo(f"{variable.name}={as_text(variable.value)}")
