"""Bad input on Copier's command line: one sentence on stderr, no traceback, nothing written."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from copier import run_copy
from copier._cli import CopierApp
from jinja2.sandbox import SandboxedEnvironment
from yaml import YAMLError

from extensions.one_sentence import OneSentence, sentence

RunCopier = Callable[..., subprocess.CompletedProcess[str]]

DESCRIPTION = "--data=description=x"
BAD_DATA = [
    ("project_name= Orbit", "Type the name without spaces at its start or end."),
    ("project_name=a\nb", "Type the name on one line, without control characters."),
    ("author=\udcff", "Type the text on one line, without control characters."),
    ("package=class", "type another name, such as class_service."),
    ("licence=BSD", "takes one of 'MIT', 'GPL-3.0', not 'BSD'."),
    ("ci=gitlab", "Choose another licence for GitLab."),
    ("port=many", "takes a whole number."),
    ("port=", "takes a whole number."),
    ("ratio=half", "takes a number."),
    ("labels=[", "takes valid YAML."),
    ("limits={", "takes valid JSON."),
    ("features=web", "takes a list in square brackets, such as [a, b]."),
    ("features=[", "takes a list in square brackets, such as [a, b]."),
    ("features=[cron]", "takes one of 'web', 'worker', not 'cron'."),
]
BAD_DATA_FILES = [
    ("author: [Jane, Joe]", "takes text."),
    ("author: null", "takes text."),
    ("author: 2024-01-01", "takes text."),
    ("author: !!binary /w==", "takes text."),
    ("licence: {a: b}", "takes text."),
    ("port: [8000]", "takes a whole number."),
    ("port: .inf", "takes a whole number."),
    ("features: 3", "takes a list in square brackets, such as [a, b]."),
    ("features: [null]", "takes a list in square brackets, such as [a, b]."),
    ("email: Jane <jane@example.com>", "Type one address such as jane@example.com"),
]


@pytest.fixture
def environment_variables(tmp_path: Path) -> dict[str, str]:
    home = tmp_path / "home"
    home.mkdir()
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "Jane",
        "GIT_AUTHOR_EMAIL": "jane@example.com",
        "GIT_COMMITTER_NAME": "Jane",
        "GIT_COMMITTER_EMAIL": "jane@example.com",
    }


@pytest.fixture
def copier(template: Path, tmp_path: Path, environment_variables: dict[str, str]) -> RunCopier:
    def run(*arguments: str, command: str = "copy") -> subprocess.CompletedProcess[str]:
        paths = [str(template), "out"] if command == "copy" else ["out"]
        options = ["--trust", "--defaults", "--quiet"]
        return subprocess.run(
            [sys.executable, "-m", "copier", command, *options, *arguments, *paths],
            cwd=tmp_path,
            env=environment_variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            encoding="utf-8",
        )

    return run


@pytest.fixture(autouse=True)
def restore_exception_hook(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)


def uncaught(template: Path, destination: Path, *arguments: str) -> BaseException:
    """Run Copier's command line in this process, and return its uncaught exception."""
    options = ["--trust", "--defaults", "--quiet", DESCRIPTION, *arguments]
    with pytest.raises((ValueError, TypeError, OverflowError, YAMLError)) as caught:
        CopierApp.run(["copier", "copy", *options, str(template), str(destination)], exit=False)
    return caught.value


def assert_refused(process: subprocess.CompletedProcess[str], *parts: str) -> None:
    line = re.sub(r"\x1b\[[0-9;]*m", "", process.stderr)
    assert process.returncode == 1, line
    assert "Traceback" not in line
    assert line.count("\n") == 1, line
    assert line.endswith(".\n")
    for part in parts:
        assert part in line


@pytest.mark.parametrize(
    ("option", "answer", "what_to_type"),
    [
        *(("--data", *case) for case in BAD_DATA),
        *(("--data-file", *case) for case in BAD_DATA_FILES),
    ],
)
def test_a_bad_answer_is_explained(
    template: Path,
    tmp_path: Path,
    option: str,
    answer: str,
    what_to_type: str,
) -> None:
    name = re.split("[=:]", answer)[0]
    if option == "--data-file":
        (tmp_path / "data.yml").write_text(answer, encoding="utf-8")
        answer = str(tmp_path / "data.yml")
    error = uncaught(template, tmp_path / "out", option, answer)
    said = sentence(error, error.__traceback__)
    assert said is not None
    assert said.startswith(f'Question "{name}"')
    assert what_to_type in said
    assert len(said.splitlines()) == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("answer", "what_to_type"),
    [*BAD_DATA[:3], *BAD_DATA[4:7]],
)
def test_an_answer_given_by_data(
    copier: RunCopier, tmp_path: Path, answer: str, what_to_type: str
) -> None:
    name = answer.partition("=")[0]
    assert_refused(copier(DESCRIPTION, "--data", answer), f'Question "{name}"', what_to_type)
    assert not (tmp_path / "out").exists()


def test_an_answer_given_by_data_file(copier: RunCopier, tmp_path: Path) -> None:
    (tmp_path / "data.yml").write_text("{description: x, author: [Jane, Joe]}", encoding="utf-8")
    assert_refused(copier("--data-file", "data.yml"), 'Question "author" takes text')
    assert not (tmp_path / "out").exists()


