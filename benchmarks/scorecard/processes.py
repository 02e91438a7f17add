"""Claims about processes."""

import socket

from .observed import load, observe
from .source import last_line
from .subject import Ended, Subject
from .verdict import Row, Verdict, judge, no

READY_SECONDS = 20
STOP_SECONDS = 5
_WORKER_SECONDS = 5


def starts_soon(subject: Subject) -> Verdict:
    """Whether it answers soon after its start."""
    seen = observe(subject)
    return judge(seen.started and seen.seconds < READY_SECONDS, f"{seen.seconds:.1f} s")


def stops_soon(subject: Subject) -> Verdict:
    """Whether SIGTERM ends it soon, with status 0 and all of its processes."""
    ended = observe(subject).ended
    return _stopped(ended) if ended and observe(subject).started else no("it does not start")


def _stopped(ended: Ended) -> Verdict:
    if ended.remaining:
        return no(f"{ended.remaining} processes are left")
    if ended.status:
        return no(f"status {ended.status} after {ended.seconds:.1f} s")
    return judge(ended.seconds < STOP_SECONDS, f"after {ended.seconds:.1f} s")


def loses_no_request(subject: Subject) -> Verdict:
    """Whether SIGTERM under load loses no accepted request."""
    if (found := load(subject)) is None:
        return no("it does not start")
    return judge(
        not found.lost and found.answered > 0,
        f"{found.lost} lost, {found.answered} answered",
    )


def port_in_use(subject: Subject) -> Verdict:
    """Whether a port in use ends it with one sentence."""
    if not observe(subject).started:
        return no("it does not start")
    values = subject.migrated()
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", int(values["port"])))
        other.listen()
        with subject.running("start", values) as process:
            process.answers("/", 20)
            if process.popen.poll() is None:
                return no("it keeps running")
            ended, output = process.wait(), process.output()
    lines = [line for line in output.splitlines() if line.strip()]
    problem = f"status {ended.status} and {len(lines)} lines"
    return judge(ended.status != 0 and 1 <= len(lines) <= 2, problem)


def changes_no_file(subject: Subject) -> Verdict:
    """Whether a running service changes none of its files."""
    changed = observe(subject).changed
    return judge(not changed, f"it changes {', '.join(changed[:2])}")


def names_its_version(subject: Subject) -> Verdict:
    """Whether a health response has a version or a commit."""
    found = observe(subject).responses
    probes = [found[name] for name in ("live", "ready") if name in found]
    # Pages for people also contain these words.
    texts = [
        probe.text.lower() for probe in probes if "json" in probe.headers.get("content-type", "")
    ]
    named = any(word in text for text in texts for word in ("version", "release", "commit", "sha"))
    return judge(named, "no health response has one")


def worker_stops(subject: Subject) -> Verdict:
    """Whether SIGTERM ends a worker soon, with status 0."""
    values = subject.migrated()
    with subject.running("worker", values) as process:
        process.answers("/", _WORKER_SECONDS)
        if process.popen.poll() is not None:
            return no("it ends by itself: " + last_line(process.output()))
        return _stopped(process.end())


def one_off(subject: Subject) -> Verdict:
    """Whether a one-off command runs in the release and its environment."""
    values = subject.migrated()
    done = subject.run(subject.description.commands["one_off"], values)
    return judge(not done.returncode, last_line(done.stderr + done.stdout))


START = ("commands.start", "paths.live")
ROWS = (
    Row("V", "a running release changes none of its files", "times of its files", changes_no_file,
        START),
    Row("V", "its health names version or commit", "a request", names_its_version, START),
    Row("IX", f"it answers within {READY_SECONDS} s", "start, and requests", starts_soon, START),
    Row("IX", f"SIGTERM ends it within {STOP_SECONDS} s, with status 0 and all of its processes",
        "SIGTERM", stops_soon, START),
    Row("IX", "SIGTERM under load loses no accepted request",
        "SIGTERM while 8 clients send requests", loses_no_request, START),
    Row("VII", "a port in use ends it with one sentence", "start on a port in use", port_in_use,
        START),
    Row("VIII", f"a worker for jobs ends within {STOP_SECONDS} s of SIGTERM, with status 0",
        "SIGTERM", worker_stops, ("commands.worker",)),
    Row("XII", "a one-off command runs in the release", "its command", one_off,
        ("commands.one_off",)),
)  # fmt: skip
