"""Any text that a filter wrote is read back unchanged by a parser of the format."""

from __future__ import annotations

import ast
import io
import subprocess
import sys
import tomllib
import unicodedata
from collections.abc import Callable
from typing import TypeVar

import pytest
import yaml
from dockerfile_parse import DockerfileParser
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from jinja2 import StrictUndefined, UndefinedError
from jinja2.sandbox import SandboxedEnvironment
from markdown_it import MarkdownIt

from extensions.escape import EscapeFilters

ENVIRONMENT = SandboxedEnvironment(extensions=[EscapeFilters], undefined=StrictUndefined)
FILTERS = ["toml", "yaml", "json", "python", "shell", "dockerfile", "markdown"]

NASTY = [
    "",
    " ",
    '"',
    "'",
    "\\",
    '"' * 3,
    "'" * 3,
    "it's",
    'say "hi"',
    "\"'",
    '\'""',
    "both ' and \"",
    "C:\\new\\table\\",
    "\\\"'$",
    "{{ 7 * 7 }}",
    "{% raw %}",
    "{# note #}",
    "${HOME}",
    "$HOME $$ $(id) `id`",
    "# heading #",
    "## a ##",
    "# #",
    "a #",
    "- item",
    "+ item",
    "1. item",
    "1)",
    "=== ",
    "---",
    "a | b",
    "~~gone~~",
    "*a* _b_ __c__ snake_case_name _",
    "[a](b) ![c](d) [e]: f",
    "<b>&amp; R&D</b> <http://a.b> http://a.b &#42;",
    "!important, [x] done!",
    "null",
    "yes",
    "%TAG",
    "-n",
    "-",
    "~",
    "é ñ 日本 🚀 👩\u200d🚀",
    "\u202eevil\u202c\u200b\ufeff",
    "a\u2028b\u2029c",
    "a\u0085b",
    "x" * 300,
    'q"' * 150,
    "\\'" * 150,
]
SPECIAL = st.text(
    st.sampled_from("\"'\\`$!{}%#&<>[]()*_~|:;-+=.,?/@^ \t\n\r\x0b\x0c\x1f\x7f1aZé🚀")
)
TEXTS = st.text() | SPECIAL | st.sampled_from(NASTY)
LINES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]))

Test = TypeVar("Test", bound=Callable[..., None])


def with_nasty_texts(test: Test) -> Test:
    for text in NASTY:
        test = example(text=text)(test)
    return test


def rendered(filter_name: str, text: str) -> str:
    return ENVIRONMENT.from_string(f"{{{{ text | {filter_name} }}}}").render(text=text)


def examples(texts: st.SearchStrategy[str], count: int) -> list[str]:
    """The nasty texts and `count` random ones, for a check that starts one process for all."""
    drawn = list(NASTY)

    @settings(max_examples=count)
    @given(texts)
    def draw(text: str) -> None:
        drawn.append(text)

    draw()
    return drawn


@with_nasty_texts
@given(text=TEXTS)
def test_toml_reads_the_text_back(text: str) -> None:
    literal = rendered("toml", text)
    assert tomllib.loads(f"value = {literal}\n") == {"value": text}
    assert len(literal.splitlines()) == 1


@with_nasty_texts
@given(text=TEXTS)
def test_yaml_reads_the_text_back(text: str) -> None:
    scalar = rendered("yaml", text)
    assert yaml.safe_load(f"a:\n  value: {scalar}\n  list: [{scalar}, {scalar}]\n") == {
        "a": {"value": text, "list": [text, text]}
    }
    assert len(scalar.splitlines()) == 1


@with_nasty_texts
@given(text=TEXTS)
def test_python_reads_the_text_back(text: str) -> None:
    literal = rendered("python", text)
    assert ast.literal_eval(literal) == text
    assert len(literal.splitlines()) == 1


def test_ruff_format_leaves_python_literals_as_they_are() -> None:
    module = "".join(f"x = {rendered('python', text)}\n" for text in examples(TEXTS, 400))
    process = subprocess.run(
        [sys.executable, "-m", "ruff", "format", "--isolated", "--no-cache", "-"],
        input=module.encode(),
        capture_output=True,
        check=True,
    )
    assert process.stdout.decode() == module


