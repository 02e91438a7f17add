"""The repository keeps its own rules."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib.metadata import distribution
from pathlib import Path

import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.rendering import ROOT

JINJA_TAGS = ROOT / "tests" / "jinja_tags.yml"


def tracked() -> list[Path]:
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in names.splitlines() if (ROOT / name).is_file()]


def test_files_with_jinja_tags_are_listed() -> None:
    """A new tag requires a change of this list; a separate file may be the better choice."""
    counted = {
        str(path.relative_to(ROOT / "template")): count
        for path in tracked()
        if path.is_relative_to(ROOT / "template") and (count := path.read_text().count("{%"))
    }
    listed = yaml.safe_load(JINJA_TAGS.read_text())
    wrong = [name for name in {**listed, **counted} if listed.get(name) != counted.get(name)]
    assert not wrong, "tests/jinja_tags.yml: " + ", ".join(
        f"write `{name}: {counted[name]}`" if name in counted else f"remove {name}"
        for name in sorted(wrong)
    )


def test_file_names_in_the_template_are_plain() -> None:
    for path in tracked():
        if path.is_relative_to(ROOT / "template"):
            name = str(path.relative_to(ROOT / "template"))
            assert not re.search(r"\{%|\|", name), name
            assert set(re.findall(r"\{\{ *(.*?) *\}\}", name)) <= {
                "package_name",
                "_copier_conf.answers_file",
            }, name


def test_the_changelog_begins_with_the_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    first = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert first is not None
    assert first[1] in (project["version"], "Unreleased")


def test_development_tools_are_pinned_with_hashes_and_nothing_else() -> None:
    lines = (ROOT / "requirements" / "dev.txt").read_text().splitlines()
    assert all(
        re.match(r"[a-z0-9._-]+==\S+( ; .*)? \\$|    (--hash=sha256:|# )", line) for line in lines
    )
    pinned = {line.partition("==")[0] for line in lines if not line.startswith(" ")}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups = project["dependency-groups"]
    wanted = [*project["project"]["dependencies"], *groups["dev"], *groups["generated"]]
    names = {re.split(r"[\[<>=]", want)[0] for want in wanted if isinstance(want, str)}
    assert names <= pinned


def test_an_update_installs_the_tested_versions() -> None:
    """All direct and indirect dependencies of the update program, in the tested versions."""
    pins = {}
    for name in ("requirements/dev.txt", "updating/requirements.txt"):
        text = (ROOT / name).read_text()
        assert not re.search(r"^(-|https?:)", text, re.MULTILINE), name
        lines = re.split(r"^(?=\S)", text, flags=re.MULTILINE)[1:]
        pins[name] = {line.split()[0]: frozenset(re.findall(r"--hash=\S+", line)) for line in lines}
    installed = pins["updating/requirements.txt"]
    assert all(installed.values())
    assert installed.items() <= pins["requirements/dev.txt"].items()

    names = {pin.partition("==")[0] for pin in installed}
    needed, seen = {"twelvestar"}, set[str]()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    declared = project["dependency-groups"]["updating"]
    assert set(declared) <= set(project["project"]["dependencies"])
    while needed:
        seen.add(package := needed.pop())
        wanted = declared if package == "twelvestar" else distribution(package).requires or []
        for want in map(Requirement, wanted):
            if want.marker is None or want.marker.evaluate({"extra": ""}):
                needed |= {canonicalize_name(want.name)} - seen
    assert seen - {"twelvestar"} <= names
    # The others are for other Pythons and other systems.
    assert names - seen <= {"colorama", "typing-extensions"}


def test_every_link_between_documents_leads_somewhere() -> None:
    for path in tracked():
        if path.suffix != ".md" or path.is_relative_to(ROOT / "template"):
            continue
        for target in re.findall(r"\]\(([^)#]+)", path.read_text()):
            if "://" not in target:
                assert (path.parent / target).exists(), f"{path.name}: {target}"


def test_every_make_target_of_the_readme_exists() -> None:
    makefiles = [ROOT / "Makefile", ROOT / "template" / "Makefile.jinja"]
    text = "".join(path.read_text() for path in makefiles)
    targets = set(re.findall(r"^([a-z-]+):", text, re.MULTILINE))
    for document in ("AGENTS.md", "README.md", "docs/contributing.md"):
        for target in re.findall(r"\bmake ([a-z-]+)", (ROOT / document).read_text()):
            assert target in targets, f"{document}: make {target}"


def test_the_gate_runs_slow_tests() -> None:
    """Only `make test-quick` leaves them out."""
    for target in ("test", "test-quick"):
        done = subprocess.run(
            ["make", "--dry-run", target], cwd=ROOT, capture_output=True, text=True, check=True
        )
        assert ("slow" in done.stdout) == (target == "test-quick")
    assert "slow" not in (ROOT / ".ci" / "run").read_text()


def test_make_names_the_required_python(tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    done = subprocess.run(
        ["make", "lint", f"PYTHON={old}", f"VENV={tmp_path / 'venv'}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "Python 3.11 or newer is needed" in done.stderr


def test_try_refuses_a_folder_that_is_not_empty(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("precious")
    done = subprocess.run(
        [sys.executable, "-m", "tools.try_service", "--dest", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "is not empty: set DEST to a new folder" in done.stderr
    assert (tmp_path / "mine").read_text() == "precious"


def test_the_page_on_the_twelve_factors_names_every_module() -> None:
    modules = {
        path.name.partition(".")[0]
        for path in (ROOT / "template" / "tests" / "twelve_factor").glob("test_*")
    }
    page = (ROOT / "docs" / "twelve-factor.md").read_text()
    assert set(re.findall(r"`(test_\d\d\w+)`", page)) == modules
