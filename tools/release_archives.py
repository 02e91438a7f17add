"""Write the files of the newest release, as the release workflow publishes them."""

from __future__ import annotations

import gzip
import hashlib
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from tools.release_check import newest_entry
from updating.errors import UpdateError
from updating.git import Git
from updating.releases import Release, releases

ROOT = Path(__file__).parents[1]
SUMS = "SHA256SUMS"
NOTES = "notes.md"


def main(arguments: list[str]) -> int:
    """Write the files, and print the version.

    Args:
        arguments: A folder for the files.

    Returns:
        Exit status: 1 if there is no release.
    """
    try:
        found = releases(Git(ROOT))
    except UpdateError as error:
        print(error, file=sys.stderr)
        return 1
    if not found:
        print("There is no release: set the version in pyproject.toml.", file=sys.stderr)
        return 1
    write(ROOT, found[-1], Path(arguments[0]))
    print(found[-1].version)
    return 0


def write(root: Path, release: Release, folder: Path) -> None:
    """Write the archive of the sources, the wheel, checksums of both, and the notes.

    The same commit gives the same bytes each time, on each machine with the same tools.

    Args:
        root: A clone of the template.
        release: The release.
        folder: A folder, which is made.
    """
    git, name = Git(root), f"twelvestar-{release.version}"
    folder.mkdir(parents=True, exist_ok=True)
    tar = git.raw("archive", "--format=tar", f"--prefix={name}/", release.commit)
    archive = folder / f"{name}.tar.gz"
    # Without a time in the header.
    archive.write_bytes(gzip.compress(tar, mtime=0))
    with tempfile.TemporaryDirectory(prefix="release-") as scratch:
        with tarfile.open(archive) as opened:
            opened.extractall(scratch, filter="data")
        time = git.text("log", "-1", "--format=%ct", release.commit)
        uv, out, sources = (
            Path(sys.executable).with_name("uv"),
            folder.resolve(),
            Path(scratch, name),
        )
        subprocess.run(
            [uv, "build", "--quiet", "--wheel", "--out-dir", out, sources],
            env={**os.environ, "SOURCE_DATE_EPOCH": time},
            check=True,
        )
    (folder / ".gitignore").unlink(missing_ok=True)
    files = [archive, *folder.glob(f"{name}-*.whl")]
    sums = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files]
    (folder / SUMS).write_text("".join(sums))
    changelog = git.raw("show", f"{release.commit}:CHANGELOG.md").decode()
    (folder / NOTES).write_text(f"{newest_entry(changelog)[1].strip()}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
