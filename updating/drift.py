"""Which template-owned files people changed."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

from .git import failures_told
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
    """Compare a project with a fresh render of its own release and answers.

    Args:
        folder: The project, as it is in its folder.
        template: Where the template is; by default where the project was generated from.
        base: The release that the project came from, where the template has lost the commit that
            its answers name.
        answers_file: What the project's answers file is called, if not as usual.
        shared: What updates of many projects have in common; without it, each begins anew.

    Returns:
        Template-owned files that are changed or gone.

    Raises:
        UpdateError: When that cannot be found out.
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
        repository: Git's folder of the repository. It may be bare, and shallow.
        parent: The commit that is looked at.
        folder: The project's folder in it; empty for its root.
        template: Where the template is; by default where the project was generated from.
        shared: What updates of many projects have in common; without it, each begins anew.

    Returns:
        Template-owned files that are changed or gone.

    Raises:
        UpdateError: When that cannot be found out.
    """
    prefix = f"{folder.strip('/')}/" if folder.strip("/") else ""
    with failures_told(), nullcontext(shared) if shared else Shared() as common:
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
    """Ids of the template-owned files that a project would have, without anybody's changes."""
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
    # Line ends are git's business, which may give a working tree others.
    if not path.is_file():
        return False
    content = path.read_bytes().replace(b"\r\n", b"\n")
    return identify("blob", content, object_format) == blob
