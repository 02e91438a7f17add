"""Answers on Copier's command line give a valid project, or one sentence and no files."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.rendering import ROOT, every_set, export, render

COPIER = Path(sys.executable).with_name("copier")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def copy(
    template: Path,
    destination: Path,
    *options: str,
    home: Path,
    trust: bool = True,
    tasks: bool = False,
) -> subprocess.CompletedProcess[str]:
    """Run `copier copy` with an empty home."""
    command = [str(COPIER), "copy", "--quiet"]
    command += [] if tasks else ["--skip-tasks"]
    command += ["--trust"] if trust else []
    environment = {"HOME": str(home), "PATH": os.environ["PATH"]}
    return subprocess.run(
        [*command, *options, template, destination],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("question", "answer", "says"),
    [
        ("project_name", "", "Type a name"),
        ("project_name", "x" * 61, "60 characters"),
        ("project_name", "two\nlines", "one line"),
        ("distribution_name", "trailing-", "dash"),
        ("distribution_name", "../escape", "type"),
        ("distribution_name", "litestar", "litestar"),
        ("package_name", "not an identifier", "identifier|letters"),
        ("package_name", "class", "keyword"),
        ("package_name", "match", "keyword"),
        ("package_name", "json", "taken"),
        ("package_name", "../../etc", "letters"),
        ("description", "two\nlines", "one line"),
        ("author_email", "nobody", "address|@"),
        ("repository_namespace", "../up", "type|Type"),
        ("repository_host", "git.example.org", "other"),
        ("repository_host", "other", "--data own_repository_host=VALUE"),
        ("own_repository_host", "https://git.example.org/", "full name"),
        ("decide", "everything", "square brackets"),
        ("decide", "[everything]", "observability"),
        ("license", "WTFPL", "MIT"),
        ("processes", "none", "web-and-worker"),
        ("database", "oracle", "postgresql"),
        ("lowest_python", "2.7", "3.11"),
        ("preset", "huge", "standard"),
    ],
)
def test_a_wrong_answer_gets_one_sentence_and_no_files(
    question: str, answer: str, says: str, template: Path, tmp_path: Path
) -> None:
    destination = tmp_path / "project"
    done = copy(
        template,
        destination,
        "--defaults",
        "--data",
        f"{question}={answer}",
        home=tmp_path / "home",
    )
    lines = _COLOUR.sub("", done.stderr).strip().splitlines()
    assert done.returncode != 0
    assert len(lines) == 1, done.stderr
    assert question in lines[0]
    assert re.search(says, lines[0], re.IGNORECASE), lines[0]
    assert not destination.exists()


def test_without_trust_a_sentence_says_what_to_do(template: Path, tmp_path: Path) -> None:
    destination = tmp_path / "project"
    home = tmp_path / "home"
    done = copy(template, destination, "--defaults", home=home, trust=False, tasks=True)
    assert done.returncode != 0
    assert "--trust" in done.stderr
    assert "Traceback" not in done.stderr
    assert not destination.exists()
    readme = (ROOT / "README.md").read_text()
    shown = " ".join(line.removeprefix("> ") for line in readme.splitlines() if line[:2] == "> ")
    said = " ".join(_COLOUR.sub("", done.stderr).split())
    assert shown.replace("`", "") == said.replace("`", ""), "the README shows another message"


def test_a_missing_extension_is_named(template: Path, tmp_path: Path) -> None:
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "sitecustomize.py").write_text("import sys; sys.modules['jinja2_time'] = None\n")
    destination = tmp_path / "project"
    done = subprocess.run(
        [COPIER, "copy", "--trust", "--quiet", "--defaults", template, destination],
        env={"HOME": str(tmp_path), "PATH": os.environ["PATH"], "PYTHONPATH": str(hidden)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "jinja2_time" in done.stderr
    assert "extension" in done.stderr
    assert "Traceback" not in done.stderr
    assert not destination.exists()


@pytest.mark.slow
def test_code_in_an_answer_is_not_run(tmp_path: Path) -> None:
    """Also by the tasks, which run in the project."""
    marker = tmp_path / "pwned"
    project = render(
        export(tmp_path / "template"),
        tmp_path / "project",
        {
            "project_name": '"+__import__("sys").exit("pwned")+"',
            "distribution_name": "victim",
            "description": f"$(touch {marker}) `touch {marker}` {{{{ cycler.__init__ }}}}",
            "author_name": f"'; touch {marker} #",
        },
        tasks=True,
    )
    done = subprocess.run(
        [sys.executable, "-m", "victim", "config"],
        cwd=project / "src",
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "pwned" not in done.stderr
    assert done.returncode == 0, done.stderr
    assert not marker.exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("preset", "defaults"),
    [
        ("minimal", ("web", "none", "none", "environment", False, False)),
        ("standard", ("web-and-worker", "postgresql", "none", "environment", True, False)),
        ("complete", ("web-and-worker", "postgresql", "s3", "files", True, True)),
    ],
)
def test_a_preset_sets_the_defaults(
    preset: str, defaults: tuple[str | bool, ...], template: Path, tmp_path: Path
) -> None:
    project = render(template, tmp_path / "project", {"preset": preset})
    recorded = yaml.safe_load((project / ".copier-answers.yml").read_text())
    names = ("processes", "database", "object_storage", "secrets", "container", "procfile")
    assert tuple(recorded[name] for name in names) == defaults


@pytest.mark.slow
@pytest.mark.parametrize(
    ("answers", "files"),
    [
        ({"processes": "web"}, set()),
        ({"processes": "worker"}, {"outbox"}),
        ({"database": "none"}, {"jobs_page"}),
    ],
)
def test_a_part_is_left_out_without_its_requirements(
    answers: dict[str, str], files: set[str], template: Path, tmp_path: Path
) -> None:
    project = render(template, tmp_path / "project", {"preset": "complete", **answers})
    chassis = project / "src" / "orbit" / "chassis"
    parts = {"outbox": chassis / "jobs/outbox.py", "jobs_page": chassis / "web/jobs_page.py"}
    assert {name for name, path in parts.items() if path.exists()} == files


def test_an_answer_wins_over_the_preset(template: Path, tmp_path: Path) -> None:
    project = render(template, tmp_path / "project", {"preset": "minimal", "database": "sqlite"})
    recorded = yaml.safe_load((project / ".copier-answers.yml").read_text())
    assert (recorded["processes"], recorded["database"]) == ("web", "sqlite")


def test_a_custom_host_is_the_repository_s_host(template: Path, tmp_path: Path) -> None:
    answers = {
        "preset": "complete",
        "repository_host": "other",
        "own_repository_host": "Git.Example.org:8443",
        "repository_namespace": "Acme/pay",
    }
    project = render(template, tmp_path / "project", answers)
    address = "https://git.example.org:8443/Acme/pay/orbit"
    metadata = tomllib.loads((project / "pyproject.toml").read_text())["project"]
    assert metadata["urls"]["Repository"] == address
    assert yaml.safe_load((project / "mkdocs.yml").read_text())["repo_url"] == address
    assert f'org.opencontainers.image.source="{address}"' in (project / "Dockerfile").read_text()
    overlay = project / "deploy" / "kubernetes" / "overlays" / "production" / "kustomization.yaml"
    [image] = yaml.safe_load(overlay.read_text())["images"]
    assert image["newName"] == "git.example.org:8443/acme/pay/orbit"
    recorded = yaml.safe_load((project / ".copier-answers.yml").read_text())
    assert {name: recorded[name] for name in answers} == answers


@pytest.mark.slow
def test_the_year_is_recorded_and_not_asked_again(template: Path, tmp_path: Path) -> None:
    project = render(template, tmp_path / "project", {"copyright_year": 1999})
    assert yaml.safe_load((project / ".copier-answers.yml").read_text())["copyright_year"] == 1999
    assert "(c) 1999 " in (project / "LICENSE").read_text()
    render(template, project, {})
    assert "(c) 1999 " in (project / "LICENSE").read_text()


def test_every_named_set_answers_only_questions_that_exist() -> None:
    questions = yaml.safe_load((ROOT / "copier.yml").read_text())
    for name, answers in every_set().items():
        assert set(answers) <= set(questions), name


def test_every_asked_question_is_documented() -> None:
    questions = yaml.safe_load((ROOT / "copier.yml").read_text())
    documented = (ROOT / "docs" / "questionnaire.md").read_text()
    for name, details in questions.items():
        if name.startswith("_") or details.get("when") is False:
            continue
        assert f"`{name}`" in documented, name
        for choice in _choices(details):
            assert f"`{choice}`" in documented or name == "lowest_python", f"{name}: {choice}"


def _choices(details: dict[str, Any]) -> list[str]:
    choices = details.get("choices", [])
    return list(choices.values()) if isinstance(choices, dict) else list(choices)
