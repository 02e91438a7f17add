"""What is rendered again and again is compiled once, and rendered as if it were compiled anew."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import copier
import pytest
from jinja2 import Environment, StrictUndefined, Template
from jinja2.sandbox import SandboxedEnvironment

from extensions.compile_once import CompileOnce

COUNTING = (
    "{% set seen = namespace(count=0) %}"
    "{% for _ in words %}{% set seen.count = seen.count + 1 %}{% endfor %}"
    "{{ seen.count }}"
)


@pytest.fixture
def environment() -> Environment:
    return SandboxedEnvironment(extensions=[CompileOnce], undefined=StrictUndefined)


def test_the_same_text_is_the_same_template(environment: Environment) -> None:
    assert environment.from_string("{{ name }}") is environment.from_string("{{ name }}")
    assert environment.from_string("{{ name }}") is not environment.from_string("{{ name }} ")


def test_nothing_of_one_rendering_is_in_the_next(environment: Environment) -> None:
    for words in ("a", "bcd", ""):
        assert environment.from_string(COUNTING).render(words=words) == str(len(words))


def test_names_of_a_template_of_its_own_stay_its_own(environment: Environment) -> None:
    assert environment.from_string("{{ x }}", {"x": 1}).render() == "1"
    assert environment.from_string("{{ x }}", {"x": 2}).render() == "2"
    assert environment.from_string("{{ x }}").render(x=3) == "3"


def test_a_class_of_its_own_is_used(environment: Environment) -> None:
    class Mine(Template):
        pass

    environment.from_string("text")
    assert type(environment.from_string("text", template_class=Mine)) is Mine


def test_environments_share_nothing(environment: Environment) -> None:
    other = Environment(extensions=[CompileOnce], variable_start_string="<<")
    assert environment.from_string("{{ 1 }}").render() == "1"
    assert other.from_string("{{ 1 }}").render() == "{{ 1 }}"


def test_a_copy_compiles_no_text_twice(
    template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled: Counter[str] = Counter()
    compile_anew = Environment.compile

    def count(self: Environment, source: str, *arguments: object, **options: object) -> object:
        # Copier renders `when: true` as well, which is no text.
        if isinstance(source, str) and not arguments and not options:
            compiled[source] += 1
        return compile_anew(self, source, *arguments, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(Environment, "compile", count)
    data = {"description": "A service."}
    copier.run_copy(
        str(template), tmp_path / "made", data=data, defaults=True, unsafe=True, quiet=True
    )
    assert compiled["pyproject.toml"] == 1
    assert compiled.most_common(1)[0][1] == 1
