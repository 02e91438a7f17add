"""Admin commands for the depot."""

from __future__ import annotations

import typer

depot = typer.Typer(help="Tasks of the depot.", no_args_is_help=True)


@depot.command()
def surcharge(country: str) -> None:
    """Print the surcharge of a country, in percent."""
    from ..chassis.cli.process import begin

    settings = begin("admin", stream="stderr")
    typer.echo(settings.surcharges.get(country, 0))


@depot.command()
def clock() -> None:
    """Close the day at midnight, in a separate process, until it is terminated."""
    import signal

    import structlog

    from ..chassis.cli.process import begin

    begin("clock")
    log = structlog.get_logger(__name__)
    ends = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    log.info("clock ready")
    signal.sigwait(ends)
    log.info("clock ended")
