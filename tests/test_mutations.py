"""Each entry of the table of mutations can be applied to the template."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.mutations import TESTS, Chassis, Mutation, mutations
from tests.test_variants import variant

__all__ = ["variant"]

NAMES = [
    *("standard", "complete", "sqlite", "mysql", "proprietary"),
    *("parts/authentication_jwt", "parts/cache_memory", "parts/outbox", "parts/outbox_mysql"),
    *("parts/secrets_aws", "parts/secrets_azure", "parts/secrets_gcp", "parts/secrets_vault"),
]


def test_every_mutation_applies_to_its_services(variant: Callable[[str], Path]) -> None:
    services = [Chassis(variant(name.replace("/", "-"))) for name in NAMES]
    problems = []
    for mutation in mutations():
        fitting = [chassis for chassis in services if mutation.applies_to(chassis)]
        if not fitting:
            problems.append(f"{mutation.name}: no service has {mutation.place} and its tests")
        problems += [
            f"{mutation.name}, in {chassis.project.name}: {problem}"
            for chassis in fitting
            if (problem := _problem(mutation, chassis))
        ]
    assert not problems, "correct tests/mutations.toml:\n" + "\n".join(problems)


def _problem(mutation: Mutation, chassis: Chassis) -> str | None:
    """The reason why a mutation cannot be applied to a service; None if it can."""
    matches = mutation.matches(chassis)
    if len(matches) != 1:
        return f"{mutation.place} has {len(matches)} of {mutation.old!r}, and not one"
    [match] = matches
    broken = mutation.broken(chassis.texts[match.path], match)
    if broken == chassis.texts[match.path]:
        return "it changes nothing"
    if match.path.suffix == ".py":
        ast.parse(broken)
    for test in mutation.tests:
        name, _, function = test.partition("::")
        tests = (chassis.project / TESTS / name).read_text()
        if f"def {function.partition('[')[0]}" not in tests:
            return f"there is no test {test}"
    return None


QUEUE = """
PATIENCE = 1.0


class Queue:
    def sweep(self, dead):
        for job in dead:
            self.retry(job)

    def retry(self, job):
        return job
"""


def a_service(folder: Path, files: dict[str, str]) -> Chassis:
    chassis = folder / "project" / "src" / "orbit" / "chassis"
    for name, text in files.items():
        (chassis / name).parent.mkdir(parents=True, exist_ok=True)
        (chassis / name).write_text(text)
    return Chassis(folder / "project")


def a_mutation(place: str, old: str, new: str) -> Mutation:
    return Mutation(name="a name", place=place, old=old, new=new, tests=[])


@pytest.mark.parametrize("file", ["jobs/queue.py", "elsewhere.py"])
@pytest.mark.parametrize("place", ["sweep", "Queue.sweep", "Queue", "PATIENCE"])
def test_the_code_of_a_mutation_is_found_in_any_module(
    tmp_path: Path, file: str, place: str
) -> None:
    chassis = a_service(tmp_path, {file: QUEUE, "other.py": "TIMES = 1.0\n"})
    old = "1.0" if place == "PATIENCE" else "self.retry(job)"
    mutation = a_mutation(place, old, "0.0")
    assert mutation.applies_to(chassis)
    [match] = mutation.matches(chassis)
    assert match.path.name == Path(file).name
    assert mutation.broken(chassis.texts[match.path], match) == QUEUE.replace(old, "0.0")


@pytest.mark.parametrize(
    ("place", "old", "count"),
    [
        ("sweep", "for job in dead", 1),
        ("sweep", "for job\n    in dead", 1),
        ("sweep", "job", 2),
        ("sweep", "return job", 0),
        ("sweep", "ob", 0),
        ("one.ONE", "1", 1),
        ("two.ONE", "1", 1),
        ("ONE", "1", 2),
    ],
)
def test_a_mutation_applies_if_its_text_occurs_once(
    tmp_path: Path, place: str, old: str, count: int
) -> None:
    files = {"queue.py": QUEUE, "a/one.py": "ONE = 1\n", "a/two.py": "ONE = 1\n"}
    assert len(a_mutation(place, old, "").matches(a_service(tmp_path, files))) == count


def test_the_replacement_is_indented_like_the_original(tmp_path: Path) -> None:
    chassis = a_service(tmp_path, {"queue.py": QUEUE})
    mutation = a_mutation("sweep", "self.retry(job)", "if job:\n    self.retry(job)")
    [match] = mutation.matches(chassis)
    assert mutation.broken(QUEUE, match) == QUEUE.replace(
        "            self.retry(job)", "            if job:\n                self.retry(job)"
    )


def test_a_mutation_is_not_for_services_without_the_part(tmp_path: Path) -> None:
    assert not a_mutation("drain", "x", "y").applies_to(a_service(tmp_path, {"queue.py": QUEUE}))
