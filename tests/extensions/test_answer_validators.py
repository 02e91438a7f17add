"""A validator returns nothing for a good answer, and one sentence on what to type for a bad one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import StrictUndefined, Undefined

from extensions.answers import (
    author_problem,
    email_problem,
    host_problem,
    namespace_problem,
    project_name_problem,
    single_line_problem,
)

VALIDATORS = {
    "project name": project_name_problem,
    "single line": single_line_problem,
    "author": author_problem,
    "email": email_problem,
    "namespace": namespace_problem,
    "host": host_problem,
}

GOOD = [
    *(("project name", text) for text in ("Orbit", "a", "7", "Café (β) 🚀", "日本", "x" * 60)),
    *(("project name", text) for text in ("it's", 'say "hi"', "{{ x }}", "a\\b", "a$b")),
    *(("single line", text) for text in ("", "A service.", "x" * 300, " ", "'\"\\{{ }}${HOME} 🚀")),
    *(("author", text) for text in ("Jane", "Jane O'Neil Jr.", "ACME GmbH & Co. KG", "李")),
    *(("email", text) for text in ("", "a@b", "jane.doe+x@mail.example.com", "é@exämple.de")),
    *(("namespace", text) for text in ("", "acme", "acme/platform/a", "a.b_c-d", "-a"[1:], ".x")),
    *(("host", text) for text in ("git.example.org", "Git.Example.ORG:8443", "10.0.0.1", "a.b:1")),
    *(("host", text) for text in (f"{'x' * 63}.a-b.c:65535", ".".join(["x" * 49] * 5))),
]
CONTROLS = (
    "a\nb",
    "a\rb",
    "a\tb",
    "a\0b",
    "a\x1b[31mb",
    "a\x7fb",
    "a\x85b",
    "a\u2028b",
    "a\udcffb",
)
BAD = [
    *(("project name", text) for text in ("", " ", " a", "a ", "-", "🚀", "x" * 61, *CONTROLS)),
    *(("single line", text) for text in ("x" * 301, *CONTROLS)),
    *(("author", text) for text in ("", " ", "\t", "Doe, Jane", "x" * 301, *CONTROLS)),
    *(
        ("email", text)
        for text in ("a", "@", "a@", "@b", "a@b@c", "a b@c", "a@b c", " a@b", "a@b ")
    ),
    *(("email", text) for text in ("<a@b>", "Jane <a@b>", '"a"@b', "'a'@b", "a@b,c@d", "a;b@c")),
    *(
        ("email", text)
        for text in ("a@b\n", "\na@b", "a\0@b", "a@\x1bb", "a@\udcff", "x" * 255 + "@b")
    ),
    *(
        ("namespace", text)
        for text in ("/", "/a", "a/", "a//b", "..", "a/../b", "a..b", ".", "a/.")
    ),
    *(("namespace", text) for text in ("-a", "a/-b", "a b", "a\n", "é", "a\\b", "a:b", "x" * 201)),
    *(
        ("host", text)
        for text in ("", "git", "localhost:80", ".a.b", "a.b.", "a..b", "-a.b", "a-.b")
    ),
    *(("host", text) for text in ("a.b:", "a.b:0", "a.b:080", "a.b:65536", "a.b:x", "a.b:1:2")),
    *(
        ("host", text)
        for text in ("https://a.b", "a.b/c", "a_b.c", "é.org", "[::1]", "a.b\n", "a.b ")
    ),
    *(("host", text) for text in (f"{'x' * 64}.b", ".".join(["x" * 50] * 5), "a@b.c", "a.b:٣")),
]


@pytest.mark.parametrize(("kind", "answer"), GOOD)
def test_good_answers(kind: str, answer: str) -> None:
    assert VALIDATORS[kind](answer) == ""


@pytest.mark.parametrize(("kind", "answer"), BAD)
def test_bad_answers(kind: str, answer: str) -> None:
    assert_one_sentence(VALIDATORS[kind](answer))


@pytest.mark.parametrize("validator", VALIDATORS.values())
@pytest.mark.parametrize(
    "answer",
    [None, 3, 2.5, True, [], ["a"], {}, b"a", object(), Undefined(), StrictUndefined()],
)
def test_answers_of_other_types(validator: type, answer: object) -> None:
    assert_one_sentence(validator(answer))


@given(st.text(st.characters()))
def test_any_text_gets_an_answer_that_fits_on_one_line(text: str) -> None:
    for validator in VALIDATORS.values():
        if validator(text):
            assert_one_sentence(validator(text))
        else:
            assert len(text.splitlines()) <= 1
            text.encode()


def assert_one_sentence(problem: str) -> None:
    assert problem.startswith("Type ")
    assert problem.endswith(".")
    assert len(problem.splitlines()) == 1
