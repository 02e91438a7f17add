"""Claims about the database and its migrations."""

import subprocess
from concurrent.futures import ThreadPoolExecutor

from .observed import observe, outage
from .source import last_line
from .subject import Subject
from .verdict import Row, Verdict, judge, no

_ROWS_SECONDS = 10


def starts_on_empty_database(subject: Subject) -> Verdict:
    """Whether one command migrates an empty database, and a service starts on it."""
    seen = observe(subject)
    if seen.migrated:
        return no("the migration fails")
    return judge(seen.started, "it does not start")


def alive(subject: Subject) -> Verdict:
    """Whether it is alive without its database."""
    if (found := outage(subject)) is None:
        return no("it does not start")
    return judge(found.live.status == 200, _status(found.live.status))


def not_ready(subject: Subject) -> Verdict:
    """Whether it is not ready without its database."""
    if (found := outage(subject)) is None:
        return no("it does not start")
    if found.before.status != 200:
        return no(f"it is not ready with its database: {_status(found.before.status)}")
    return judge(found.ready.status == 503, _status(found.ready.status))


def recovers(subject: Subject) -> Verdict:
    """Whether it is ready again when its database is back."""
    if (found := outage(subject)) is None:
        return no("it does not start")
    return judge(found.recovered, "not within 20 s")


def unavailable(subject: Subject) -> Verdict:
    """Whether a request that needs the missing database is soon answered with 503."""
    if (found := outage(subject)) is None:
        return no("it does not start")
    return judge(
        found.rows.status == 503 and found.seconds < _ROWS_SECONDS,
        f"{_status(found.rows.status)} after {found.seconds:.1f} s",
    )


def _status(status: int) -> str:
    return f"status {status}" if status else "no response"


def models_match(subject: Subject) -> Verdict:
    """Whether the migrations make the tables of the models."""
    values = subject.migrated()
    done = subject.run(subject.description.commands["compare_migrations"], values)
    return judge(not done.returncode, last_line(done.stderr + done.stdout))


def can_be_undone(subject: Subject) -> Verdict:
    """Whether all migrations can be undone and applied again."""
    values = subject.values()
    for command in ("migrate", "undo_migrations", "migrate"):
        done = subject.run(subject.description.commands[command], values)
        if done.returncode:
            return no(f"{command.replace('_', ' ')}: {last_line(done.stdout + done.stderr)}")
    return Verdict("yes")


def at_the_same_time(subject: Subject) -> Verdict:
    """Whether two migrations of an empty database at the same time both succeed."""
    values, command = subject.values(), subject.description.commands["migrate"]

    def migrate(_: int) -> subprocess.CompletedProcess[str]:
        return subject.run(command, values)

    with ThreadPoolExecutor(2) as pool:
        failed = [done for done in pool.map(migrate, range(2)) if done.returncode]
    return judge(
        not failed,
        f"{len(failed)} of 2 fail: {last_line(''.join(done.stderr for done in failed))}",
    )


ROWS = (
    Row("IV", "it starts on an empty database that only a variable names",
        "migrate, start, and a request", starts_on_empty_database,
        ("commands.start", "commands.migrate", "paths.live")),
    Row("IV", "without its database it is alive", "the database's port closed, and a request",
        alive, ("commands.start", "commands.migrate", "paths.live")),
    Row("IV", "without its database it is not ready", "the database's port closed, and a request",
        not_ready, ("commands.start", "commands.migrate", "paths.ready")),
    Row("IV", "it recovers when its database is back", "the port opened again, and requests",
        recovers, ("commands.start", "commands.migrate", "paths.live")),
    Row("IV", "a request for rows is 503 without the database, within 10 s",
        "the database's port closed, and a request", unavailable,
        ("commands.start", "commands.migrate", "paths.rows")),
    Row("V", "the migrations make the tables of the models", "its command", models_match,
        ("commands.migrate", "commands.compare_migrations")),
    Row("V", "all migrations can be undone and applied again", "its commands", can_be_undone,
        ("commands.migrate", "commands.undo_migrations")),
    Row("VIII", "two migrations at the same time both succeed", "its command, twice",
        at_the_same_time, ("commands.migrate",)),
)  # fmt: skip
