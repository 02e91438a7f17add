"""A folder of secrets, as Kubernetes mounts one."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def holding(secrets: Mapping[str, str], folder: Path) -> Iterator[dict[str, str]]:
    """Provide secrets until the context ends.

    Args:
        secrets: Values by setting name.
        folder: An empty folder.

    Returns:
        Variables of a process that reads them.
    """
    # Each update is a new folder, and the link `..data` points to the latest.
    (folder / "..2026").mkdir()
    (folder / "..data").symlink_to("..2026")
    for name, value in secrets.items():
        (folder / "..2026" / name).write_text(f"{value}\n")
        (folder / name).symlink_to(f"..data/{name}")
    yield {"SECRETS_DIR": str(folder)}
