"""The update program behind `make update`: refusals, reports, results and undoing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
import yaml

from tests.rendering import ROOT
from updating.answers import ANSWERS_FILE
from updating.errors import Status
from updating.git import Git
from updating.update import update

from .published import IDENTITY, Generate, commit_all, contents, git_in, publish, release

pytestmark = pytest.mark.slow

MINIMAL = {"preset": "minimal"}


def run(project: Path, *options: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the program like the project's script."""
    environment = {**os.environ, **IDENTITY, "PYTHONPATH": str(ROOT), **variables}
    return subprocess.run(
        [sys.executable, "-m", "updating", *options],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def everything(project: Path) -> tuple[dict[str, bytes], str, str]:
    git = Git(project)
    state = git.text("status", "--porcelain", "--ignored")
    return (
        contents(project),
        state,
        git.text("rev-parse", "HEAD") if git.succeeds("rev-parse", "HEAD") else "",
    )


def conflict(project: Path) -> None:
    """Change a line that the new release changes, too."""
    shell = project / "src" / "orbit" / "chassis" / "cli" / "shell.py"
    shell.write_text(shell.read_text().replace("from ..console", "from ..my_console"))
    commit_all(project)


def test_a_clean_update_is_committed_and_can_be_undone(generate: Generate, newest: str) -> None:
    project = generate(MINIMAL)
    before = everything(project)
    done = run(project)
    assert done.returncode == Status.CLEAN, done.stderr
    assert done.stdout.startswith(f"Twelvestar 1.0.0 to {newest}\n")
    assert "updating" not in done.stderr
    git = Git(project)
    assert (
        git.text("log", "-1", "--format=%an %s") == f"Ada Update from Twelvestar 1.0.0 to {newest}"
    )
    assert not git.text("status", "--porcelain")
    undo = done.stdout.split("To undo the update: ")[1].splitlines()[0]
    subprocess.run(undo.split(), cwd=project, check=True, capture_output=True)
    assert everything(project) == before


@pytest.mark.parametrize("module", ["argparse", "copier", "migrations"])
def test_modules_of_the_project_are_not_imported(
    module: str, generate: Generate, newest: str, tmp_path: Path
) -> None:
    project = generate(MINIMAL, version=newest)
    (project / f"{module}.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    commit_all(project)
    done = run(project, "--check")
    assert done.returncode == Status.CLEAN, done.stderr
    assert not (tmp_path / "ran").exists()


def test_a_preview_says_the_same_and_changes_nothing(generate: Generate) -> None:
    project = generate(MINIMAL)
    before = everything(project)
    objects = sorted((project / ".git" / "objects").rglob("*"))
    done = run(project, "--preview")
    assert done.returncode == Status.CLEAN
    assert "(preview: nothing was changed)" in done.stdout
    assert everything(project) == before
    assert sorted((project / ".git" / "objects").rglob("*")) == objects
    real = run(project)
    section = "Changed:"
    assert (
        done.stdout.split(section)[1].split("Next:")[0]
        == real.stdout.split(section)[1].split("Next:")[0]
    )


def test_without_a_commit_the_changes_are_staged_and_can_be_undone(generate: Generate) -> None:
    project = generate(MINIMAL)
    before = everything(project)
    done = run(project, "--no-commit")
    git = Git(project)
    assert git.text("rev-parse", "HEAD") == before[2]
    assert git.text("diff", "--cached", "--name-only")
    assert not git.text("diff", "--name-only")
    assert "git diff --cached" in done.stdout
    assert "To undo the update: git reset --merge HEAD" in done.stdout
    git.run("reset", "--merge", "HEAD")
    assert everything(project) == before


def test_a_conflict_has_lines_a_status_and_a_way_back(generate: Generate) -> None:
    project = generate(MINIMAL)
    conflict(project)
    before = everything(project)
    done = run(project)
    assert done.returncode == Status.CONFLICTS
    shell = project / "src" / "orbit" / "chassis" / "cli" / "shell.py"
    line = shell.read_text().splitlines().index("<<<<<<< your-project") + 1
    assert f"src/orbit/chassis/cli/shell.py:{line}\n" in done.stdout
    assert "git add" in done.stdout
    assert Git(project).text("status", "--porcelain", "--", str(shell)).startswith("UU")
    again = run(project)
    assert again.returncode == Status.REFUSED
    assert "uncommitted changes" in again.stderr
    Git(project).run("reset", "--merge", "HEAD")
    assert everything(project) == before


def test_the_report_for_programs(generate: Generate, newest: str, tmp_path: Path) -> None:
    project = generate(MINIMAL)
    conflict(project)
    done = run(project, "--preview", "--json", "-")
    document = json.loads(done.stdout)
    assert document["status"] == done.returncode == Status.CONFLICTS
    assert document["preview"] is True
    assert (document["old"]["version"], document["new"]["version"]) == ("1.0.0", newest)
    assert [each["path"] for each in document["conflicts"]] == ["src/orbit/chassis/cli/shell.py"]
    assert document["notes"], "release notes come from the changelog"
    assert set(document["notes"]) == {newest} | {
        version for version in document["notes"] if version > "1.0.0"
    }
    run(project, "--preview", "--json", str(tmp_path / "report.json"))
    assert json.loads((tmp_path / "report.json").read_text()) == document


def test_changes_of_seeded_files_are_shown_and_not_applied(
    generate: Generate, published: Path, tmp_path: Path
) -> None:
    project = generate(MINIMAL)
    template = improve(published, tmp_path / "template")
    words = project / "src" / "orbit" / "words.py"
    words.write_text(f"{words.read_text()}# mine\n")
    commit_all(project)
    mine = words.read_text()
    report = update(project, template=str(template))
    assert words.read_text() == mine
    improved = {each.path: each.diff for each in report.improved}
    assert "src/orbit/words.py" in improved
    assert "+# better" in improved["src/orbit/words.py"]
    assert "words.py is yours" in report.to_text()


def improve(published: Path, folder: Path) -> Path:
    """A template with one more release, which changes a seeded file."""
    git_in(published).run("clone", "--quiet", str(published), str(folder))
    words = folder / "template" / "src" / "{{ package_name }}" / "words.py"
    words.write_text(f"{words.read_text()}# better\n")
    release(folder, "9.0.0")
    return folder


def test_a_new_question_takes_its_default_and_is_reported(
    generate: Generate, published: Path, newest: str, tmp_path: Path
) -> None:
    project = generate(MINIMAL, version=newest)
    template = tmp_path / "template"
    git_in(published).run("clone", "--quiet", str(published), str(template))
    questions = template / "copier.yml"
    questions.write_text(f"{questions.read_text()}\nmood:\n  type: str\n  default: calm\n")
    release(template, "9.0.0")
    report = update(project, template=str(template), preview=True)
    assert [(each.question, each.old, each.new) for each in report.answers] == [
        ("mood", None, "calm")
    ]
    assert "mood: calm  (new)" in report.to_text()
    other = update(project, template=str(template), data={"mood": "merry"})
    assert [each.new for each in other.answers] == ["merry"]


def broken(project: Path, text: str | None) -> None:
    path = project / ANSWERS_FILE
    path.unlink() if text is None else path.write_text(text)
    commit_all(project)


def unfinished(project: Path, *command: str) -> None:
    git = git_in(project)
    git.run("switch", "--quiet", "--create", "other")
    (project / "README.md").write_text("one\n")
    commit_all(project)
    git.run("switch", "--quiet", "main")
    (project / "README.md").write_text("two\n")
    commit_all(project)
    git.run(*command, accept=(0, 1))
    git.run("checkout", "--quiet", "--ours", "README.md")


def without_repository(project: Path) -> None:
    (project / ".git").rename(project / "not-git")


def in_the_way(project: Path) -> None:
    (project / "scripts").mkdir()
    (project / "scripts" / "update.py").write_text("mine")


def test_a_language_without_unicode(generate: Generate, tmp_path: Path, published: Path) -> None:
    """Like `LC_ALL=en_US.ISO-8859-1`, which few machines have."""
    project = generate(MINIMAL)
    (project / "größe.txt").write_text("mine\n")
    commit_all(project)
    project = project.rename(tmp_path / "größe")
    variables = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = run(project, "--template", str(published), **variables)
    assert done.returncode == Status.CLEAN, done.stderr
    assert not git_in(project).text("status", "--porcelain")


# Each list contains the previous one nine times.
LARGE = "".join(f"a{at}: &a{at} [{', '.join([f'*a{at - 1}'] * 9)}]\n" for at in range(1, 11))
REFUSALS: dict[str, tuple[Callable[[Path], object], str]] = {
    "no answers file": (lambda p: broken(p, None), f"has no {ANSWERS_FILE}"),
    "an empty answers file": (lambda p: broken(p, ""), "contains no answers"),
    "an answers file that is a list": (lambda p: broken(p, "- 1\n"), "contains no answers"),
    "an answers file that is not YAML": (lambda p: broken(p, "a: [\n"), "not valid YAML"),
    "an answers file with an invalid date": (
        lambda p: broken(p, "a: 2026-99-99\n"),
        "not valid YAML",
    ),
    "an answers file with deep nesting": (
        lambda p: broken(p, f"a: {'[' * 3000}{']' * 3000}\n"),
        "not valid YAML",
    ),
    "answers that contain themselves": (
        lambda p: broken(p, "_src_path: x\n_commit: 1.0.0\na: &a [*a, *a]\n"),
        "more than 10000 values",
    ),
    "answers that aliases make large": (
        lambda p: broken(p, f"a0: &a0 [x]\n{LARGE}_src_path: x\n_commit: 1.0.0\n"),
        "more than 10000 values",
    ),
    "answers with an invalid commit": (
        lambda p: broken(p, '_src_path: x\n_commit: "1.0.0\\0"\n'),
        "has an invalid _commit",
    ),
    "answers without a template": (lambda p: broken(p, "a: 1\n"), "has no _src_path"),
    "answers without a release": (lambda p: broken(p, "_src_path: x\na: 1\n"), "has no _commit"),
    "a dirty tree": (lambda p: (p / "README.md").write_text("mine"), "uncommitted changes"),
    "a staged change": (
        lambda p: ((p / "new.txt").write_text("mine"), git_in(p).run("add", "new.txt")),
        r"uncommitted changes \(new\.txt\)",
    ),
    "a merge": (lambda p: unfinished(p, "merge", "other"), "in the middle of a merge"),
    "a rebase": (lambda p: unfinished(p, "rebase", "other"), "in the middle of a rebase"),
    "a cherry-pick": (
        lambda p: unfinished(p, "cherry-pick", "other"),
        "in the middle of a cherry-pick",
    ),
    "no repository": (without_repository, "is not in a git repository"),
    "an untracked file at the path of a new one": (
        in_the_way,
        r"scripts/update\.py is untracked",
    ),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_is_one_sentence_and_changes_nothing(
    name: str, generate: Generate, tmp_path: Path, published: Path
) -> None:
    project = generate(MINIMAL)
    arrange, sentence = REFUSALS[name]
    arrange(project)
    before = contents(project)
    done = run(project, "--template", str(published), GIT_CEILING_DIRECTORIES=str(tmp_path))
    assert done.returncode == Status.REFUSED, done.stdout
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert __import__("re").search(sentence, done.stderr), done.stderr
    assert contents(project) == before


def test_a_missing_release_is_refused(generate: Generate, published: Path) -> None:
    project = generate(MINIMAL)
    path = project / ANSWERS_FILE
    path.write_text(path.read_text().replace("_commit: 1.0.0", "_commit: 0.9.0"))
    commit_all(project)
    done = run(project)
    assert done.returncode == Status.REFUSED
    assert done.stderr.startswith(f"The template at {published} has no release 0.9.0, and no such")
    assert "--from RELEASE" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    # The script's temporary clone no longer exists when the user reads the message.
    copy = project.with_name("copy")
    git_in(project).run("clone", "--quiet", str(published), str(copy))
    done = run(project, "--template", str(published), "--template", str(copy))
    assert done.stderr.startswith(f"The template at {published} has no release 0.9.0")


def test_an_answers_file_of_another_template(generate: Generate, tmp_path: Path) -> None:
    project = generate(MINIMAL)
    other = tmp_path / "other"
    other.mkdir()
    git_in(other).run("init", "--quiet")
    (other / "pyproject.toml").write_text('[project]\nname = "another"\nversion = "1.0.0"\n')
    commit_all(other)
    done = run(project, "--template", str(other))
    assert done.returncode == Status.REFUSED
    assert "another template" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_template_that_cannot_be_fetched(generate: Generate, tmp_path: Path) -> None:
    project = generate(MINIMAL)
    done = run(project, "--template", str(tmp_path / "nowhere"))
    assert done.returncode == Status.FAILED
    assert f"could not be fetched from {tmp_path / 'nowhere'}" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_an_older_template_than_the_project(generate: Generate, newest: str) -> None:
    project = generate(MINIMAL, version=newest)
    done = run(project, "--to", "1.0.0")
    assert done.returncode == Status.REFUSED
    said = f"The project has release {newest}, and release 1.0.0 came before it"
    assert said in done.stderr


def test_invalid_answers_are_refused(generate: Generate) -> None:
    project = generate(MINIMAL)
    before = everything(project)
    for data, sentence in (
        ("database=oracle", 'Question "database"'),
        ("description=two\nlines", 'Question "description"'),
        ("databse=sqlite", "databse"),
        ("hooks=flase", 'Question "hooks" takes yes or no.'),
        ("copyright_year=MM", 'Question "copyright_year" takes a whole number.'),
        ("repository_host=other", "answer it with --data own_repository_host=VALUE."),
        ("decide=services", 'Question "decide" takes a list such as [a, b], not'),
        ("package_name=", 'Question "package_name"'),
        ("package_name=comet", "your own modules would stay in src/orbit"),
    ):
        done = run(project, "--data", data)
        assert done.returncode == Status.REFUSED, data
        assert sentence in done.stderr
        assert len(done.stderr.splitlines()) == 1
    assert everything(project) == before


BROKEN = {
    "copier.yml": "_exclude: [",
    "extensions/names.py": "1 / 0\n",
    "template/pyproject.toml.jinja": "{{ nobody }}\n",
    "template/README.md.jinja": "{% if %}\n",
}


@pytest.mark.parametrize("path", BROKEN)
def test_a_broken_release_fails_in_one_sentence(
    path: str, generate: Generate, published: Path, tmp_path: Path
) -> None:
    template = tmp_path / "template"
    git_in(published).run("clone", "--quiet", str(published), str(template))
    (template / path).write_text(BROKEN[path])
    release(template, "9.0.0")
    project = generate(MINIMAL)
    before = everything(project)
    done = run(project, "--template", str(template))
    assert done.returncode == Status.FAILED, done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert everything(project) == before


def test_unknown_arguments_do_not_have_the_status_of_conflicts(
    generate: Generate, tmp_path: Path
) -> None:
    assert run(tmp_path, "--no-such-option").returncode == Status.REFUSED
    assert run(tmp_path, "--data", "nonsense").returncode == Status.REFUSED


@pytest.mark.parametrize("module", ["copier", "jinja2_time", "copier_template_extensions"])
def test_a_missing_extension_is_named(module: str, generate: Generate, tmp_path: Path) -> None:
    project = generate(MINIMAL)
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "sitecustomize.py").write_text(f"import sys; sys.modules[{module!r}] = None\n")
    done = run(project, PYTHONPATH=f"{ROOT}:{hidden}")
    assert done.returncode == Status.REFUSED
    assert module in done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr


def test_an_old_git_is_refused(generate: Generate, tmp_path: Path) -> None:
    project = generate(MINIMAL)
    fake = tmp_path / "bin" / "git"
    fake.parent.mkdir()
    fake.write_text("#!/bin/sh\necho git version 2.34.1\n")
    fake.chmod(0o755)
    done = run(project, PATH=f"{fake.parent}:{os.environ['PATH']}")
    assert done.returncode == Status.REFUSED
    assert "Git 2.38 or newer is needed, and git version 2.34.1 is installed" in done.stderr


def test_a_missing_git_is_explained(generate: Generate) -> None:
    project = generate(MINIMAL)
    done = run(project, PATH="/nonexistent")
    assert done.returncode == Status.REFUSED
    assert "git is not installed" in done.stderr


def test_drift_lists_changed_template_owned_files(generate: Generate) -> None:
    project = generate(MINIMAL)
    assert run(project, "--check").returncode == Status.CLEAN
    (project / "src" / "orbit" / "words.py").write_text("# mine\n")
    (project / "src" / "orbit" / "chassis" / "errors.py").unlink()
    with (project / "Makefile").open("a") as makefile:
        makefile.write("# mine\n")
    done = run(project, "--check")
    assert done.returncode == Status.DRIFT
    assert done.stdout.split() == ["Makefile", "src/orbit/chassis/errors.py"]


def test_a_project_in_a_folder_of_its_repository(generate: Generate, tmp_path: Path) -> None:
    inner = generate(MINIMAL, name="whole/services/orbit")
    whole = tmp_path / "whole"
    (inner / ".git").rename(whole / ".git")
    (whole / "README.md").write_text("ours\n")
    with (inner / "Makefile").open("a") as makefile:
        makefile.write("# mine\n")
    commit_all(whole)
    report = update(inner)
    assert report.status is Status.CLEAN
    assert (whole / "README.md").read_text() == "ours\n"
    assert (inner / "Makefile").read_text().endswith("# mine\n")
    assert (inner / "scripts" / "update.py").exists()
    assert not (whole / "scripts").exists()
    assert not Git(whole).text("status", "--porcelain")


def test_a_release_without_changes_only_changes_the_recorded_release(
    generate: Generate, published: Path, newest: str, tmp_path: Path
) -> None:
    project = generate({"copyright_year": 2001}, version=newest)
    before = contents(project)
    template = tmp_path / "template"
    git_in(published).run("clone", "--quiet", str(published), str(template))
    release(template, "9.0.0")
    report = update(project, template=str(template))
    after = contents(project)
    assert yaml.safe_load(after.pop(ANSWERS_FILE))["_commit"] == "9.0.0"
    del before[ANSWERS_FILE]
    assert after == before
    assert report.is_empty
    assert b"2001" in after["LICENSE"], "the year of the copy is recorded"


def test_an_update_over_several_releases(
    generate: Generate, published: Path, tmp_path: Path
) -> None:
    """Three releases rename the same file, and an edit follows it."""
    template = tmp_path / "template"
    git_in(published).run("clone", "--quiet", str(published), str(template))
    names = ["errors", "faults", "failures", "troubles"]
    package = template / "template" / "src" / "{{ package_name }}" / "chassis"
    for number, (old, new) in enumerate(pairwise(names)):
        text = (package / f"{old}.py").read_text()
        (package / f"{old}.py").unlink()
        (package / f"{new}.py").write_text(f"{text}\n\n# release {number}\n" * (number + 1))
        (template / "migrations" / f"v9_{number}_0.py").write_text(
            "from .toolkit import before\n\n\n"
            f'@before("9.{number}.0")\ndef move(project):\n'
            '    chassis = f"{project.package}/chassis"\n'
            f'    project.rename(f"{{chassis}}/{old}.py", f"{{chassis}}/{new}.py")\n'
        )
        release(template, f"9.{number}.0")
    project = generate(MINIMAL)
    errors = project / "src" / "orbit" / "chassis" / "errors.py"
    begin = "    def __init__(self, service: str, cause: str) -> None:\n"
    text = errors.read_text()
    assert text.count(begin) == 1
    errors.write_text(text.replace(begin, f"{begin}        # mine, in a function\n"))
    commit_all(project)
    environment = {"PYTHONPATH": str(template)}
    done = run(project, "--template", str(template), **environment)
    assert done.returncode == Status.CLEAN, done.stdout + done.stderr
    moved = errors.with_name("troubles.py").read_text()
    assert f"{begin}        # mine, in a function\n" in moved
    assert "# release 2" in moved
    assert not errors.exists()
    assert not errors.with_name("faults.py").exists()


def test_the_published_template_equals_a_clone_of_it(published: Path, tmp_path: Path) -> None:
    other = publish(tmp_path / "again")
    assert {path for path in contents(other) if not path.endswith(".pyc")} == {
        path for path in contents(published) if not path.endswith(".pyc")
    }
