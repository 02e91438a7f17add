"""`make work` and `make bring-back`: edit a rendering, and apply the edits to the template."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.rendering import ROOT, answer_sets, files, render
from tests.suites import ALL_SECONDS
from tools.bring_back import bring_back
from tools.hunks import marked, origins, transfer
from tools.work import rendered_name
from tools.workspace import Refused, Workspace

CHASSIS = "template/src/{{ package_name }}/chassis"


SMALL = {
    "copier.yml": """\
_subdirectory: template
_answers_file: .copier-answers.yml
_exclude: ["{% if not cache %}docs/cache.md{% endif %}"]
project_name: {type: str}
distribution_name: {type: str, default: tiny}
package_name: {type: str, default: tiny}
cache: {type: bool, default: false}
""",
    "template/{{ _copier_conf.answers_file }}.jinja": "{{ _copier_answers | to_nice_yaml }}",
    "template/README.md.jinja": """\
# {{ project_name }}

## Run it

`{{ distribution_name }} dev`, which is in `src/{{ package_name }}/cli.py`.
{%- if cache %}

## Cache

See [the page](docs/cache.md).
{%- endif %}

## Commands

There are none.
""",
    "template/docs/cache.md.jinja": "Where {{ project_name }} keeps results.\n",
    "template/docs/running.md": "As you like.\n",
    f"{CHASSIS}/log.py": '"""Lines."""\n',
    "tests/answers/small.yml": "project_name: Tiny\n",
}


@pytest.fixture
def work(tmp_path: Path) -> Workspace:
    """A rendering of a small template."""
    checkout = tmp_path / "checkout"
    for name, text in SMALL.items():
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout / name).write_text(text)
    subprocess.run(["git", "init", "--quiet"], cwd=checkout, check=True)
    workspace = Workspace("small", checkout)
    assert workspace.update()
    return workspace


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert text.count(old) == 1, file
    file.write_text(text.replace(old, new))


def snapshot(work: Workspace) -> dict[str, bytes]:
    return files(work.root / "template")


def test_a_rendering_follows_the_template_and_keeps_what_was_edited(work: Workspace) -> None:
    assert work.update() == []
    source = work.root / CHASSIS / "log.py"
    source.write_text('"""Changed in the template."""\n')
    readme = work.project / "README.md"
    edit(readme, "There are none.", "Edited in the rendering.")
    (work.project / "notes.txt").write_text("mine")
    assert work.update() == ["src/tiny/chassis/log.py"]
    assert (work.project / "src/tiny/chassis/log.py").read_bytes() == source.read_bytes()
    assert work.edits() == {"README.md": "M", "notes.txt": "A"}
    # Another part of an edited file: both changes are kept.
    edit(work.root / "template/README.md.jinja", "## Run it", "## Run the service")
    assert work.update() == ["README.md"]
    assert "## Run the service" in readme.read_text()
    assert "Edited in the rendering." in readme.read_text()
    source.rename(source.with_name("logs.py"))
    assert work.update() == ["src/tiny/chassis/log.py", "src/tiny/chassis/logs.py"]
    assert not (work.project / "src/tiny/chassis/log.py").exists()


def test_conflicting_changes_are_refused(work: Workspace) -> None:
    edit(work.root / "template/README.md.jinja", "## Run it", "## Run the service")
    edit(work.project / "README.md", "## Run it", "## Start it")
    gone = work.project / "docs/running.md"
    gone.unlink()
    (work.root / "template/docs/running.md").write_text("As it likes.\n")
    module = work.project / "src/tiny/chassis/log.py"
    edit(module, "Lines", "My lines")
    (work.root / CHASSIS / "log.py").unlink()
    (work.root / CHASSIS / "new.py").write_text('"""New."""\n')
    before = files(work.project)
    with pytest.raises(Refused) as refused:
        work.update()
    assert f"{work.project}/README.md: both changed the same lines" in str(refused.value)
    assert f"{gone}: removed here, changed in the template" in str(refused.value)
    assert f"{module}: edited here, removed from the template" in str(refused.value)
    assert files(work.project) == before


def test_edits_are_brought_back(work: Workspace) -> None:
    edit(work.project / "README.md", "## Run it", "## Run the service")
    # A line with expressions, whose values are put back.
    edit(work.project / "README.md", ", which is in", ", from")
    (work.project / "src/tiny/chassis/log.py").write_text('"""More lines."""\n')
    new = work.project / "src/tiny/chassis/new.py"
    new.write_text('"""New in tiny."""\n')
    new.chmod(0o755)
    report = bring_back(work)
    assert report.problems == [
        'README.md, line 5: "tiny" may be {{ distribution_name }} or {{ package_name }}'
        " (between lines 4 and 12 of the template)"
    ]
    assert set(report.written) == {f"{CHASSIS}/log.py", f"{CHASSIS}/new.py"}
    assert (work.root / CHASSIS / "log.py").read_text() == '"""More lines."""\n'
    assert (work.root / CHASSIS / "new.py").stat().st_mode & 0o777 == 0o755
    reminder, name = report.notes
    assert "new.py is new: name it in the `_exclude` table of copier.yml" in reminder
    assert f'{CHASSIS}/new.py:1 has the name "tiny" of this service' in name
    assert work.edits() == {"README.md": "M"}

    edit(work.project / "README.md", ", from", ", which is in")
    edit(work.project / "README.md", "# Tiny", "# Tiny, a service")
    report = bring_back(work)
    assert report.written == ["template/README.md.jinja"]
    assert not report.problems
    assert (work.root / "template/README.md.jinja").read_text() == SMALL[
        "template/README.md.jinja"
    ].replace("# {{ project_name }}", "# {{ project_name }}, a service").replace(
        "## Run it", "## Run the service"
    )
    assert not work.edits()
    assert work.update() == []


def test_a_file_is_brought_back_whole_or_not_at_all(work: Workspace) -> None:
    readme = work.project / "README.md"
    edit(readme, "## Run it", "## Run the service")
    edit(readme, "# Tiny", "# Small")
    edit(readme, "none", "{{ none }}")
    (work.project / "docs/cache.md").write_text("but this variant has no cache\n")
    (work.project / "docs/running.md").unlink()
    edit(work.project / ".copier-answers.yml", "Tiny", "Small")
    before = files(work.root / "template")
    report = bring_back(work)
    assert not report.written
    assert files(work.root / "template") == before
    assert sorted(report.problems) == [
        ".copier-answers.yml: template/ has no file that it comes from",
        "README.md, line 1: the value of {{ project_name }} was edited"
        " (before line 2 of the template)",
        "README.md, line 9: new text that Jinja would take for a tag"
        " (between lines 14 and 16 of the template)",
        "docs/cache.md: new here, but there is template/docs/cache.md.jinja, which _exclude"
        " leaves out",
        "docs/running.md: deleted. Delete template/docs/running.md in the template yourself,"
        " and have the migration of the next release remove it from projects.",
    ]


def test_later_changes_of_the_template_are_merged_or_refused(work: Workspace) -> None:
    edit(work.project / "README.md", "## Run it", "## Run the service")
    edit(work.root / "template/README.md.jinja", "There are none", "There are some")
    edit(work.project / "src/tiny/chassis/log.py", "Lines", "One")
    edit(work.root / CHASSIS / "log.py", "Lines", "Two")
    report = bring_back(work)
    assert report.written == ["template/README.md.jinja"]
    assert report.problems == [
        f"src/tiny/chassis/log.py: you and {CHASSIS}/log.py have changed the same lines since it "
        "was rendered"
    ]
    for readme in (work.root / "template/README.md.jinja", work.project / "README.md"):
        assert "## Run the service" in readme.read_text()
        assert "There are some" in readme.read_text()


TEMPLATE = """\
one {{ package_name }}
{%- if yes %}
inside
{%- else %}
instead
{%- endif %}
{%- for name in "ab" %}
again
{%- endfor %}
last of {{ name }}

