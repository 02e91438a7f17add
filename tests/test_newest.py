"""`make test-newest` names the package that breaks a test, and the test."""

from __future__ import annotations

import base64
import csv
import hashlib
import importlib.metadata
import io
import json
import sys
import zipfile
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import pytest

from tests.rendering import answer_sets
from tests.test_generated import VERSIONS, pythons
from tools.newest import __main__ as command
from tools.newest import good, publish, results
from tools.newest.bounds import Held, held_back
from tools.newest.checks import INSTALLATION
from tools.newest.issues import issues
from tools.newest.project import Project
from tools.newest.report import markdown
from tools.newest.results import Change, Failure, Result
from tools.newest.search import guilty

PACKAGES = [f"package-{number}" for number in range(20)]


@pytest.mark.parametrize("size", [1, 2])
def test_the_search_finds_the_smallest_group(size: int) -> None:
    for broken in combinations(PACKAGES, size):
        tries: list[list[str]] = []

        assert sorted(guilty(PACKAGES, counted(broken, tries))) == sorted(broken)
        assert len(tries) <= 12 * size


def counted(broken: tuple[str, ...], tries: list[list[str]]) -> Callable[[list[str]], bool]:
    def passes(back: list[str]) -> bool:
        tries.append(back)
        return set(broken) <= set(back)

    return passes


def test_the_search_finds_nothing_if_packages_are_not_the_cause() -> None:
    assert guilty(PACKAGES, lambda back: False) == []
    assert guilty([], lambda back: True) == []


CHANGE = Change("structlog", "26.1.0", "27.0")
FAILURE = Failure("tests/test_a.py::test_b", [CHANGE], "", "the end")


def result(platform: str, *failures: Failure) -> Result:
    held = Held("granian", "2.8.9", "2.9.0", ("this project: granian<2.9,>=2.8",))
    return Result("minimal", "3.13", platform, failures=list(failures), held=[held])


def test_failures_of_all_platforms_with_one_cause_are_one_issue() -> None:
    [(title, text)] = issues([result("Linux", FAILURE), result("Darwin", FAILURE)]).items()
    assert title == "structlog 27.0 breaks generated services"
    assert "| minimal | 3.13 | Linux | `tests/test_a.py::test_b` |" in text
    assert "| minimal | 3.13 | Darwin | `tests/test_a.py::test_b` |" in text
    assert "It passes with structlog 26.1.0" in text
    assert "make test-newest SETS=minimal PYTHONS=3.13" in text


def test_a_failure_without_a_cause_says_why() -> None:
    unknown = Failure("mypy", [], "there is no last good run", "")
    [(title, text)] = issues([result("Linux", unknown)]).items()
    assert title == "Newest packages: mypy fails"
    assert "Cause unknown: there is no last good run." in text


def test_results_are_read_as_they_were_written(tmp_path: Path) -> None:
    written = [result("Linux", FAILURE), Result("mysql", "3.11", skipped="there is no MariaDB")]
    results.write(written, tmp_path / "report.json")
    assert results.read(tmp_path / "report.json") == written
    assert "- granian 2.8.9, newest 2.9.0: this project: granian<2.9,>=2.8" in markdown(written)


def test_only_versions_of_what_passed_become_the_last_good_ones(tmp_path: Path) -> None:
    file = tmp_path / "good.json"
    file.write_text('{"minimal-3.11": {"a": "1"}, "minimal-3.13": {"a": "1"}}')
    failed = result("Linux", FAILURE)
    failed.versions = {"a": "2"}
    good.update(file, [failed, Result("minimal", "3.12", versions={"a": "2"})])
    assert good.read(file) == {
        "minimal-3.11": {"a": "1"},
        "minimal-3.12": {"a": "2"},
        "minimal-3.13": {"a": "1"},
    }


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--sets", "minimum"], 'no answer set "minimum": set SETS to some of api_only, '),
        (["--pythons", "2.7"], "no Python 2.7 here: set PYTHONS to some of "),
    ],
)
def test_a_wrong_selection_is_one_sentence(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(arguments) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"make test-newest: {says}")
    assert said.count("\n") == 1


def test_the_recorded_versions_are_those_of_answer_sets() -> None:
    """Also, a package that most services need shows that a run has written the file."""
    recorded = good.read(command.GOOD)
    assert recorded
    for case, versions in recorded.items():
        name, _, python = case.rpartition("-")
        assert command.select([name], []) and python in VERSIONS
        assert "pydantic" in versions


