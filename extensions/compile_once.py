"""Caches compiled Jinja texts, and does not compile texts without tags.

For each file, Copier renders the names of all its folders and of the answers file, and compiles
them each time: for the standard service 3,600 texts, of which only 700 differ, and 400 of those
have no tags. Compiled templates have no state, so they can be reused.
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
    """Caches the results of `Environment.from_string`."""

    def __init__(self, environment: Environment) -> None:
        """Replace the environment's method by a cached one.

        Args:
            environment: The Jinja environment.
        """
        super().__init__(environment)
        compile_uncached = environment.from_string
        beyond_plain = _beyond_plain(environment)

        @functools.cache
        def compile_once(source: str) -> Template:
            if beyond_plain.search(source):
                return compile_uncached(source)
            return _plain(environment, source)

        def from_string(
            source: str | nodes.Template,
            globals: MutableMapping[str, Any] | None = None,
            template_class: type[Template] | None = None,
        ) -> Template:
            if isinstance(source, str) and globals is None and template_class is None:
                return compile_once(source)
            return compile_uncached(source, globals, template_class)

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
    """Characters that may start a tag, and line endings, which Jinja normalizes."""
    beginnings = [
        environment.block_start_string,
        environment.variable_start_string,
        environment.comment_start_string,
        environment.line_statement_prefix,
        environment.line_comment_prefix,
    ]
    return re.compile("|".join([r"[\r\n]", *(re.escape(each) for each in beginnings if each)]))