{{ "made" }} by a tag {% if yes %}here{% endif %}
end
"""
RENDERED = "one tiny\ninside\nagain\nagain\nlast of tiny\n\nmade by a tag here\nend\n"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("inside\n", "within\n", TEMPLATE.replace("inside", "within")),
        ("end\n", "end\nand more\n", TEMPLATE + "and more\n"),
        ("inside\n", "", TEMPLATE.replace("inside\n", "")),
        ("one tiny", "two tiny tiny", TEMPLATE.replace("one {{", "two {{ package_name }} {{")),
        ("last of tiny\n\n", "last of tiny\nnew\n\n", None),
        ("one tiny\n", "one tiny\nnew\n", "there is a tag here, and the edit may belong on either"),
        ("inside\n", "inside\ninside\n", "the text here is made by a tag"),
        ("inside\n", "inside\nnew\n", "the text here is made by a tag"),
        ("one tiny\ninside", "one tiny\n\ninside", "there is a tag here"),
        ("again\nlast", "once\nlast", "the text here is made by a tag"),
        ("made by", "made with", "the text here is made by a tag"),
        ("one tiny", "one small", "the value of {{ package_name }} was edited"),
        ("end", "{% end %}", "new text that Jinja would take for a tag"),
    ],
)
def test_edits_between_tags_are_applied_if_unambiguous(
    old: str, new: str, expected: str | None
) -> None:
    text, lines = origins(rendered(marked(TEMPLATE)), TEMPLATE)
    assert text == RENDERED
    assert text.count(old) == 1
    done = transfer(TEMPLATE, text, lines, text.replace(old, new))
    if expected is None:
        expected = TEMPLATE.replace("{{ name }}\n", "{{ name }}\nnew\n")
    if "\n" in expected:
        assert not done.problems
        assert done.text == expected
        assert rendered(done.text) == text.replace(old, new)
    else:
        [problem] = done.problems
        assert expected in problem
        assert done.text == TEMPLATE


def rendered(text: str) -> str:
    from jinja2 import Environment

    template = Environment(keep_trailing_newline=True, autoescape=False).from_string(text)
    return template.render(package_name="tiny", name="tiny", yes=True)


def test_marks_do_not_change_the_rendering(template: Path, tmp_path: Path) -> None:
    """For all Jinja files of the variant with most of them."""
    copy = tmp_path / "template"
    subprocess.run(["cp", "-r", template, copy], check=True)
    sources = {path: path.read_text() for path in copy.glob("template/**/*.jinja")}
    for path, text in sources.items():
        path.write_text(marked(text))
    answers = answer_sets()["complete"]
    plain = files(render(template, tmp_path / "plain", answers))
    with_marks = files(render(copy, tmp_path / "marked", answers))
    known = total = 0
    for path, text in sources.items():
        name = str(path.relative_to(copy / "template")).removesuffix(".jinja")
        name = name.replace("{{ package_name }}", "mission_control")
        if name in plain:
            without, lines = origins(with_marks[name].decode(), text)
            assert without.encode() == plain[name], name
            known += sum(line is not None for line in lines)
            total += len(lines)
    assert known > 0.9 * total


def test_a_test_can_be_given_by_its_path_in_the_template() -> None:
    name = "template/tests/chassis/test_log.py.jinja::test_one[x.jinja]"
    assert rendered_name(name) == "tests/chassis/test_log.py::test_one[x.jinja]"
    assert rendered_name("-k") == "-k"


def test_an_answer_set_that_does_not_exist_is_refused() -> None:
    with pytest.raises(Refused, match=r'no answer set "nosuch": set SET to one of .*parts/outbox'):
        Workspace("nosuch")
    assert Workspace("parts/outbox").project == ROOT / "build" / "work" / "parts-outbox"


@pytest.mark.generated
@pytest.mark.timeout(ALL_SECONDS)
def test_make_work_runs_a_test_in_the_rendering(template: Path, tmp_path: Path) -> None:
    """The whole loop by its commands: write a failing test, correct it, and bring it back."""
    checkout = tmp_path / "checkout"
    subprocess.run(["cp", "-r", template, checkout], check=True)
    subprocess.run(["git", "init", "--quiet"], cwd=checkout, check=True)
    work = Workspace("minimal", checkout)
    assert work.update()
    test = work.project / "tests" / "test_loop.py"
    test.write_text("def test_loop() -> None:\n    assert False\n")

    def run(tool: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", f"tools.{tool}", "minimal", *arguments]
        environment = {**os.environ, "PYTHONPATH": str(work.root)}
        return subprocess.run(
            command, cwd=work.root, env=environment, capture_output=True, text=True, check=False
        )

    failed = run("work", "tests/test_loop.py")
    assert failed.returncode == 1, failed.stderr
    assert "environment synchronized" in failed.stdout
    assert "1 failed" in failed.stdout
    test.write_text("def test_loop() -> None:\n    assert True\n")
    brought = run("bring_back")
    assert brought.returncode == 0, brought.stderr
    assert "written: template/tests/test_loop.py" in brought.stdout
    (work.root / "template/tests/test_loop.py").unlink()
    (work.root / "template/tests/test_circle.py").write_text("def test_circle(): pass\n")
    passed = run("work", "template/tests/test_circle.py")
    assert passed.returncode == 0, passed.stderr
    assert not test.exists()
    assert "environment synchronized" not in passed.stdout
    assert "1 passed" in passed.stdout
