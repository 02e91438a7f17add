"""The table of mutations keeps up with the template, so that each can be tried out."""

from __future__ import annotations

from pathlib import Path

from tests.mutations import TESTS, Mutation, mutations, package
from tests.rendering import every_set, render

NAMES = [
    *("standard", "complete", "sqlite", "mysql", "proprietary"),
    *("parts/authentication_jwt", "parts/cache_memory", "parts/outbox", "parts/outbox_mysql"),
    *("parts/secrets_aws", "parts/secrets_azure", "parts/secrets_gcp", "parts/secrets_vault"),
]


def test_every_mutation_fits_the_services_that_it_is_for(template: Path, tmp_path: Path) -> None:
    sets = every_set()
    projects = [render(template, tmp_path / name, sets[name]) for name in NAMES]
    for mutation in mutations():
        fitting = [project for project in projects if mutation.applies_to(project)]
        assert fitting, mutation.name
        for project in fitting:
            _fits(mutation, project)


def _fits(mutation: Mutation, project: Path) -> None:
    text = (package(project) / mutation.file).read_text()
    assert text.count(mutation.old) == 1, f"{mutation.name}, in {project.name}"
    for test in mutation.tests:
        name, _, function = test.partition("::")
        tests = (project / TESTS / name).read_text()
        assert f"def {function.partition('[')[0]}" in tests, f"{mutation.name}, in {project.name}"
