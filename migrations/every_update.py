"""The migration that runs at the end of every update."""

from __future__ import annotations

from updating.locking import DECLARATION, LOCK, LockError, declared, lock

from .toolkit import After, after


@after()
def refresh_the_lock_file(project: After) -> None:
    """Update uv.lock if the declared dependencies have changed."""
    if LOCK not in project.project:
        return
    if project.has_conflict(DECLARATION):
        project.remarks.append(
            f"{LOCK} was not updated: run `uv lock` when {DECLARATION} is resolved."
        )
        return
    if declared(project.store, project.previous) == declared(project.store, project.project):
        return
    try:
        content = lock(project.store, project.project, project.folder)
    except LockError as error:
        project.remarks.append(f"{LOCK} was not updated: run `uv lock`, because {error}.")
    else:
        project.project[LOCK] = project.store.entry(content)