def test_an_answer_in_the_settings_of_the_user(
    copier: RunCopier, tmp_path: Path, environment_variables: dict[str, str]
) -> None:
    settings = tmp_path / "settings.yml"
    settings.write_text("defaults: {email: nobody}", encoding="utf-8")
    environment_variables["COPIER_SETTINGS_PATH"] = str(settings)
    assert_refused(copier(DESCRIPTION), 'Question "email": Type one address')
    assert not (tmp_path / "out").exists()


def test_a_question_without_default_and_answer(copier: RunCopier, tmp_path: Path) -> None:
    assert_refused(copier(), "answer it with --data description=VALUE")
    assert not (tmp_path / "out").exists()


def test_a_destination_that_is_a_file(copier: RunCopier, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine", encoding="utf-8")
    assert_refused(
        copier(DESCRIPTION), "Cannot write", "type a destination folder you can write to"
    )
    assert (tmp_path / "out").read_text(encoding="utf-8") == "mine"


def test_a_file_at_the_path_of_a_folder(copier: RunCopier, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "src").write_text("mine", encoding="utf-8")
    assert_refused(copier(DESCRIPTION, "--overwrite"), str(tmp_path / "out" / "src"))
    assert (tmp_path / "out" / "src").read_text(encoding="utf-8") == "mine"


def test_an_update_with_a_bad_answer_changes_nothing(
    copier: RunCopier, template: Path, tmp_path: Path, environment_variables: dict[str, str]
) -> None:
    def git(folder: Path, *arguments: str) -> str:
        return subprocess.run(
            ["git", *arguments],
            cwd=folder,
            env=environment_variables,
            capture_output=True,
            check=True,
            encoding="utf-8",
        ).stdout

    def commit(folder: Path) -> None:
        git(folder, "init", "--quiet")
        git(folder, "add", "--all")
        git(folder, "commit", "--quiet", "--message", "All")

    commit(template)
    git(template, "tag", "1.0")
    assert copier(DESCRIPTION).returncode == 0
    commit(tmp_path / "out")
    (template / "template" / "new.txt").write_text("new\n", encoding="utf-8")
    commit(template)
    git(template, "tag", "2.0")

    process = copier("--data", "port=many", command="update")

    assert_refused(process, 'Question "port" takes a whole number')
    assert git(tmp_path / "out", "status", "--porcelain") == ""


def test_a_mistake_in_the_template_keeps_its_traceback(copier: RunCopier, template: Path) -> None:
    (template / "template" / "bad.txt").write_text("{{ 3 | toml }}", encoding="utf-8")
    process = copier(DESCRIPTION)
    assert process.returncode == 1
    assert "Traceback" in process.stderr
    assert process.stderr.endswith("TypeError: Expected text, not int: 3\n")


@pytest.mark.parametrize(
    "question",
    [
        "wrong: {type: int, default: 1, choices: [one, two]}",
        'wrong: {type: str, default: "{{ 3 | toml }}"}',
        'wrong: {type: str, default: a, when: "{{ 3 | toml }}"}',
        "wrong: {type: str, default: a, secret: sometimes}",
    ],
)
def test_a_mistake_in_a_question_is_not_the_fault_of_an_answer(
    template: Path, tmp_path: Path, question: str
) -> None:
    settings = (template / "copier.yml").read_text(encoding="utf-8")
    (template / "copier.yml").write_text(f"{settings}{question}\n", encoding="utf-8")
    error = uncaught(template, tmp_path / "out")
    assert sentence(error, error.__traceback__) is None


def test_a_file_that_the_template_lacks_is_not_the_fault_of_the_destination(
    copier: RunCopier, template: Path
) -> None:
    settings = (template / "copier.yml").read_text(encoding="utf-8")
    (template / "copier.yml").write_text(
        settings.replace('_templates_suffix: ""', "_templates_suffix: .jinja"), encoding="utf-8"
    )
    (template / "template" / "link").symlink_to("nowhere")
    process = copier(DESCRIPTION)
    assert process.returncode == 1
    assert "Traceback" in process.stderr
    assert "FileNotFoundError" in process.stderr


def test_a_program_that_calls_copier_gets_its_exception(template: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="invalid literal for int") as caught:
        run_copy(
            str(template),
            tmp_path / "out",
            data={"description": "x", "port": "many"},
            defaults=True,
            unsafe=True,
            quiet=True,
        )
    assert sentence(caught.value, caught.value.__traceback__) is None


def test_loading_again_replaces_the_hook(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[BaseException] = []

    def hook(_kind: type[BaseException], error: BaseException, _traceback: object) -> None:
        seen.append(error)

    monkeypatch.setattr(sys, "excepthook", hook)
    for _ in range(3):
        SandboxedEnvironment(extensions=[OneSentence])
    assert vars(sys.excepthook) == {"previous_hook": hook}
    error = ValueError("Validation error for question 'port': Type a number.")
    sys.excepthook(ValueError, error, None)
    assert seen == [error]
