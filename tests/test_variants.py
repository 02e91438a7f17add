"""Every pair of answers gives a valid project, by static checks."""

from __future__ import annotations

import ast
import functools
import itertools
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from graphlib import TopologicalSorter
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
import yaml
from allpairspy import AllPairs
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.imports import import_graph
from tests.questionnaire import QUESTIONS, choices, decided_by, is_asked, members, parts
from tests.rendering import answer_sets, every_set, files, locked, render

# All choices of questions, and some answers to questions without choices.
CHOICES: dict[str, list[Any]] = {
    **{name: choices(name) for name in (*members(), "license", "lowest_python", "preset")},
    "repository": [
        "github.com",
        "github.com/ada",
        "gitlab.com/group/team",
        "codeberg.org/a",
        "Git.example.org:8443/a/B",
        "none",
    ],
    "author_email": ["", "ada@example.org"],
    "package_name": ["a", "a_package_name_of_30_character"],
    "project_name": ["Orbit", 'A "quoted" \\ {{ name }} 🚀'],
}

# Words that only a project with the part may use.
WORDS = {
    # Workflows and pipelines contain jobs, too.
    "worker": r"workers?(?!=|_kill)|(?<!CI_)jobs?(?!:$|-token)|brokers?|saq|queues?(?!_size)",
    "redis": r"redis|valkey",
    "cache": r"(chassis|web|docs)[./]cache|cache_max\w*|@cached|responsestore",
    "rate_limiting": r"rate.?limit\w*",
    "authentication": (r"(chassis|docs)[./]auth\w*|argon2\w*|requires_login|create-user|owner_id"),
    "session": r"sessions\.py|session_seconds|__host-\w*",
    "jwt": r"jwt\w*|bearer|refresh.?tokens?",
    "http_client": r"http[_-]client|httpclient|runtime\.http|http_(connect|proxy|retries|total)\w*",
    "prometheus": r"prometheus\w*|metrics?",
    "sentry": r"sentry\w*|(?<!\")dsn",
    "opentelemetry": r"opentelemetry|otel\w*|otlp|traceparent|[./_]tracing|current_tracer",
    "web": r"litestar|granian|asgi|openapi",
    "database": r"databases?|sqlalchemy|alembic|migrations?|sql",
    "sqlite": r"sqlite|aiosqlite",
    "postgresql": r"postgres\w*|asyncpg|pgserver",
    "mysql": r"mysql|mariadb|asyncmy",
    "s3": r"obstore|object[- ]stor\w*|storage|s3(?!\d)|presigned|rclone|attachments?",
    "smtp": (
        r"smtp\w*|aiosmtp\w*|mail_(url|from|seconds|server|sender)|runtime\.mail|mailbox\w*|"
        r"(chassis|docs|support|cli)[./]mail\w*|mailserver|has_mail|account[_-]mails?\w*|links_url|"
        r"sign_up_confirmed|login_notices|requires_verified_email|invitations?|reminders?"
    ),
    "files": r"secrets_dir|secrets_files|run/secrets",
    "vault": r"vault_(addr|token|namespace|mount|path)\w*|secrets_vault|hashicorp|openbao",
    "container": (
        r"dockerfile|dockerignore|[./]?compose\.\w+|deploy/compose|make deploy|docs/containers|"
        r"production\.env"
    ),
    "procfile": r"procfile\w*|honcho",
    "github": r"\.github/workflows",
    "gitlab": r"\.gitlab-ci|gitlab ci",
    "renovate": r"renovate\w*",
    "dependabot": r"dependabot",
    "hooks": r"pre-commit|prek|make hooks",
    "aws": r"boto3|botocore|secrets_aws|secrets[_ ]?manager|aws_secret_id",
    "gcp": r"gcp\w*|google[.-]auth|google secret manager|secrets_gcp|gcloud",
    "azure": r"azure\w*|key[_ ]?vaults?|secrets_azure",
    "jobs_page": r"jobs.page\w*",
    "outbox": r"outbox\w*",
    "kubernetes": r"kubectl|kustom\w*|deploy/kubernetes",
    "caddy": r"caddy\w*",
    "docs_site": r"mkdocs",
    "devcontainer": r"devcontainers?|\.vscode",
    "chassis_tests": r"tests/\(?chassis",
}
# Words with another meaning in files for a platform.
FOREIGN = {
    r"\.github/": r"create-storage-record|\bjobs?\b",
    r"\.gitlab-ci|docs/ci\.md|scripts/propose_update": r"\bjobs?\b",
    # Every variant has configurations to debug in VS Code.
    r"docs/how-to\.md": r"\.vscode/launch\.json",
    # It says how to add the proxy.
    r"docs/containers\.md": r"\bcaddy\b",
    r"deploy/kubernetes/": r"\bjobs?\b|^  metrics:$",
    r"docs/(admin|kubernetes|secrets)\.md": r"\bjobs?\b",
    r".*secrets[/_](azure|gcp)\.py": r"\bbearer\b|\bjwt-bearer\b|\bexclude_broker_credential\b",
}
# Templates of mail, in which Jinja is no scar.
MAILS = re.compile(r"src/\w+/(mail|chassis/(mail/defaults|auth/mails))/.*\.(html|txt)")
# Their contents come from the answers or from the registry.
UNREAD = {".copier-answers.yml", "LICENSE", "uv.lock"}


