"""Validators for free-text answers: each returns one sentence on what to type, or nothing."""

from __future__ import annotations

import re

from jinja2 import Environment
from jinja2.ext import Extension

_LONGEST_PROJECT_NAME = 60
_LONGEST_LINE = 300
# RFC 5321, section 4.5.3.1.3: a path of 256 octets includes the angle brackets.
_LONGEST_EMAIL = 254
_LONGEST_NAMESPACE = 200
# RFC 1035, section 2.3.4, as text without the final dot.
_LONGEST_HOST = 253
_HIGHEST_PORT = 65535

# Surrogates represent bytes of the command line that are not UTF-8; files cannot contain them.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_EMAIL = re.compile(r"""[^\s@"'`<>()\[\],:;\\]+@[^\s@"'`<>()\[\],:;\\]+""")
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
# With a dot: the first part of an image's name is a host only if it has a dot or a port.
_HOST = re.compile(rf"(?P<name>{_LABEL}(?:\.{_LABEL})+)(?::(?P<port>[1-9][0-9]{{0,4}}))?")
_NAMESPACE_SEGMENT = re.compile(r"(?!\.$)[A-Za-z0-9._][A-Za-z0-9._-]*")


def project_name_problem(answer: object) -> str:
    """Check the display name of the project.

    Args:
        answer: The answer, of any type.

    Returns:
        An empty string, or one sentence that says what to type.
    """
    if not isinstance(answer, str) or not any(map(str.isalnum, answer)):
        return "Type a name that has at least one letter or digit, such as Orbit."
    if _CONTROL.search(answer):
        return "Type the name on one line, without control characters."
    if answer != answer.strip():
        return "Type the name without spaces at its start or end."
    if len(answer) > _LONGEST_PROJECT_NAME:
        return f"Type a name of at most {_LONGEST_PROJECT_NAME} characters."
    return ""


def single_line_problem(answer: object) -> str:
    """Check a text that may be empty and must be on one line.

    Args:
        answer: The answer, of any type.

    Returns:
        An empty string, or one sentence that says what to type.
    """
    if not isinstance(answer, str):
        return "Type text on one line."
    if _CONTROL.search(answer):
        return "Type the text on one line, without control characters."
    if len(answer) > _LONGEST_LINE:
        return f"Type at most {_LONGEST_LINE} characters."
    return ""


def author_problem(answer: object) -> str:
    """Check the name of an author for `project.authors` in pyproject.toml.

    Args:
        answer: The answer, of any type.

    Returns:
        An empty string, or one sentence that says what to type.
    """
    if not isinstance(answer, str) or not answer.strip():
        return "Type the name of a person or a team."
    if "," in answer:
        return "Type the name without commas, which pyproject.toml does not allow in it."
    return single_line_problem(answer)


def email_problem(answer: object) -> str:
    """Check an e-mail address that may be left empty.

    Args:
        answer: The answer, of any type.

    Returns:
        An empty string, or one sentence that says what to type.
    """
    if isinstance(answer, str) and (answer == "" or _is_email(answer)):
        return ""
    return "Type one address such as jane@example.com, or leave it empty."


def namespace_problem(answer: object) -> str:
    """Check the path of a repository's owner, which may be left empty.

    Args:
        answer: The answer, of any type.

    Returns:
        An empty string, or one sentence that says what to type.
    """
    if isinstance(answer, str) and (answer == "" or _is_namespace(answer)):
        return ""
    return (
        "Type the owner of the repository, such as acme or acme/platform: "
        "letters, digits, dots, dashes and underscores."
    )


def host_problem(answer: object) -> str:
    """Check the name of a host, with or without a port.

    Args:
        answer: The answer, of any type.

    Returns:
        An empty string, or one sentence that says what to type.
    """
    if isinstance(answer, str) and _is_host(answer):
        return ""
    return "Type a full name such as git.example.org, or with a port git.example.org:8443."


class AnswerValidators(Extension):
    """Adds the validators as filters, for `validator:` in copier.yml."""

    def __init__(self, environment: Environment) -> None:
        """Add the filters.

        Args:
            environment: The Jinja environment.
        """
        super().__init__(environment)
        environment.filters.update(
            project_name_problem=project_name_problem,
            single_line_problem=single_line_problem,
            author_problem=author_problem,
            email_problem=email_problem,
            namespace_problem=namespace_problem,
            host_problem=host_problem,
        )


def _is_email(text: str) -> bool:
    return (
        len(text) <= _LONGEST_EMAIL
        and not _CONTROL.search(text)
        and _EMAIL.fullmatch(text) is not None
    )


def _is_namespace(text: str) -> bool:
    return (
        len(text) <= _LONGEST_NAMESPACE
        and ".." not in text
        and all(_NAMESPACE_SEGMENT.fullmatch(segment) for segment in text.split("/"))
    )


def _is_host(text: str) -> bool:
    host = _HOST.fullmatch(text)
    return (
        host is not None
        and len(host["name"]) <= _LONGEST_HOST
        and int(host["port"] or 1) <= _HIGHEST_PORT
    )
