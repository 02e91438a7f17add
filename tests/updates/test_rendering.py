"""Rendering for updates equals Copier's, and takes less time."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import copier
import jinja2
import jinja2.environment
import pytest
import yaml
from plumbum import local

from tests.rendering import answer_sets, every_set, without_git
from updating import hooks
from updating.answers import ANSWERS_FILE, Origin, with_origin
from updating.errors import Status, UpdateError
from updating.rendering import Renderer, render

ORIGIN = Origin("/srv/twelvestar", "1.0.0", {})
# One of each kind; `make test-thorough` tries the others.
SAMPLED = ("minimal", "complete", "odd_names")

SMALL = {
    "copier.yml": """
        _subdirectory: template
        _answers_file: .copier-answers.yml
        _envops: {undefined: jinja2.StrictUndefined}
        _jinja_extensions:
          - copier_template_extensions.TemplateExtensionLoader
          - extensions/names.py:Names
        size: {type: int, default: 1}
        name: {type: str, default: orbit, validator: "{{ 'Too short.' if name | length < 2 }}"}
        """,
    "extensions/names.py": """
        from jinja2.ext import Extension
        class Names(Extension):
            def __init__(self, environment):
                super().__init__(environment)
                environment.filters["loud"] = lambda text: text.upper() + "RELEASE"
        """,
    "template/{{ _copier_conf.answers_file }}.jinja": "{{ _copier_answers | to_nice_yaml }}",
    "template/name.txt.jinja": "{{ name | loud }} {{ 'constant' | loud }}",
}


@pytest.fixture(scope="module")
def renderer(template: Path) -> Renderer:
    return Renderer(template)


def small(folder: Path, release: str = "one", **changes: str) -> Path:
    """Make a template of three files.

    Args:
        folder: A new folder.
        release: A text that its filter appends.
        changes: New contents of files, by their names with underscores.
    """
    for path, text in SMALL.items():
        name = path.rpartition("/")[2].replace(".", "_")
        lines = changes.get(name, text).replace("RELEASE", release).splitlines()
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        indent = 8 if len(lines) > 1 else 0
        (folder / path).write_text("\n".join(line[indent:] for line in lines))
    return folder


def tree(folder: Path) -> dict[str, tuple[str, object]]:
    """Everything in a folder, with its kind and mode."""
    found: dict[str, tuple[str, object]] = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_symlink():
            found[name] = "symlink", path.readlink()
        elif path.is_dir():
            found[name] = "folder", None
        else:
            found[name] = oct(path.stat().st_mode), path.read_bytes()
    return found


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=() if name in SAMPLED else pytest.mark.thorough)
        for name in every_set()
    ],
)
def test_a_rendering_equals_copier_s(
    name: str, template: Path, renderer: Renderer, tmp_path: Path
) -> None:
    answers = every_set()[name]
    with without_git():
        worker = copier.run_copy(
            str(template),
            tmp_path / "copier",
            data=dict(answers),
            defaults=True,
            unsafe=True,
            quiet=True,
            skip_tasks=True,
        )
    file = tmp_path / "copier" / ANSWERS_FILE
    file.write_text(with_origin(file.read_text(), ORIGIN.source, ORIGIN.commit))
    # Cached data of one project must not affect the next.
    renderer.render(tmp_path / "other", Origin("", "", answer_sets()["mysql"]))
    rendered = renderer.render(tmp_path / "ours", ORIGIN, answers)
    assert tree(tmp_path / "ours") == tree(tmp_path / "copier")
    assert rendered.answers == hooks.answers_of(worker)
    recorded = yaml.safe_load(file.read_text())
    given = {name: value for name, value in recorded.items() if not name.startswith("_")}
    again = renderer.render(tmp_path / "again", Origin(ORIGIN.source, ORIGIN.commit, given))
    assert tree(tmp_path / "again") == tree(tmp_path / "copier")
    assert again.timeless and not rendered.timeless, "the year of the copyright is asked once"


def test_symlinks_and_modes_are_kept(tmp_path: Path) -> None:
    place = small(tmp_path / "template")
    settings = place / "copier.yml"
    settings.write_text(f"{settings.read_text()}\n_preserve_symlinks: true\n")
    (place / "template" / "link").symlink_to("name.txt")
    (place / "template" / "run.sh.jinja").write_text("echo {{ name }}")
    (place / "template" / "run.sh.jinja").chmod(0o755)
    copier.run_copy(
        str(place), tmp_path / "copier", defaults=True, unsafe=True, quiet=True, skip_tasks=True
    )
    render(place, tmp_path / "ours", ORIGIN)
    made, copiers = tree(tmp_path / "ours"), tree(tmp_path / "copier")
    assert made.pop(ANSWERS_FILE) and copiers.pop(ANSWERS_FILE)
    assert made == copiers
    assert made["link"] == ("symlink", Path("name.txt"))
    assert made["run.sh"][0] == oct(0o100755)


def test_a_render_starts_no_process(
    renderer: Renderer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(subprocess.Popen, "_execute_child")
    rendered = renderer.render(tmp_path / "project", ORIGIN, {"preset": "minimal"})
    assert rendered.answers["preset"] == "minimal"
    assert os.access(rendered.folder / "scripts" / "update.py", os.R_OK)


def test_rendering_does_not_change_the_process(
    tmp_path: Path, template: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import warnings

    before = [jinja2.environment.import_string, sys.excepthook, list(warnings.filters)]  # type: ignore[attr-defined]
    path = os.environ["PATH"]
    seen: list[object] = []
    run_copy = hooks._Worker.run_copy

    def look(worker: Any) -> None:
        seen.extend([local.env["PATH"], os.environ["PATH"], bool(shutil.which("git"))])
        run_copy(worker)

    monkeypatch.setattr(hooks._Worker, "run_copy", look)
    render(template, tmp_path / "project", ORIGIN, {"preset": "minimal"})
    assert seen == [path, path, True]
    assert [jinja2.environment.import_string, sys.excepthook, list(warnings.filters)] == before  # type: ignore[attr-defined]


def test_two_releases_keep_their_own_extensions(tmp_path: Path) -> None:
    one, two = (Renderer(small(tmp_path / name, name)) for name in ("one", "two"))
    for at in range(2):
        for name, renderer in (("one", one), ("two", two)):
            made = renderer.render(tmp_path / f"{name}-{at}", ORIGIN).folder
            assert (made / "name.txt").read_text() == f"ORBIT{name} CONSTANT{name}"


def test_threads_render_the_same_as_a_single_one(tmp_path: Path) -> None:
    names = [f"release{at}" for at in range(4)]
    # So that threads load extensions at the same time.
    settings = SMALL["copier.yml"].replace(
        "- extensions", "- extensions/wait.py:Wait\n          - extensions"
    )
    for name in names:
        place = small(tmp_path / name, name, copier_yml=settings)
        (place / "extensions" / "wait.py").write_text(
            "import time; time.sleep(0.05)\n"
            "from jinja2.ext import Extension\n"
            "class Wait(Extension): pass\n"
        )
    renderers = [Renderer(tmp_path / name) for name in names]
    started = threading.Barrier(len(names))

    def render_all(first: int) -> None:
        started.wait()
        for at in (*range(first, len(names)), *range(first)):
            answer = f"n{first}"
            made = renderers[at].render(tmp_path / f"{first}-{at}", ORIGIN, {"name": answer})
            text = (made.folder / "name.txt").read_text()
            assert text == f"{answer.upper()}{names[at]} CONSTANT{names[at]}"
            assert made.answers == {"name": answer, "size": 1}

    with ThreadPoolExecutor(len(names)) as pool:
        list(pool.map(render_all, range(len(names))))
    assert all(renderer.is_quick for renderer in renderers)


def test_threads_detect_use_of_the_clock_separately(tmp_path: Path) -> None:
    slow = SMALL["extensions/names.py"].replace("lambda text:", "lambda text: time.sleep(0.05) or")
    place = small(
        tmp_path / "template",
        names_py=slow.replace("from jinja2.ext", "import time\n        from jinja2.ext", 1),
        name_txt_jinja="{% if name == 'clock' %}{{ '%Y' | strftime }}{% endif %}{{ name | loud }}",
    )
    renderer = Renderer(place)
    names = ["clock", "other"] * 3

    def is_timeless(at: int) -> bool:
        return renderer.render(tmp_path / str(at), ORIGIN, {"name": names[at]}).timeless

    with ThreadPoolExecutor(len(names)) as pool:
        assert list(pool.map(is_timeless, range(len(names)))) == [False, True] * 3


@pytest.mark.parametrize("how", ["no such part", "a part that fails"])
def test_without_private_parts_copier_renders(
    how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if how == "no such part":
        monkeypatch.setattr(hooks, "AVAILABLE", False)
    else:
        monkeypatch.delattr(hooks.Kept, "render")
    renderer = Renderer(small(tmp_path / "template"))
    for at in range(2):
        rendered = renderer.render(tmp_path / str(at), ORIGIN, {"name": "sun"})
        assert (rendered.folder / "name.txt").read_text() == "SUNone CONSTANTone"
        assert rendered.answers == {"name": "sun", "size": 1}
        assert not rendered.timeless, "the use of the clock is unknown"
        assert not renderer.is_quick


@pytest.mark.parametrize(
    "text",
    ["{% now 'utc', '%Y' %}", "{{ '%Y' | strftime }}"],
    ids=["tag", "filter"],
)
def test_a_rendering_that_contains_the_time_is_not_timeless(text: str, tmp_path: Path) -> None:
    settings = SMALL["copier.yml"].replace(
        "- extensions", "- jinja2_time.TimeExtension\n          - extensions"
    )
    place = small(tmp_path / "template", copier_yml=settings, name_txt_jinja=text)
    renderer = Renderer(place)
    assert not renderer.render(tmp_path / "made", ORIGIN).timeless
    (place / "template" / "name.txt.jinja").write_text("{{ name }}")
    assert Renderer(place).render(tmp_path / "another", ORIGIN).timeless


def test_releases_with_the_same_extensions_share_compiled_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled = hooks.Compiled()
    templates = {name: small(tmp_path / name, "one" if name < "c" else name) for name in "abc"}
    Renderer(templates["a"], compiled).render(tmp_path / "made-a", ORIGIN)
    made = Renderer(templates["c"], compiled).render(tmp_path / "made-c", ORIGIN).folder
    assert (made / "name.txt").read_text() == "ORBITc CONSTANTc"
    monkeypatch.delattr(jinja2.Environment, "_parse")
    made = Renderer(templates["b"], compiled).render(tmp_path / "made-b", ORIGIN).folder
    assert (made / "name.txt").read_text() == "ORBITone CONSTANTone"


Break = Callable[[Path], object]
BROKEN: dict[str, Break] = {
    "an extension that raises": lambda at: (at / "extensions/names.py").write_text("1 / 0"),
    "an extension that ends the process": lambda at: (at / "extensions/names.py").write_text(
        "raise SystemExit(0)"
    ),
    "a missing extension": lambda at: (at / "extensions/names.py").unlink(),
    "an undefined value": lambda at: (at / "template/name.txt.jinja").write_text("{{ nobody }}"),
    "a missing filter": lambda at: (at / "template/name.txt.jinja").write_text(
        "{{ name | quiet }}"
    ),
    "a file that raises": lambda at: (at / "template/name.txt.jinja").write_text("{{ 1 // 0 }}"),
    "a file that is not a template": lambda at: (at / "template/name.txt.jinja").write_text(
        "{% if"
    ),
    "a file that is not text": lambda at: (at / "template/name.txt.jinja").write_bytes(
        b"\xff{{ 1 }}"
    ),
    "invalid YAML": lambda at: (at / "copier.yml").write_text("a: ["),
    "a question of an unknown type": lambda at: (at / "copier.yml").write_text("a: {type: moon}"),
    "a question with another key": lambda at: (at / "copier.yml").write_text("a: {tpye: int}"),
    "a default of another type": lambda at: (at / "copier.yml").write_text(
        "a: {type: int, default: moon}"
    ),
    "no answers file": lambda at: shutil.rmtree(at / "template"),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_template_is_one_sentence(how: str, tmp_path: Path) -> None:
    place = small(tmp_path / "template")
    BROKEN[how](place)
    renderer = Renderer(place)
    for at in range(2):
        with pytest.raises(UpdateError) as caught:
            renderer.render(tmp_path / str(at), ORIGIN)
        assert caught.value.status is Status.FAILED
        sentence = str(caught.value)
        assert sentence.startswith("The template could not be rendered: ")
        assert "\n" not in sentence


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ({"name": "x"}, 'Question "name": Too short.'),
        ({"size": "large"}, "Question \"size\" takes int, not 'large'."),
        ({"size": None}, 'Question "size" takes int, not None.'),
    ],
)
def test_an_invalid_answer_is_refused(
    answer: dict[str, Any], sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(UpdateError) as caught:
        render(small(tmp_path / "template"), tmp_path / "made", ORIGIN, answer)
    assert (caught.value.status, str(caught.value)) == (Status.REFUSED, sentence)
