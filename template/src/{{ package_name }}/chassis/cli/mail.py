"""`mail`: try the mail server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ..runtime import Runtime

mail = typer.Typer(help="Try the mail server.", no_args_is_help=True)


@mail.callback()
def group() -> None:
    """Keep `test` a command of its own; Typer merges a single command with its group."""


@mail.command()
def test(
    address: Annotated[str, typer.Argument(help="Address that gets the mail.")],
) -> None:
    """Send one mail from the templates `test`, in this process."""
    from ..mail import InvalidAddress, MailRefused, MailUnavailable
    from .process import fail, in_runtime

    async def task(runtime: Runtime) -> None:
        try:
            await runtime.mail.send_now("test", to=address)
        except MailRefused as error:
            fail(f"{error} {error.reply}".rstrip())
        except MailUnavailable as error:
            fail(f"{error} {error.reply or 'Check MAIL_URL.'}")

    try:
        in_runtime(task)
    except InvalidAddress as error:
        fail(str(error))
    typer.echo(f"The mail server has accepted a mail to {address}.")
