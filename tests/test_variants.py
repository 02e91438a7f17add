"""Every pair of answers gives a valid project, checked without running it."""

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
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
import yaml
from allpairspy import AllPairs
from jinja2 import Environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.rendering import ROOT, answer_sets, every_set, files, locked, render

CHOICES: dict[str, list[Any]] = {
    "processes": ["web-and-worker", "web", "worker"],
    "database": ["none", "sqlite", "postgresql", "mysql"],
    "cache": ["none", "memory", "redis"],
    "rate_limiting": [False, True],
    "authentication": ["none", "session", "jwt"],
    "http_client": [False, True],
    "prometheus": [False, True],
    "sentry": [False, True],
    "opentelemetry": [False, True],
    "object_storage": ["none", "s3"],
    "secrets": ["environment", "files", "vault", "aws", "gcp", "azure"],
    "container": [False, True],
    "procfile": [False, True],
    "kubernetes": [False, True],
    "docs_site": [False, True],
    "devcontainer": [False, True],
    "ci": ["none", "github", "gitlab"],
    "dependency_updates": ["none", "renovate", "dependabot"],
    "hooks": [False, True],
    "license": [
        "MIT",
        "Apache-2.0",
        "BSD-3-Clause",
        "GPL-3.0-or-later",
        "MPL-2.0",
        "LicenseRef-Proprietary",
    ],
    "lowest_python": ["3.11", "3.12", "3.13", "3.14"],
    "repository": [
        "github.com",
        "github.com/ada",
        "gitlab.com/group/team",
        "codeberg.org/a",
        "Git.example.org:8443/a/B",
        "none",
    ],
    "preset": ["minimal", "standard", "complete"],
    "outbox": [False, True],
    "jobs_page": [False, True],
    "author_email": ["", "ada@example.org"],
    "package_name": ["a", "a_package_name_of_30_character"],
    "project_name": ["Orbit", 'A "quoted" \\ {{ name }} 🚀'],
}

QUESTIONS: dict[str, Any] = yaml.safe_load((ROOT / "copier.yml").read_text())

# Words that only a project with the part may use.
WORDS = {
    # Workflows and pipelines are made of jobs as well.
    "worker": r"workers?(?!=|_kill)|(?<!CI_)jobs?(?!:$|-token)|brokers?|saq|queues?(?!_size)",
    "redis": r"redis|valkey",
    "cache": r"(chassis|web|docs)[./]cache|cache_max\w*|@cached|responsestore",
    "rate_limiting": r"rate.?limit\w*",
    "authentication": r"(chassis|docs)[./]auth\w*|argon2\w*|requires_login|create-user",
    "session": r"sessions\.py|session_seconds|__host-\w*",
    "jwt": r"jwt\w*|bearer|refresh.?tokens?",
    "http_client": r"http[_-]client|httpclient|runtime\.http|http_(connect|proxy|retries|total)\w*",
    "prometheus": r"prometheus\w*|metrics?",
    "sentry": r"sentry\w*|dsn",
    "opentelemetry": r"opentelemetry|otel\w*|otlp|traceparent|[./_]tracing|current_tracer",
    "web": r"litestar|granian|asgi|openapi",
    "database": r"databases?|sqlalchemy|alembic|migrations?|sql",
    "sqlite": r"sqlite|aiosqlite",
    "postgresql": r"postgres\w*|asyncpg|pgserver",
    "mysql": r"mysql|mariadb|asyncmy",
    "s3": r"obstore|object[- ]stor\w*|storage|s3(?!\d)|presigned|rclone",
    "files": r"secrets_dir|secrets_files|run/secrets",
    "vault": r"vault_(addr|token|namespace|mount|path)\w*|secrets_vault|hashicorp|openbao",
    "container": r"dockerfile|dockerignore|[./]?compose\.\w+|docs/containers|production\.env",
    "procfile": r"procfile\w*|honcho",
    "github": r"\.github/workflows",
    "gitlab": r"\.gitlab-ci|gitlab ci",
    "renovate": r"renovate\w*",
    "dependabot": r"dependabot",
    "hooks": r"pre-commit|prek|make hooks",
    "aws": r"boto3|botocore|secrets_aws|secrets[_ ]?manager|aws_secret_id",
    "gcp": r"gcp\w*|google[.-]auth|google secret manager|secrets_gcp|gcloud",
    "azure": r"azure\w*|key[_ ]?vaults?|secrets_azure|trustme",
    "jobs_page": r"jobs.page\w*",
    "outbox": r"outbox\w*",
    "kubernetes": r"kubectl|kustom\w*|deploy/kubernetes",
    "docs_site": r"mkdocs",
    "devcontainer": r"devcontainers?|\.vscode",
}
# Words that mean something else where a platform is spoken to.
FOREIGN = {
    r"\.github/": r"create-storage-record|\bjobs?\b",
    r"\.gitlab-ci|docs/ci\.md|scripts/propose_update": r"\bjobs?\b",
    r"deploy/kubernetes/": r"\bjobs?\b|^  metrics:$",
    r"docs/(admin|kubernetes)\.md": r"\bjobs?\b",
    r".*secrets[/_](azure|gcp)\.py": r"\bbearer\b|\bjwt-bearer\b|\bexclude_broker_credential\b",
}
# What these say comes from the answers or from the registry.
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


