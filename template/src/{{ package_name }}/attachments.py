"""Attachments of notes.

The object storage has them, under keys that follow from the ids of the notes. No table repeats
which notes have one, so that nothing can contradict the storage.
"""

from uuid import UUID

from sqlalchemy import select

from .chassis.runtime import Runtime
from .db.models import Note

FOLDER = "attachments"
BATCH = 500


def key_of(note_id: UUID) -> str:
    """Key of the attachment of a note.

    Args:
        note_id: Id of the note.
    """
    return f"{FOLDER}/{note_id}"


async def sweep(runtime: Runtime) -> int:
    """Delete attachments whose notes are gone.

    Purged notes leave them behind, and so do requests whose process was killed.

    Args:
        runtime: The runtime.

    Returns:
        Number of deleted attachments.

    Raises:
        StorageUnavailable: If the storage cannot be reached.
    """
    # First, so that the notes of attachments that are added meanwhile are not looked for.
    keys = [stored.key async for stored in runtime.storage.list(FOLDER)]
    orphans: list[UUID] = []
    async with runtime.database.session() as session:
        for start in range(0, len(keys), BATCH):
            batch = {UUID(key.removeprefix(f"{FOLDER}/")) for key in keys[start : start + BATCH]}
            notes = await session.scalars(select(Note.id).where(Note.id.in_(batch)))
            orphans += batch.difference(notes)
    for note_id in orphans:
        await runtime.storage.delete(key_of(note_id))
    return len(orphans)