def test_a_shell_reads_each_text_as_one_word() -> None:
    texts = [text for text in examples(TEXTS, 400) if "\0" not in text]
    script = "printf '%s\\0' " + " ".join(rendered("shell", text) for text in texts)
    process = subprocess.run(["/bin/sh"], input=script.encode(), capture_output=True, check=True)
    assert process.stdout.decode().split("\0") == [*texts, ""]


def test_a_shell_word_cannot_have_nul() -> None:
    with pytest.raises(ValueError, match="NUL character: leave it out"):
        rendered("shell", "a\0b")


@with_nasty_texts
@given(text=LINES)
def test_a_dockerfile_reads_the_text_back(text: str) -> None:
    assume("\x85" not in text)
    value = rendered("dockerfile", text)
    content = (
        "FROM scratch\n"
        "ENV HOME=/root\n"
        f"LABEL first={value} second={value}\n"
        f"ENV TEXT={value}\n"
        'LABEL third="3"\n'
    )
    parser = DockerfileParser(fileobj=io.BytesIO(content.encode()))
    assert parser.labels == {"first": text, "second": text, "third": "3"}
    assert parser.envs == {"HOME": "/root", "TEXT": text}


@pytest.mark.parametrize("text", ["a\nb", "a\rb", "a\0b", "a\x85b"])
def test_a_dockerfile_value_stays_on_one_line(text: str) -> None:
    with pytest.raises(ValueError, match="type it on one line"):
        rendered("dockerfile", text)


@pytest.mark.parametrize("text", ["plain", "it's", "{{ x }}"])
def test_a_dockerfile_value_is_double_quoted_where_every_parser_agrees(text: str) -> None:
    assert rendered("dockerfile", text) == f'"{text}"'


@pytest.mark.parametrize(
    "block",
    [
        "{}\n",
        "{} end\n",
        "# {}\n",
        "# {} #\n",
        "- {}\n",
        "> {}\n",
        "before\n{}\n",
        "a {} z\n",
        "| a |\n|---|\n| {} |\n",
    ],
)
@settings(max_examples=60)
@with_nasty_texts
@given(text=TEXTS)
def test_markdown_renders_the_text_literally(block: str, text: str) -> None:
    folded = " ".join("".join(" " if unicodedata.category(c) == "Cc" else c for c in text).split())
    inline = rendered("markdown", text)
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    tokens = parser.parse(block.format(inline))
    plain = parser.parse(block.format("word" if folded else ""))
    assert [token.type for token in tokens] == [token.type for token in plain]
    children = [child for token in tokens for child in token.children or []]
    assert {child.type for child in children} <= {"text", "softbreak"}
    content = "".join(child.content or "\n" for child in children)
    expected = "".join(child.content or "\n" for token in plain for child in token.children or [])
    assert content == expected.replace("word", folded)


@pytest.mark.parametrize(
    "text", ["Orbit", "snake_case_name", "3-way", "1.2", "Orbit (beta), v1.2 - it's ok!"]
)
def test_markdown_keeps_plain_text_readable(text: str) -> None:
    assert rendered("markdown", text) == text


@pytest.mark.parametrize("filter_name", FILTERS)
def test_template_syntax_in_a_text_is_not_rendered(filter_name: str) -> None:
    assert "{{ 7 * 7 }}" in rendered(filter_name, "{{ 7 * 7 }}").replace("\\", "")
    assert "{% raw %}" in rendered(filter_name, "{% raw %}")


@pytest.mark.parametrize("filter_name", FILTERS)
def test_only_text_is_written(filter_name: str) -> None:
    with pytest.raises(TypeError, match="Expected text, not int: 3"):
        ENVIRONMENT.from_string(f"{{{{ 3 | {filter_name} }}}}").render()
    with pytest.raises(UndefinedError, match="'missing' is undefined"):
        ENVIRONMENT.from_string(f"{{{{ missing | {filter_name} }}}}").render()
