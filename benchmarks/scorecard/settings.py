"""Claims about settings."""

from .backing import PASSWORD
from .observed import observe, refused_start
from .source import last_line
from .subject import Subject
from .verdict import Row, Verdict, judge, no

_OTHER_PORT_SECONDS = 40


def invalid_value(subject: Subject) -> Verdict:
    """Whether an invalid value ends a process with one line that names the variable."""
    if not observe(subject).started:
        return no("it does not start")
    (name, value), *_ = subject.description.invalid.items()
    ended, output = refused_start(subject, {name: value})
    if ended is None:
        return no(f"{name}={value} is accepted")
    if not ended.status:
        return no(f"{name}={value} ends it with status 0")
    lines = [line for line in output.splitlines() if line.strip()]
    named = name.lower() in output.lower()
    if not named:
        return no(f"its output does not name {name}")
    return judge(len(lines) == 1, f"{len(lines)} lines for {name}={value}")


def default_secret(subject: Subject) -> Verdict:
    """Whether production refuses a default or missing secret."""
    if not observe(subject).started:
        return no("it does not start")
    ended, _ = refused_start(subject, subject.description.refused)
    names = ", ".join(subject.description.refused)
    return judge(ended is not None and ended.status != 0, f"it starts with the default of {names}")


def port_by_environment(subject: Subject) -> Verdict:
    """Whether a variable sets the port, and the command line does not."""
    start = subject.description.commands["start"]
    if "{port}" in start:
        return no("only an option of the command line sets it")
    values = subject.migrated()
    with subject.running("start", values) as process:
        answered = process.answers(subject.description.paths["live"], _OTHER_PORT_SECONDS)
    return judge(answered, "it does not listen there")


def shows_settings(subject: Subject) -> Verdict:
    """Whether a command shows the settings without their secrets."""
    done = subject.run(subject.description.commands["show_settings"], subject.values())
    if done.returncode:
        return no(last_line(done.stderr))
    return judge(PASSWORD not in done.stdout, "it shows the password of the database")


def checks_settings(subject: Subject) -> Verdict:
    """Whether a command accepts a good configuration for production and rejects a bad one."""
    command = subject.description.commands["check"]
    values = subject.migrated()
    good = subject.run(command, values)
    bad = subject.run(command, values, **subject.description.refused)
    if good.returncode:
        return no("it rejects a good configuration: " + last_line(good.stdout + good.stderr))
    return judge(bad.returncode != 0, "it accepts a bad configuration")


START = ("commands.start", "paths.live")
ROWS = (
    Row("III", "an invalid value ends a process with one line that names the variable",
        "start with it", invalid_value, (*START, "invalid")),
    Row("III", "production refuses a default or missing secret", "start with it", default_secret,
        (*START, "refused")),
    Row("VII", "the environment sets the port", "start, and a request", port_by_environment, START),
    Row("III", "a command shows the settings without secrets", "its command", shows_settings,
        ("commands.show_settings",)),
    Row("III", "a command checks a configuration before a deployment",
        "its command, with good and bad settings", checks_settings,
        ("commands.check", "refused")),
)  # fmt: skip
