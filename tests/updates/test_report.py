"""Answers and files in the report, and where it is written."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from migrations.toolkit import Before
from tests.rendering import ROOT
from updating import changes
from updating.answers import ANSWERS_FILE, check_questions
from updating.drift import drift
from updating.errors import Status, UpdateError
from updating.git import Git
from updating.merge import Merged
from updating.ownership import Ownership
from updating.report import Conflict, Kept, Release, Report
from updating.trees import Store
from updating.update import update

from .published import IDENTITY, Generate, commit_all, git_in, release
from .test_command import MINIMAL, run

SETTINGS = yaml.safe_load((ROOT / "copier.yml").read_text())
RELEASE = Release("1.0.0", "0" * 40)


@pytest.mark.parametrize(
    "report",
    [
        Report(RELEASE, RELEASE, merged=("a",)),
        Report(RELEASE, RELEASE, conflicts=(Conflict("a", (1,)),)),
        Report(RELEASE, RELEASE, left_deleted=("a",)),
        Report(RELEASE, RELEASE, kept=(Kept("a", "why"),)),
    ],
)
def test_a_report_with_files_does_not_say_that_none_changes(report: Report) -> None:
    assert "no file changes" not in report.to_text()
    assert changes.next_steps(report, preview=True)


def test_a_file_with_the_name_of_a_new_one_is_reported(store: Store) -> None:
    mine, new = store.entry(b"mine\n"), store.entry(b"new\n")
    seeded = "src/orbit/web/new.py"
    paths = ("scripts/new.py", seeded, "marked.txt", "old.txt", ANSWERS_FILE, "taken.txt")
    before = Before(store, {"old.txt": new}, dict.fromkeys(paths, mine), {})
    files = {**dict.fromkeys(paths, mine), "taken.txt": new}
    merged = Merged(files, stages={"marked.txt": {2: mine, 3: new}})
    theirs = {**dict.fromkeys(paths, new), "added.txt": new}
    remarks = changes.already_there(before, merged, theirs, Ownership(SETTINGS["_exclude"]))
    assert [each.split()[0] for each in remarks] == ["scripts/new.py", seeded]
    assert "existed already, so yours was kept" in remarks[0]


def test_a_file_copied_from_the_template_before_is_reported(generate: Generate) -> None:
    project = generate(MINIMAL)
    (project / "scripts").mkdir()
    script = project / "scripts" / "update.py"
    text = f"# mine\n{(ROOT / 'template' / 'scripts' / 'update.py').read_text()}"
    script.write_text(text)
    commit_all(project)
    report = update(project)
    assert script.read_text() == text
    assert any(each.startswith("scripts/update.py existed already") for each in report.remarks)


@pytest.mark.parametrize("answer", ["yes", "No", "true", "0", " off ", True, False])
def test_words_for_yes_and_no(answer: object) -> None:
    check_questions({"hooks": SETTINGS["hooks"]}, {"hooks": answer})


@pytest.mark.parametrize("answer", ["flase", "", "nope", "2", None, [True]])
def test_values_that_are_neither_yes_nor_no(answer: object) -> None:
    with pytest.raises(UpdateError, match="takes yes or no"):
        check_questions({"hooks": SETTINGS["hooks"]}, {"hooks": answer})


def test_an_answer_without_effect_is_reported(generate: Generate, newest: str) -> None:
    project = generate(MINIMAL, version=newest)
    report = update(project, data={"kubernetes": "yes", "procfile": "yes"}, preview=True)
    assert [each for each in report.remarks if "has no effect" in each] == [
        'The answer to "kubernetes" has no effect, because that question is not asked.'
    ]
    assert "Procfile" in report.added


@pytest.mark.slow
def test_an_answers_file_with_another_name(
    generate: Generate, published: Path, newest: str, tmp_path: Path
) -> None:
    template = tmp_path / "template"
    git_in(published).run("clone", "--quiet", str(published), str(template))
    release(template, "9.0.0")
    project = generate(MINIMAL, version=newest)
    (project / ANSWERS_FILE).rename(project / ".my-answers.yaml")
    (project / "answers.yml").write_text("question: 42\n")
    commit_all(project)
    assert drift(project, template=str(template)) == []
    report = update(project, template=str(template))
    assert report.is_empty
    assert "_commit: 9.0.0" in (project / ".my-answers.yaml").read_text()
    assert (project / "answers.yml").read_text() == "question: 42\n"
    assert not (project / ANSWERS_FILE).exists()

    shutil.copy(project / ".my-answers.yaml", project / "other-answers.yml")
    commit_all(project)
    with pytest.raises(UpdateError, match=r"\(\.my-answers\.yaml, other-answers\.yml\)"):
        update(project, template=str(template))
    (project / "conf").mkdir()
    (project / "other-answers.yml").rename(project / "conf" / "a.yml")
    commit_all(project)
    options = ("--template", str(template), "--data", "procfile=yes")
    done = run(project, *options, "-a", "./conf/a.yml")
    assert done.returncode == Status.CLEAN, done.stderr
    assert "procfile: true" in (project / "conf" / "a.yml").read_text()
    assert "procfile: false" in (project / ".my-answers.yaml").read_text()
    done = run(project, "--check", "--answers-file", "conf/b.yml")
    assert done.returncode == Status.REFUSED
    assert "has no conf/b.yml: this is not a generated project" in done.stderr
    with pytest.raises(UpdateError, match="is not in the project"):
        update(project, answers_file="../answers.yml")


@pytest.mark.parametrize(
    "place", ["", "missing/report.json", "folder", "file/report.json", "a\0b", "x" * 300]
)
def test_an_unwritable_report_is_refused_before_the_update(place: str, tmp_path: Path) -> None:
    from updating.output import refuse_unwritable

    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(UpdateError, match="The report cannot be written to"):
        refuse_unwritable(str(tmp_path / place))
    assert len(list(tmp_path.iterdir())) == 2


def test_nothing_happens_if_the_report_cannot_be_written(generate: Generate) -> None:
    project = generate(MINIMAL)
    head = Git(project).text("rev-parse", "HEAD")
    done = run(project, "--json", "missing/report.json")
    assert done.returncode == Status.REFUSED
    assert len(done.stderr.splitlines()) == 1
    assert Git(project).text("rev-parse", "HEAD") == head
    refused = run(project, "--json", "report.json", "--to", "0.0.1")
    assert refused.returncode == Status.REFUSED
    assert not (project / "report.json").exists()


@pytest.mark.slow
@pytest.mark.parametrize("end", ["closed", "nobody reads"])
def test_an_update_succeeds_even_if_its_output_is_closed(end: str, generate: Generate) -> None:
    project = generate(MINIMAL)
    command = [sys.executable, "-m", "updating"]
    reading, writing = os.pipe()
    os.close(reading)
    if end == "closed":
        command = ["sh", "-c", 'exec "$@" >&-', "sh", *command]
    environment = {**os.environ, **IDENTITY, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, cwd=project, env=environment, stdout=writing, stderr=subprocess.PIPE, check=False
    )
    os.close(writing)
    assert done.stderr == b""
    assert done.returncode == Status.CLEAN
    git = Git(project)
    assert git.text("log", "-1", "--format=%s").startswith("Update from Twelvestar")
    assert not git.text("status", "--porcelain")


def test_no_file_gets_the_descriptor_of_a_closed_standard_output(tmp_path: Path) -> None:
    """Otherwise, programs that the update starts would write to that file."""
    program = (
        "from updating import output; output.prepare(); print(); "
        f"raise SystemExit(open({str(tmp_path / 'file')!r}, 'w').fileno())"
    )
    closing = ["sh", "-c", 'exec "$@" >&-', "sh"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([*closing, sys.executable, "-c", program], env=environment, check=False)
    assert done.returncode > 2


def test_a_name_that_is_not_utf_8_is_reported(generate: Generate, tmp_path: Path) -> None:
    project = generate(MINIMAL)
    name = os.fsdecode(b"M\xff")
    with (project / "Makefile").open("a") as makefile:
        makefile.write("# mine\n")
    (project / "Makefile").rename(project / name)
    commit_all(project)
    document = tmp_path / "report.json"
    done = run(project, "--json", str(document), PYTHONIOENCODING="utf-8:strict")
    assert done.returncode == Status.CLEAN, done.stderr
    assert "M\\udcff" in done.stdout
    assert name in json.loads(document.read_text())["changed"]
    assert (project / name).read_text().endswith("# mine\n")