def is_asked(name: str, answers: dict[str, Any]) -> bool:
    condition = str(QUESTIONS[name].get("when", True))
    return Environment(autoescape=False).from_string(condition).render(answers) == "True"


VARIANTS = {
    **{f"pair{number:02}": answers for number, answers in enumerate(covering_array())},
    **{name.replace("/", "-"): answers for name, answers in every_set().items()},
}


@pytest.fixture(scope="session")
def variant(template: Path, shared: Path) -> Callable[[str], Path]:
    """Finds a variant by its name, rendered by the process that is the first to want it."""
    parent = shared / "variants"
    parent.mkdir(exist_ok=True)

    def find(name: str) -> Path:
        folder = parent / name
        with locked(folder):
            return folder if folder.exists() else render(template, folder, VARIANTS[name])

    return find


@pytest.fixture(params=VARIANTS)
def project(request: pytest.FixtureRequest, variant: Callable[[str], Path]) -> Path:
    return variant(request.param)


def test_the_array_covers_every_pair() -> None:
    rows = list(AllPairs(list(CHOICES.values())))
    for one, two in itertools.combinations(range(len(CHOICES)), 2):
        seen = {(row[one], row[two]) for row in rows}
        assert seen == set(itertools.product(*(list(CHOICES.values())[at] for at in (one, two))))


def test_formatter_and_linter_find_nothing(project: Path) -> None:
    for check in (["format", "--check"], ["check"]):
        done = subprocess.run(
            [str(Path(sys.executable).with_name("ruff")), *check, "--no-cache", str(project)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_every_file_is_what_it_says(project: Path) -> None:
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
    """As the project's own test of factor II, without an environment."""
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
            assert names & declared, f"{path.name} imports {module}, which nobody declares"


@functools.cache
def distributions() -> Mapping[str, list[str]]:
    """The distributions of this environment that bring each package."""
    return packages_distributions()


def distribution(requirement: str) -> str:
    return canonicalize_name(Requirement(requirement).name)


def imported(tree: ast.Module) -> set[str]:
    """Top-level packages that a module imports and that do not come with Python."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
    return {name.partition(".")[0] for name in names} - sys.stdlib_module_names


def test_no_template_syntax_is_left(project: Path) -> None:
    for name, content in files(project).items():
        if name.endswith(".mako") or name in UNREAD:
            continue
        text = content.decode()
        text = text.replace("{{ name }}", "").replace("{% raw %}", "")
        scar = re.search(r"\{%|(?<!\d)%\}|\{#|copier_conf|package_name \}\}|\.jinja", text)
        assert not scar, f"{scar} in {name}"


def test_what_a_variant_lacks_is_not_mentioned(project: Path) -> None:
    answers = yaml.safe_load((project / ".copier-answers.yml").read_text())
    parts = {answers["database"], answers["object_storage"], answers["secrets"]}
    parts |= {answers["ci"], answers["dependency_updates"]}
    parts |= (
        {"web", "worker"} if answers["processes"] == "web-and-worker" else {answers["processes"]}
    )
    if answers["database"] != "none":
        parts.add("database")
    # What makes no sense is not asked, and not recorded.
    switches = (
        *("rate_limiting", "http_client", "outbox", "jobs_page"),
        *("prometheus", "sentry", "opentelemetry"),
        *("container", "procfile", "kubernetes", "docs_site", "devcontainer", "hooks"),
    )
    parts |= {part for part in switches if answers.get(part)}
    if answers["cache"] != "none":
        parts.add("cache")
    if answers.get("authentication", "none") != "none":
        parts |= {"authentication", answers["authentication"]}
    if parts & {"worker", "rate_limiting", "session"} or answers["cache"] == "redis":
        parts.add("redis")
    for part, words in WORDS.items():
        if part in parts:
            continue
        pattern = re.compile(rf"(?<![a-z])({words})(?![a-z])", re.IGNORECASE)
        for name, content in files(project).items():
            if name in UNREAD:
                continue
            assert not pattern.search(name), f"{name} although there is no {part}"
            foreign = [words for place, words in FOREIGN.items() if re.match(place, name)]
            for number, line in enumerate(content.decode().splitlines(), start=1):
                for words in foreign:
                    line = re.sub(words, "", line, flags=re.IGNORECASE)
                assert not pattern.search(line), f"no {part}, but {name}:{number}: {line}"


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
    constants = {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in app.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    assert constants["TITLE"] == recorded["project_name"]


@pytest.mark.parametrize("name", [*answer_sets(), "pair00"])
def test_rendering_twice_gives_the_same_bytes(
    name: str, template: Path, variant: Callable[[str], Path], tmp_path: Path
) -> None:
    again = render(template, tmp_path / "again", VARIANTS[name])
    assert files(again) == files(variant(name))


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
def test_licence_text_is_that_of_the_choice(
    license_name: str, sentence: str, variant: Callable[[str], Path]
) -> None:
    chosen = [name for name in VARIANTS if VARIANTS[name].get("license", "MIT") == license_name]
    assert chosen
    for name in chosen:
        text = (variant(name) / "LICENSE").read_text()
        assert sentence in text