def covering_array() -> Iterator[dict[str, Any]]:
    for row in AllPairs(list(CHOICES.values())):
        answers = dict(zip(CHOICES, row, strict=True))
        host, _, namespace = answers.pop("repository").partition("/")
        if host not in QUESTIONS["repository_host"]["choices"].values():
            answers["own_repository_host"], host = host, "other"
        answers["repository_host"] = host
        if namespace:
            answers["repository_namespace"] = namespace
        yield {name: answer for name, answer in answers.items() if is_asked(name, answers)}


# Together with the named sets, these contain every answer; `make test-quick` checks no other pairs.
QUICK = ("pair00", "pair01", "pair02", "pair03", "pair04", "pair05")
VARIANTS = {
    **{f"pair{number:02}": answers for number, answers in enumerate(covering_array())},
    **{name.replace("/", "-"): answers for name, answers in every_set().items()},
}


@pytest.fixture(scope="session")
def variant(template: Path, shared: Path) -> Callable[[str], Path]:
    """Finds a variant by its name, and renders it if no process has."""
    parent = shared / "variants"
    parent.mkdir(exist_ok=True)

    def find(name: str) -> Path:
        folder = parent / name
        with locked(folder):
            return folder if folder.exists() else render(template, folder, VARIANTS[name])

    return find


def parameters() -> Iterator[Any]:
    """All variants; most pairs of answers are marked as slow."""
    for name in VARIANTS:
        is_quick = not name.startswith("pair") or name in QUICK
        yield pytest.param(name, marks=() if is_quick else pytest.mark.slow)


@pytest.fixture(params=parameters())
def project(request: pytest.FixtureRequest, variant: Callable[[str], Path]) -> Path:
    return variant(request.param)


def test_the_array_covers_every_pair() -> None:
    rows = list(AllPairs(list(CHOICES.values())))
    for one, two in itertools.combinations(range(len(CHOICES)), 2):
        seen = {(row[one], row[two]) for row in rows}
        assert seen == set(itertools.product(*(list(CHOICES.values())[at] for at in (one, two))))


def test_the_variants_of_make_test_quick_have_every_answer() -> None:
    quick = [VARIANTS[name] for name in VARIANTS if name in QUICK or not name.startswith("pair")]
    for name in members():
        given = {(decided_by(each.get("preset", "standard")) | each)[name] for each in quick}
        for choice in choices(name):
            assert choice in given, f"add a pair with `{name}: {choice}` to QUICK"


