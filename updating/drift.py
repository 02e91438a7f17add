"""Template-owned files with local changes."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

from .git import converted_errors
from .objects import identify
from .ownership import Owner
from .project import Project, Snapshot
from .shared import Shared
from .trees import Store


def drift(
    folder: Path,
    *,
    template: str | None = None,
    base: str | None = None,
    answers_file: str | None = None,
    shared: Shared | None = None,
) -> list[str]:
    """Compare a project with a fresh rendering of its release and answers.

    Args:
        folder: The project.
        template: Location of the template; by default the recorded one.
        base: The release that the project was generated from, if the template no longer has the
            recorded commit.
        answers_file: Name of the project's answers file, if it is not the default one.
        shared: Caches that the updates of many projects share.

    Returns:
        Template-owned files that were changed or deleted.

    Raises:
        UpdateError: When the comparison fails.
    """
    project = Project(folder, answers_file)
    with nullcontext(shared) if shared else Shared() as common:
        rendered = _rendered(project, template, base, common)
        return sorted(
            path
            for path, blob in rendered.items()
            if not _is(project.root / path, blob, project.object_format)
        )


def committed_drift(
    repository: Path,
    *,
    parent: str = "HEAD",
    folder: str = "",
    template: str | None = None,
    shared: Shared | None = None,
) -> list[str]:
    """Compare a project in a repository without a working tree.

    Args:
        repository: The git folder. The repository may be bare and shallow.
        parent: The commit to compare.
        folder: The project's folder in it; empty for its root.
        template: Location of the template; by default the recorded one.
        shared: Caches that the updates of many projects share.

    Returns:
        Template-owned files that were changed or deleted.

    Raises:
        UpdateError: When the comparison fails.
    """
    prefix = f"{folder.strip('/')}/" if folder.strip("/") else ""
    with converted_errors(), nullcontext(shared) if shared else Shared() as common:
        project = Snapshot(repository.absolute(), parent, prefix)
        rendered = _rendered(project, template, None, common)
        with common.work_folder() as scratch:
            store = Store(Path(scratch) / "store.git", project.objects(), project.object_format)
            files = project.files(store)
            store.close()
        return sorted(
            path for path, blob in rendered.items() if path not in files or files[path].blob != blob
        )


def _rendered(
    project: Snapshot, template: str | None, base: str | None, common: Shared
) -> dict[str, str]:
    """Ids of the template-owned files as rendered."""
    origin = project.origin()
    source = common.template(template or origin.source, project.place)
    commit = source.resolve(base or origin.commit, asked=base is not None)
    checkout = common.checkout(source, commit)
    render = common.render(checkout, origin.answers, object_format=project.object_format)
    return {
        path: entry.blob
        for path, entry in render.files.items()
        if checkout.ownership.owner(path) is Owner.TEMPLATE
    }


def _is(path: Path, blob: str, object_format: str) -> bool:
    # git may convert line endings in a working tree, so they do not count.
    if not path.is_file():
        return False
    content = path.read_bytes().replace(b"\r\n", b"\n")
    return identify("blob", content, object_format) == blob
