"""`make bring-back`: apply edits of a rendering to `template/`.

Either all edits of a file are applied or none. Before a file is written, it is rendered, and the
result must equal the edited file.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import Path

from tools.hunks import marked, origins, transfer
from tools.workspace import Refused, Workspace, merge

PACKAGE = "{{ package_name }}"


@dataclass
class Report:
    """The result of bringing edits back.

    Attributes:
        written: Files of `template/` that were written.
        problems: Edits that were not brought back, and why.
        notes: Further steps for the user.
    """

    written: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Edit:
    """An edited file that can be brought back.

    Attributes:
        path: Its path in the rendering.
        source: Its path below the root of the template.
        content: The file of the template, with the edit.
        wanted: The expected rendering of it.
    """

    path: str
    source: str
    content: bytes
    wanted: bytes


def bring_back(workspace: Workspace) -> Report:
    """Apply edits of a rendering to the template, and then update the rendering.

    Args:
        workspace: The rendering.

    Raises:
        Refused: If there is no rendering.
    """
    if not workspace.exists:
        raise Refused(f"there is nothing to bring back: run `make work SET={workspace.name}` first")
    report = Report()
    edited = workspace.edits()
    package = workspace.recorded()["package_name"]
    sources = _sources(workspace, package)
    found = [
        edit
        for path, kind in edited.items()
        if (edit := _edit(workspace, path, kind, sources, package, report)) is not None
    ]
    carried = _carried(workspace, found, sources, report)
    carried = [edit for edit in carried if not _is_applied(workspace, edit)]
    for edit in _proven(workspace, carried, report):
        _write(workspace, edit)
        report.written.append(edit.source)
        _remind(workspace, edit, edited[edit.path], report)
    with suppress(Refused):
        workspace.update()
    return report


def _proven(workspace: Workspace, carried: list[_Edit], report: Report) -> list[_Edit]:
    """Select the edits whose rendering equals the edited file."""
    if not carried:
        return []
    proven = []
    with workspace.rendered({edit.source: edit.content for edit in carried}) as folder:
        for edit in carried:
            rendered = folder / edit.path
            if not rendered.is_file():
                report.problems.append(f"{edit.path}: _exclude leaves {edit.source} out")
            elif rendered.read_bytes() != edit.wanted:
                report.problems.append(
                    f"{edit.path}: {edit.source} would not render to what you edited"
                )
            else:
                proven.append(edit)
    return proven


def _is_applied(workspace: Workspace, edit: _Edit) -> bool:
    """Whether the template already contains an edit."""
    source = workspace.root / edit.source
    return (
        source.is_file()
        and source.read_bytes() == edit.content
        and source.stat().st_mode == (workspace.project / edit.path).stat().st_mode
    )


def _sources(workspace: Workspace, package: str) -> dict[str, str]:
    """Files of the template by their paths in the rendering."""
    return {
        source.removeprefix("template/").removesuffix(".jinja").replace(PACKAGE, package): source
        for source in workspace.sources()
        if source.startswith("template/")
    }


def _edit(
    workspace: Workspace,
    path: str,
    kind: str,
    sources: Mapping[str, str],
    package: str,
    report: Report,
) -> _Edit | None:
    """Find the template's file for an edited file."""
    source = sources.get(path)
    if kind == "D":
        report.problems.append(
            f"{path}: deleted. Delete {source} in the template yourself, and have the migration "
            "of the next release remove it from projects."
        )
        return None
    content = workspace.current(path) or b""
    if kind == "A" and source is not None:
        report.problems.append(
            f"{path}: new here, but there is {source}, which _exclude leaves out"
        )
        return None
    if kind == "A":
        parts = [PACKAGE if part == package else part for part in Path(path).parts]
        new = str(Path("template", *parts))
        return _Edit(path, new, content, content)
    if source is None:
        report.problems.append(f"{path}: template/ has no file that it comes from")
        return None
    return _Edit(path, source, content, content)


