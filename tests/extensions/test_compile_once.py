"""Repeated texts are compiled once, and render to the same as without the cache."""

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


def test_renderings_share_no_state(environment: Environment) -> None:
    for words in ("a", "bcd", ""):
        assert environment.from_string(COUNTING).render(words=words) == str(len(words))


def test_globals_of_a_template_apply_only_to_it(environment: Environment) -> None:
    assert environment.from_string("{{ x }}", {"x": 1}).render() == "1"
    assert environment.from_string("{{ x }}", {"x": 2}).render() == "2"
    assert environment.from_string("{{ x }}").render(x=3) == "3"


def test_a_custom_template_class_is_used(environment: Environment) -> None:
    class Mine(Template):
        pass

    environment.from_string("text")
    assert type(environment.from_string("text", template_class=Mine)) is Mine


PLAIN = ["", "pyproject.toml", "{ } % # $", "\ta b ", "ä🦉"]
NEARLY_PLAIN = ["a\r\nb\r", "a\n", "\n", "a{# b #}c", "{% raw %}a{% endraw %}"]


@pytest.mark.parametrize("text", [*PLAIN, *NEARLY_PLAIN])
@pytest.mark.parametrize("keep", [True, False])
def test_texts_render_as_without_the_cache(text: str, keep: bool) -> None:
    made, jinjas = (
        Environment(keep_trailing_newline=keep, extensions=extensions).from_string(text)
        for extensions in ([CompileOnce], [])
    )
    assert made.render(name=1) == jinjas.render(name=1)
    assert list(made.generate()) == list(jinjas.generate())


@pytest.mark.parametrize("text", PLAIN)
def test_texts_without_tags_are_not_compiled(
    environment: Environment, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(Environment, "compile")
    assert environment.from_string(text).render() == text


def test_line_statements_are_compiled() -> None:
    statements = Environment(
        extensions=[CompileOnce], line_statement_prefix="%", line_comment_prefix="##"
    )
    assert statements.from_string("% set x = 1").render() == ""
    assert statements.from_string("a ## b").render() == "a"


def test_environments_share_no_cache(environment: Environment) -> None:
    other = Environment(extensions=[CompileOnce], variable_start_string="<<")
    assert environment.from_string("{{ 1 }}").render() == "1"
    assert other.from_string("{{ 1 }}").render() == "{{ 1 }}"


def test_a_copy_compiles_no_text_twice(
    template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled: Counter[str] = Counter()
    compile_anew = Environment.compile

    def count(self: Environment, source: str, *arguments: object, **options: object) -> object:
        # Copier also renders `when: true`, which is not text.
        if isinstance(source, str) and not arguments and not options:
            compiled[source] += 1
        return compile_anew(self, source, *arguments, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(Environment, "compile", count)
    data = {"description": "A service."}
    copier.run_copy(
        str(template), tmp_path / "made", data=data, defaults=True, unsafe=True, quiet=True
    )
    assert compiled["{{ project_name | slug }}"] == 1
    assert compiled["pyproject.toml"] == 0
    assert compiled.most_common(1)[0][1] == 1
