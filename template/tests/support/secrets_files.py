"""A folder of secrets, as Kubernetes mounts one."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def holding(secrets: Mapping[str, str], folder: Path) -> Iterator[dict[str, str]]:
    """Keep secrets for as long as the context lasts.

    Args:
        secrets: Their values, by the names of their settings.
        folder: An empty folder.

    Returns:
        Variables of a process that is to read them.
    """
    # Each update is a folder of its own, and `..data` leads to the newest.
    (folder / "..2026").mkdir()
    (folder / "..data").symlink_to("..2026")
    for name, value in secrets.items():
        (folder / "..2026" / name).write_text(f"{value}\n")
        (folder / name).symlink_to(f"..data/{name}")
    yield {"SECRETS_DIR": str(folder)}
