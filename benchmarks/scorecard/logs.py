"""Claims about logs."""

import json

from .backing import PASSWORD
from .observed import REQUEST_ID, observe, outage
from .subject import Subject
from .verdict import Row, Verdict, judge, no


def json_on_stdout(subject: Subject) -> Verdict:
    """Whether every line is one JSON object on stdout, and stderr is empty."""
    seen = observe(subject)
    lines = [line for line in seen.stdout.splitlines() if line.strip()]
    errors = [line for line in seen.stderr.splitlines() if line.strip()]
    if errors:
        return no(f"{len(errors)} lines on stderr")
    if not lines:
        return no("no line on stdout")
    other = [line for line in lines if not _is_object(line)]
    return judge(not other, f"{len(other)} of {len(lines)} lines are not JSON")


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


def request_id(subject: Subject) -> Verdict:
    """Whether the id of a request is in its response and its log line."""
    seen = observe(subject)
    response = seen.responses.get("marked")
    if response is None:
        return no("it does not start")
    if not any(REQUEST_ID in value for value in response.headers.values()):
        return no("the response does not have it")
    return judge(REQUEST_ID in seen.stdout + seen.stderr, "no log line has it")


def no_password(subject: Subject) -> Verdict:
    """Whether no output contains the password of the database, also without the database."""
    seen, without = observe(subject), outage(subject)
    outputs = [seen.stdout, seen.stderr, without.output if without else ""]
    bodies = [response.text for response in seen.responses.values()]
    if without:
        bodies += [without.live.text, without.ready.text, without.rows.text]
    if any(PASSWORD in each for each in outputs):
        return no("its output has it")
    return judge(not any(PASSWORD in each for each in bodies), "a response has it")


START = ("commands.start", "paths.live")
ROWS = (
    Row("XI", "every line of the log is a JSON object on stdout", "its output, parsed",
        json_on_stdout, START),
    Row("XI", "the id of a request is in its response and its log line", "a request with an id",
        request_id, START),
    Row("XI", "no output and no response has the database's password",
        "its output, with the database and without it", no_password,
        (*START, "commands.migrate")),
)  # fmt: skip
