"""1.7.0: settings and observability are packages, and a project runs its own tests by default."""

from __future__ import annotations

import re

from updating.line_ends import as_in, plain
from updating.trees import Entry

from .settings_parts import COMPOSITION, edited_pieces
from .toolkit import After, Before, after, before

# Modules of the chassis, by old and new path.
MOVED = {
    "cache/flights.py": "cache/single_flight.py",
    "metrics.py": "prometheus/exposition.py",
    "web/metrics.py": "prometheus/web.py",
    "web/shared_metrics.py": "prometheus/shared.py",
    "jobs/metrics.py": "prometheus/jobs.py",
    "db/metrics.py": "prometheus/database.py",
    "sentry.py": "sentry/__init__.py",
    "sentry_client.py": "sentry/client.py",
    "jobs/sentry.py": "sentry/jobs.py",
    "tracing.py": "tracing/__init__.py",
    "tracing_sdk.py": "tracing/sdk.py",
    "http_tracing.py": "tracing/http_client.py",
    "web/tracing.py": "tracing/web.py",
    "jobs/tracing.py": "tracing/jobs.py",
    "db/tracing.py": "tracing/database.py",
}
OFF: dict[str, object] = {"chassis_tests": True, "secure_defaults": False}
# Files in which projects configure their CI.
_CI = re.compile(
    r"\.(github|gitea|forgejo)/workflows/[^/]+\.ya?ml|\.gitlab-ci\.yml|\.circleci/config\.yml|"
    r"\.woodpecker(/[^/]+)?\.ya?ml|\.drone\.yml|\.travis\.yml|(azure|bitbucket)-pipelines\.yml|Jenkinsfile"
)
# Commands that ran all tests until now.
_TESTS = re.compile(
    r"^[^#\n]*?\b(make(?: +-\S+| +(?:lint|format|secrets|audit|docs|sbom|check))* +test|"
    r"(?:uv run|python3? -m)\b[^#\n|&;]*? pytest)(?![\w-])(?!.*\btests/(?:chassis|twelve_factor))",
    re.MULTILINE,
)


@before("1.7.0")
def carry_edited_settings(project: Before) -> None:
    """Move edits of chassis/settings.py to its new modules.

    Edits that need more than one module are a conflict in the package's `__init__.py`.
    """
    old = f"{project.package}/chassis/settings.py"
    new = f"{project.package}/chassis/settings"
    sides = [files.get(old) for files in (project.rendered, project.project)]
    project.rename(old, f"{new}/{COMPOSITION}")
    rendered, ours = sides
    if rendered is None or ours is None or rendered.blob == ours.blob or old in project.project:
        return
    contents = [project.store.read(side.blob) for side in (rendered, ours)]
    try:
        texts = [plain(content).decode() for content in contents]
    except UnicodeDecodeError:
        return
    pieces = edited_pieces(*texts)
    if not pieces:
        return
    project.project[f"{new}/{COMPOSITION}"] = Entry(ours.mode, rendered.blob)
    for place, versions in pieces.items():
        for files, text in zip((project.rendered, project.project), versions, strict=True):
            content = as_in(text.encode(), contents[1])
            files[f"{new}/{place}"] = Entry(ours.mode, project.store.blob(content))


@before("1.7.0")
def move_modules(project: Before) -> None:
    """Move edits of renamed modules with them."""
    for old, new in MOVED.items():
        project.rename(f"{project.package}/chassis/{old}", f"{project.package}/chassis/{new}")


@before("1.7.0")
def split_the_probe(project: Before) -> None:
    """Give the reason and the new place of routes and jobs that only tests need."""
    project.remove(
        "tests/support/probe.py",
        "its routes and jobs are modules of tests/support/probe/ now: move yours to a module "
        "`routes_*.py` with a list `ROUTES`, or `jobs_*.py` with a list `JOBS`",
    )


@before("1.7.0")
def keep_tests_and_defaults(project: Before) -> None:
    """An update must not remove the chassis' tests, or change what a running deployment does."""
    for question, answer in OFF.items():
        project.answer(question, answer)


@after("1.7.0")
def say_what_ci_tests_now(project: After) -> None:
    """Report commands of a project's own CI that now run fewer tests."""
    for path in sorted(filter(_CI.fullmatch, project.project)):
        text = project.store.read(project.project[path].blob).decode(errors="replace")
        commands = sorted({" ".join(found[1].split()) for found in _TESTS.finditer(text)})
        if commands:
            called = " and ".join(f"`{command}`" for command in commands)
            project.remarks.append(
                f"{path} calls {called}, which runs only your own tests from now on: call "
                "`make test-all` there to run all tests, as the template's CI does."
            )
