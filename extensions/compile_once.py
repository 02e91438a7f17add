"""Compiles each text of the template once, however often it is rendered, and plain ones never.

Copier renders the name of each folder on the way to each file, and the name of the answers file
with each of those, and compiles them every time anew: for the standard service 3,600 texts, of
which 700 differ, and 400 of those hold nothing to render. Compiled templates keep nothing of one
rendering for the next.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, MutableMapping
from typing import Any

from jinja2 import Environment, Template, nodes
from jinja2.ext import Extension
from jinja2.runtime import Context


class CompileOnce(Extension):
    """Remembers what `Environment.from_string` has made of a text."""

    def __init__(self, environment: Environment) -> None:
        """Put a memory before the environment's method.

        Args:
            environment: The environment that loads the extension.
        """
        super().__init__(environment)
        compile_anew = environment.from_string
        beyond_plain = _beyond_plain(environment)

        @functools.cache
        def compile_once(source: str) -> Template:
            if beyond_plain.search(source):
                return compile_anew(source)
            return _plain(environment, source)

        def from_string(
            source: str | nodes.Template,
            globals: MutableMapping[str, Any] | None = None,
            template_class: type[Template] | None = None,
        ) -> Template:
            if isinstance(source, str) and globals is None and template_class is None:
                return compile_once(source)
            return compile_anew(source, globals, template_class)

        environment.from_string = from_string  # type: ignore[method-assign]


class _PlainText(Template):
    text: str

    def render(self, *args: Any, **kwargs: Any) -> str:
        return self.text


def _plain(environment: Environment, text: str) -> Template:
    def root(_context: Context) -> Iterator[str]:
        if text:
            yield text

    module: dict[str, Any] = {
        "name": None,
        "blocks": {},
        "root": root,
        "debug_info": "",
        "__file__": None,
    }
    template = _PlainText.from_module_dict(environment, module, environment.make_globals(None))
    assert isinstance(template, _PlainText)
    template.text = text
    return template


def _beyond_plain(environment: Environment) -> re.Pattern[str]:
    """Whatever may begin something else than text; and line ends, which Jinja makes alike."""
    beginnings = [
        environment.block_start_string,
        environment.variable_start_string,
        environment.comment_start_string,
        environment.line_statement_prefix,
        environment.line_comment_prefix,
    ]
    return re.compile("|".join([r"[\r\n]", *(re.escape(each) for each in beginnings if each)]))
