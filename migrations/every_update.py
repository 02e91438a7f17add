"""What every update ends with, whatever its releases."""

from __future__ import annotations

from updating.locking import DECLARATION, LOCK, LockError, declared, lock

from .toolkit import After, after


@after()
def refresh_the_lock_file(project: After) -> None:
    """Make uv.lock anew when the declared dependencies are no longer those that it was made of."""
    if LOCK not in project.project:
        return
    if project.has_conflict(DECLARATION):
        project.remarks.append(
            f"{LOCK} is as it was: run `uv lock` when {DECLARATION} is resolved."
        )
        return
    if declared(project.store, project.previous) == declared(project.store, project.project):
        return
    try:
        content = lock(project.store, project.project, project.folder)
    except LockError as error:
        project.remarks.append(f"{LOCK} is as it was: run `uv lock`, because {error}.")
    else:
        project.project[LOCK] = project.store.entry(content)