def _carried(
    workspace: Workspace, found: list[_Edit], sources: Mapping[str, str], report: Report
) -> list[_Edit]:
    """Convert edited renderings to files of the template."""
    plain = [edit for edit in found if not edit.source.endswith(".jinja")]
    texts = {
        edit.path: (workspace.root / edit.source).read_text()
        for edit in found
        if edit.source.endswith(".jinja")
    }
    carried = [edit for each in plain if (edit := _plain(workspace, each, report)) is not None]
    if not texts:
        return carried
    marks = {sources[path]: marked(text).encode() for path, text in texts.items()}
    with workspace.rendered(marks) as folder:
        for edit in found:
            if edit.path not in texts:
                continue
            file = folder / edit.path
            if not file.is_file():
                report.problems.append(f"{edit.path}: {edit.source} is not rendered here any more")
                continue
            source = texts[edit.path]
            now, lines = origins(file.read_text(), source)
            wanted = _merged(workspace, edit, now.encode(), report)
            if wanted is None:
                continue
            result = transfer(source, now, lines, wanted.decode())
            report.problems += [f"{edit.path}, {problem}" for problem in result.problems]
            if not result.problems:
                carried.append(_Edit(edit.path, edit.source, result.text.encode(), wanted))
    return carried


def _plain(workspace: Workspace, edit: _Edit, report: Report) -> _Edit | None:
    """Convert a file without Jinja, whose rendering is a copy."""
    source = workspace.root / edit.source
    if not source.exists():
        return edit
    wanted = _merged(workspace, edit, source.read_bytes(), report)
    return None if wanted is None else _Edit(edit.path, edit.source, wanted, wanted)


def _merged(workspace: Workspace, edit: _Edit, now: bytes, report: Report) -> bytes | None:
    """Merge the edited file with the template's changes since it was rendered."""
    base = workspace.last(edit.path)
    if base is None or base == now or edit.wanted == now:
        return edit.wanted
    merged = merge(edit.wanted, base, now)
    if merged is None:
        report.problems.append(
            f"{edit.path}: you and {edit.source} have changed the same lines since it was rendered"
        )
    return merged


def _write(workspace: Workspace, edit: _Edit) -> None:
    """Replace a file of the template atomically."""
    target = workspace.root / edit.source
    target.parent.mkdir(parents=True, exist_ok=True)
    mode = (workspace.project / edit.path).stat().st_mode
    with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as file:
        file.write(edit.content)
    Path(file.name).chmod(mode)
    Path(file.name).replace(target)
    if edit.wanted != workspace.current(edit.path):
        (workspace.project / edit.path).write_bytes(edit.wanted)


def _remind(workspace: Workspace, edit: _Edit, kind: str, report: Report) -> None:
    """Add notes on further steps that an edit needs."""
    if kind == "A":
        report.notes.append(
            f"{edit.source} is new: name it in the `_exclude` table of copier.yml if only some "
            "answers want it"
        )
    answers = workspace.recorded()
    names = {answers[name] for name in ("project_name", "distribution_name", "package_name")}
    pattern = re.compile(rf"(?<!\w)({'|'.join(map(re.escape, sorted(names)))})(?!\w)")
    old = (workspace.last(edit.path) or b"").decode(errors="replace").split("\n")
    new = edit.content.decode(errors="replace").split("\n")
    for _, _, _, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        for number in range(j1, j2):
            if (found := pattern.search(new[number])) and new[number] not in old:
                report.notes.append(
                    f'{edit.source}:{number + 1} has the name "{found[0]}" of this service: write '
                    "an expression such as {{ package_name }}, in a file that ends with .jinja"
                )


def main(arguments: list[str]) -> int:
    """Bring edits back, and print the result.

    Args:
        arguments: The answer set.

    Returns:
        Exit status: 1 if something could not be brought back.
    """
    [name] = arguments
    try:
        report = bring_back(Workspace(name))
    except Refused as error:
        print(f"make bring-back: {error}", file=sys.stderr)
        return 1
    for source in report.written:
        print(f"written: {source}")
    for note in report.notes:
        print(f"note: {note}")
    for problem in report.problems:
        print(f"not brought back: {problem}", file=sys.stderr)
    if not (report.written or report.problems):
        print("nothing was edited")
    return 1 if report.problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
