"""Shows one sentence instead of a traceback for invalid answers on Copier's command line.

Copier prints only `UserMessageError` as a message. Invalid answers from `--data`, `--data-file` or
the user's settings raise other errors.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from traceback import walk_tb
from types import FrameType, TracebackType

from jinja2 import Environment
from jinja2.ext import Extension

ExceptionHook = Callable[[type[BaseException], BaseException, TracebackType | None], object]

_ANSWER_STEPS = {
    "_user_data.cast_answer",
    "_user_data.parse_answer",
    "_user_data._parse_answer",
    "_user_data.parse_yaml_list",
    "_user_data.parse_yaml_string",
    "_user_data.validate_answer",
}
_REFUSAL = r"(Validation error for question|Invalid choice for) '{name}': (?P<reason>.+)"
_NOT_A_CHOICE = re.compile(r"(?P<given>.+) is not in \[(?P<all>.+)\]", re.DOTALL)
_EXPECTED = {
    "bool": "yes or no",
    "float": "a number",
    "int": "a whole number",
    "json": "valid JSON",
    "path": "a path",
    "str": "text",
    "yaml": "valid YAML",
}


def sentence(error: BaseException, traceback: TracebackType | None) -> str | None:
    """Explain in one sentence how to fix input that Copier's command line refused.

    Args:
        error: The uncaught exception.
        traceback: Where it was raised.

    Returns:
        The sentence, on one line; None if the exception is anything else, such as a mistake in
        the template or a call of Copier's Python functions.
    """
    steps = _copier_steps(traceback)
    problem = None
    # Only on the command line: a program that calls Copier needs the traceback of its error.
    if "_cli._handle_exceptions" in steps:
        if "_main._ask" in steps:
            problem = _answer_problem(error, steps)
        elif "_main._render_template" in steps and isinstance(error, OSError):
            problem = _destination_problem(error, steps["_main._render_template"])
    return problem and " ".join(problem.split())


class OneSentence(Extension):
    """Installs the exception hook; loading it again, from any release, replaces the hook."""

    def __init__(self, environment: Environment) -> None:
        """Install the hook.

        Args:
            environment: The Jinja environment.
        """
        super().__init__(environment)
        sys.excepthook = _Hook(getattr(sys.excepthook, "previous_hook", sys.excepthook))


class _Hook:
    def __init__(self, previous_hook: ExceptionHook) -> None:
        self.previous_hook = previous_hook

    def __call__(
        self, kind: type[BaseException], error: BaseException, traceback: TracebackType | None
    ) -> None:
        line = sentence(error, traceback)
        if line is None:
            self.previous_hook(kind, error, traceback)
        else:
            print(line, file=sys.stderr)


def _copier_steps(traceback: TracebackType | None) -> dict[str, FrameType]:
    steps: dict[str, FrameType] = {}
    for frame, _ in walk_tb(traceback):
        package, _, module = str(frame.f_globals.get("__name__")).partition(".")
        function = frame.f_code.co_name
        # Before Python 3.12, comprehensions have separate frames.
        if package == "copier" and module != "_tools" and not function.startswith("<"):
            step = f"{module}.{function}"
            steps.pop(step, None)
            steps[step] = frame
    return steps


def _answer_problem(error: BaseException, steps: dict[str, FrameType]) -> str | None:
    asked = steps["_main._ask"].f_locals
    name = asked.get("var_name")
    text = str(error)
    last_step = next(reversed(steps))
    if last_step == "_main._ask" and text == f'Question "{name}" is required':
        return f'Question "{name}" has no default: answer it with --data {name}=VALUE.'
    if last_step not in _ANSWER_STEPS or "_user_data._formatted_choices" in steps:
        return None
    if refusal := re.fullmatch(_REFUSAL.format(name=re.escape(str(name))), text, re.DOTALL):
        if choices := _NOT_A_CHOICE.fullmatch(refusal["reason"]):
            return f'Question "{name}" takes one of {choices["all"]}, not {choices["given"]}.'
        return f'Question "{name}": {refusal["reason"]}'
    question = asked["question"]
    if question.multiselect:
        return f'Question "{name}" takes a list in square brackets, such as [a, b].'
    return f'Question "{name}" takes {_EXPECTED[question.get_type_name()]}.'


def _destination_problem(error: OSError, render: FrameType) -> str | None:
    destination = render.f_locals.get("dst_root")
    if not isinstance(destination, Path) or not isinstance(error.filename, (str, Path)):
        return None
    path = Path(error.filename)
    if not path.is_relative_to(destination) and not destination.is_relative_to(path):
        return None
    return f"Cannot write {path} ({error.strerror}): type a destination folder you can write to."