def test_formatter_and_linter_find_nothing(project: Path) -> None:
    for check in (["format", "--check"], ["check"]):
        done = subprocess.run(
            [str(Path(sys.executable).with_name("ruff")), *check, "--no-cache", str(project)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_every_file_is_valid_in_its_format(project: Path) -> None:
    for name, content in files(project).items():
        text = content.decode()
        assert text == "" or (text.endswith("\n") and not text.endswith("\n\n")), name
        assert not re.search(r"[ \t]+$", text, re.MULTILINE) or name == "LICENSE", name
        assert "\r" not in text, name
        if name.endswith(".py"):
            ast.parse(text)
        elif name.endswith(".toml"):
            tomllib.loads(text)
        elif name.endswith((".yml", ".yaml")):
            list(yaml.safe_load_all(text))
        elif name.endswith(".json"):
            json.loads(text)


def test_every_import_is_declared(project: Path) -> None:
    """Like the project's test of factor II, but without an environment."""
    declarations = tomllib.loads((project / "pyproject.toml").read_text())
    runtime = set(map(distribution, declarations["project"]["dependencies"]))
    groups = declarations["dependency-groups"].values()
    everything = runtime | {
        distribution(item) for group in groups for item in group if isinstance(item, str)
    }
    package = next((project / "src").iterdir())
    for path in package.rglob("*.py"):
        declared = everything if path.match("chassis/servers/*.py") else runtime
        for module in imported(ast.parse(path.read_text())) - {package.name}:
            names = {canonicalize_name(name) for name in distributions().get(module, [module])}
            assert names & declared, f"{path.name} imports {module}, which is not declared"


@functools.cache
def distributions() -> Mapping[str, list[str]]:
    """The installed distributions that contain each package."""
    return packages_distributions()


def distribution(requirement: str) -> str:
    return canonicalize_name(Requirement(requirement).name)


def imported(tree: ast.Module) -> set[str]:
    """Top-level packages that a module imports, without the standard library."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
    return {name.partition(".")[0] for name in names} - sys.stdlib_module_names


def test_modules_import_each_other_in_one_direction(project: Path) -> None:
    package = next((project / "src").iterdir())
    graph = import_graph(package)
    # Raises CycleError, whose second argument is the cycle.
    TopologicalSorter(graph).prepare()
    chassis = f"{package.name}.chassis"
    upwards = {
        f"{module} imports {target}"
        for module, targets in graph.items()
        if f"{module}.".startswith(f"{chassis}.")
        for target in targets
        if not f"{target}.".startswith(f"{chassis}.")
    }
    assert not upwards


def test_no_template_syntax_is_left(project: Path) -> None:
    for name, content in files(project).items():
        # Templates of the project's own.
        if name.endswith(".mako") or name in UNREAD or MAILS.match(name):
            continue
        text = content.decode()
        text = text.replace("{{ name }}", "").replace("{% raw %}", "")
        scar = re.search(r"\{%|(?<!\d)%\}|\{#|copier_conf|package_name \}\}|\.jinja", text)
        assert not scar, f"{scar} in {name}"


def test_missing_parts_are_not_mentioned(project: Path) -> None:
    answers = yaml.safe_load((project / ".copier-answers.yml").read_text())
    # Questions that do not apply are not asked, and not recorded.
    there = parts(answers)
    if there & {"worker", "rate_limiting", "session"}:
        there.add("redis")
    found = {
        name: content.decode() for name, content in files(project).items() if name not in UNREAD
    }
    for part, words in WORDS.items():
        if part in there:
            continue
        pattern = re.compile(rf"(?<![a-z])({words})(?![a-z])", re.IGNORECASE)
        for name, text in found.items():
            assert not pattern.search(name), f"{name}, but the project has no {part}"
            # Most files contain none of the words, and need not be searched by line.
            if not pattern.search(text):
                continue
            foreign = [words for place, words in FOREIGN.items() if re.match(place, name)]
            for number, line in enumerate(text.splitlines(), start=1):
                for words in foreign:
                    line = re.sub(words, "", line, flags=re.IGNORECASE)
                assert not pattern.search(line), (
                    f"the project has no {part}, but {name}:{number}: {line}"
                )


def test_answers_are_read_back_as_they_were_given(project: Path) -> None:
    given = VARIANTS[project.name]
    recorded = yaml.safe_load((project / ".copier-answers.yml").read_text())
    assert {name: recorded[name] for name in given} == given
    metadata = tomllib.loads((project / "pyproject.toml").read_text())["project"]
    assert metadata["description"] == recorded["description"]
    assert metadata["authors"][0]["name"] == recorded["author_name"]
    assert metadata["authors"][0].get("email", "") == recorded["author_email"]
    assert metadata["name"] == recorded["distribution_name"]
    app = ast.parse((project / "src" / recorded["package_name"] / "app.py").read_text())
    [service] = (node.value for node in app.body if isinstance(node, ast.Assign))
    assert isinstance(service, ast.Call)
    written = {keyword.arg: keyword.value for keyword in service.keywords}
    assert ast.literal_eval(written["title"]) == recorded["project_name"]
    assert ast.literal_eval(written["name"]) == recorded["distribution_name"]


@pytest.mark.slow
@pytest.mark.parametrize("name", [*answer_sets(), "pair00"])
def test_rendering_twice_gives_the_same_bytes(
    name: str, template: Path, variant: Callable[[str], Path], tmp_path: Path
) -> None:
    again = render(template, tmp_path / "again", VARIANTS[name])
    assert files(again) == files(variant(name))


# Slow, because it renders every variant.
@pytest.mark.slow
@pytest.mark.parametrize(
    ("license_name", "sentence"),
    [
        ("MIT", "Permission is hereby granted, free of charge"),
        ("Apache-2.0", "Apache License"),
        ("BSD-3-Clause", "Neither the name of the copyright holder"),
        ("GPL-3.0-or-later", "GNU GENERAL PUBLIC LICENSE"),
        ("MPL-2.0", "Mozilla Public License Version 2.0"),
        ("LicenseRef-Proprietary", "All rights reserved"),
    ],
)
def test_licence_text_fits_the_choice(
    license_name: str, sentence: str, variant: Callable[[str], Path]
) -> None:
    chosen = [name for name in VARIANTS if VARIANTS[name].get("license", "MIT") == license_name]
    assert chosen
    for name in chosen:
        text = (variant(name) / "LICENSE").read_text()
        assert sentence in text
