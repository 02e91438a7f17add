"""Claims about the container image, by its Dockerfile, and about what a release comes with."""

import json
import re
from fnmatch import fnmatch
from pathlib import Path
from tempfile import TemporaryDirectory

from dockerfile_parse import DockerfileParser

from .source import last_line
from .subject import Subject
from .verdict import Row, Verdict, judge, no


def _instructions(subject: Subject) -> list[tuple[str, str]]:
    text = (subject.folder / subject.description.dockerfile).read_text()
    with TemporaryDirectory() as folder:
        parser = DockerfileParser(path=folder)
        parser.content = text
        return [(each["instruction"], each["value"]) for each in parser.structure]


def _last_stage(subject: Subject) -> list[tuple[str, str]]:
    instructions = _instructions(subject)
    start = max(place for place, (name, _) in enumerate(instructions) if name == "FROM")
    return instructions[start:]


def not_root(subject: Subject) -> Verdict:
    """Whether the last stage has another user than root."""
    users = [value for name, value in _last_stage(subject) if name == "USER"]
    if not users:
        return no("it has no USER")
    return judge(users[-1].split(":")[0] not in ("root", "0"), f"USER {users[-1]}")


def pinned(subject: Subject) -> Verdict:
    """Whether each base image is named by its digest."""
    bases, stages = [], set()
    for name, value in _instructions(subject):
        if name == "FROM":
            base, *alias = re.sub(r"--platform=\S+\s+", "", value).split()
            if base not in stages and base != "scratch":
                bases.append(base)
            stages.update(alias[1:])
    loose = [base for base in bases if "@sha256:" not in base]
    return judge(not loose, f"by tag: {', '.join(loose[:3])}")


def excludes(subject: Subject) -> Verdict:
    """Whether .dockerignore excludes secrets and the repository."""
    dockerfile = subject.folder / subject.description.dockerfile
    candidates = [
        Path(f"{dockerfile}.dockerignore"),
        *(folder / ".dockerignore" for folder in (subject.folder, dockerfile.parent)),
    ]
    found = next((path for path in candidates if path.exists()), None)
    if found is None:
        return no("there is no .dockerignore")
    patterns = [
        line.strip().rstrip("/").removeprefix("/")
        for line in found.read_text().splitlines()
        if line.strip() and not line.startswith("#")
    ]
    sent = [name for name in (".env", ".git") if not _excluded(name, patterns)]
    return judge(not sent, f"it does not exclude {' and '.join(sent)}")


def _excluded(name: str, patterns: list[str]) -> bool:
    excluded = False
    for pattern in patterns:
        if fnmatch(name, pattern.removeprefix("!").removeprefix("**/")):
            excluded = not pattern.startswith("!")
    return excluded


def exec_form(subject: Subject) -> Verdict:
    """Whether no shell stands between a signal and the process."""
    commands = [value for name, value in _last_stage(subject) if name in ("CMD", "ENTRYPOINT")]
    if not commands:
        return no("the last stage has no command")
    for command in commands:
        try:
            arguments = json.loads(command)
        except ValueError:
            return no(f"a shell runs {command[:40]}")
        if arguments[:1] in (["sh"], ["bash"], ["/bin/sh"], ["/bin/bash"]):
            return no(f"a shell runs {' '.join(arguments)[:40]}")
    return Verdict("yes")


def bill_of_materials(subject: Subject) -> Verdict:
    """Whether a command writes the bill of materials of a release."""
    done = subject.run(subject.description.commands["sbom"], subject.values())
    return judge(not done.returncode, last_line(done.stderr + done.stdout))


def template_check(subject: Subject) -> Verdict:
    """Whether a command says what an update from the template would do."""
    done = subject.run(subject.description.commands["template_check"], subject.values())
    return judge(not done.returncode, last_line(done.stderr + done.stdout))


ROWS = (
    Row("", "the image's user is not root", "the Dockerfile, parsed", not_root, ("dockerfile",)),
    Row("V", "base images are named by their digests", "the Dockerfile, parsed", pinned,
        ("dockerfile",)),
    Row("III", "builds of the image get neither `.env` nor `.git`", "`.dockerignore`, parsed",
        excludes, ("dockerfile",)),
    Row("IX", "signals reach the image's process without a shell", "the Dockerfile, parsed",
        exec_form, ("dockerfile",)),
    Row("V", "a command writes the bill of materials of a release", "its command",
        bill_of_materials, ("commands.sbom",)),
    Row("", "a command looks for a newer release of its template", "its command", template_check,
        ("commands.template_check",)),
)  # fmt: skip