def test_an_issue_is_opened_once_and_then_updated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a stand-in for `gh` that records calls."""
    gh = tmp_path / "gh"
    gh.write_text(
        f"#!{sys.executable}\n"
        "import json, pathlib, sys\n"
        "folder, words = pathlib.Path(__file__).parent, sys.argv[1:]\n"
        "made = folder / 'made'\n"
        "if words[1] == 'list':\n"
        "    print(made.read_text() if made.exists() else '[]')\n"
        "elif words[1] == 'create':\n"
        "    title = words[words.index('--title') + 1]\n"
        "    made.write_text(json.dumps([{'number': 7, 'title': title}]))\n"
        "with (folder / 'calls').open('a') as calls:\n"
        "    given = '' if words[1] == 'list' else sys.stdin.read()\n"
        "    calls.write(json.dumps([words, given]) + '\\n')\n"
    )
    gh.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    report = tmp_path / "report.json"
    results.write([result("Linux", FAILURE)], report)
    assert publish.main([str(report)]) == 0
    assert publish.main([str(report)]) == 0
    calls = [json.loads(line) for line in (tmp_path / "calls").read_text().splitlines()]
    acted = [(words[:3], given) for words, given in calls if words[1] != "list"]
    [text] = issues([result("Linux", FAILURE)]).values()
    assert acted == [
        (["issue", "create", "--title"], text),
        (["issue", "edit", "7"], text),
    ]


@pytest.mark.slow
def test_a_bound_that_holds_a_package_back_is_reported(template: Path, tmp_path: Path) -> None:
    python = list(pythons().values())[-1]
    project = Project(template, answer_sets()["minimal"], tmp_path, python)
    declared = project.folder / "pyproject.toml"
    declared.write_text(
        declared.read_text().replace("dependencies = [", 'dependencies = [\n    "certifi<2026",', 1)
    )
    assert project.lock_newest().passed
    assert project.try_check(INSTALLATION).passed
    [held] = (each for each in held_back(project) if each.package == "certifi")
    assert held.version < "2026" < held.newest
    assert held.by == ("this project: certifi<2026",)


# Log lines lack the name of their logger.
BREAKAGE = """
def _nothing(logger, name, event):
    return event
stdlib.add_logger_name = _nothing
"""


@pytest.mark.generated
@pytest.mark.thorough
@pytest.mark.timeout(900)
def test_the_issue_names_the_package_that_breaks_a_test(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three packages get a new version, of which one is broken."""
    python = list(pythons())[-1]
    tests = "tests/chassis/test_log.py tests/test_words.py"
    last, report = tmp_path / "good.json", tmp_path / "report"
    arguments = ["--sets", "minimal", "--pythons", python, "--test", tests]
    arguments += ["--good", str(last), "--report", str(report)]
    assert command.main(arguments) == 0
    [passed] = results.read(report / "report.json")
    last.write_text(json.dumps({passed.case: passed.versions}))

    links = tmp_path / "links"
    links.mkdir()
    for package in ("certifi", "idna"):
        wheel(package, links)
    wheel("structlog", links, BREAKAGE)
    monkeypatch.setenv("UV_FIND_LINKS", str(links))
    assert command.main(arguments) == 1
    [broken] = results.read(report / "report.json")
    old = passed.versions["structlog"]
    assert broken.changes == [
        Change(package, passed.versions[package], "9999.0")
        for package in ("certifi", "idna", "structlog")
    ]
    assert {*map(len, (failure.causes for failure in broken.failures))} == {1}
    [(title, text)] = issues([broken]).items()
    assert title == "structlog 9999.0 breaks generated services"
    assert f"`{broken.failures[0].check}` fails. It passes with structlog {old}" in text
    assert broken.failures[0].check.startswith("tests/chassis/test_log.py::test_")
    assert text in (report / "report.md").read_text()


def wheel(package: str, folder: Path, addition: str = "") -> None:
    """Make a wheel of an installed package with a higher version.

    Args:
        package: Its name.
        folder: Where the wheel is written.
        addition: Code to add to the end of its main module.
    """
    distribution = importlib.metadata.distribution(package)
    info = f"{package}-9999.0.dist-info"
    contents = {
        str(file): file.read_binary()
        for file in distribution.files or []
        if file.suffix != ".pyc" and file.parts[0] == package
    }
    contents[f"{package}/__init__.py"] += addition.encode()
    metadata = f"Metadata-Version: 2.1\nName: {package}\nVersion: 9999.0\n"
    contents[f"{info}/METADATA"] = metadata.encode()
    contents[f"{info}/WHEEL"] = b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    record = io.StringIO()
    rows = csv.writer(record)
    for name, content in contents.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
        rows.writerow([name, f"sha256={digest}", len(content)])
    rows.writerow([f"{info}/RECORD", "", ""])
    contents[f"{info}/RECORD"] = record.getvalue().encode()
    with zipfile.ZipFile(folder / f"{package}-9999.0-py3-none-any.whl", "w") as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
