"""A cache of renderings.

Each rendering is a folder that is not changed after it has its name: a git pack, which any
repository can read as an alternate, and a description. It is written under a temporary name and
renamed, so that two processes can write the same one, and a killed process leaves nothing under
that name.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
import tempfile
import time
import weakref
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from .answers import ANSWERS_FILE, Answers
from .entry import Entry
from .errors import UpdateError
from .git import Git
from .objects import identify
from .rendering import Rendered
from .trees import bare_repository

_DESCRIPTION = "render.json"
_DRAFT = "draft-"
_EXECUTABLE, _REGULAR, _SYMLINK = "100755", "100644", "120000"
_DAY = 86400
_ATTEMPTS = 3
# Age, since the last use, at which renderings and drafts of killed processes are deleted.
_UNUSED, _ABANDONED = 400 * _DAY, _DAY


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Render:
    """A cached rendering of a project.

    Attributes:
        files: Its files by path.
        answers: Its answers.
        recorded: Its answers file.
        objects: Folder of git objects with the contents.
    """

    files: Mapping[str, Entry]
    answers: Answers
    recorded: str
    objects: Path


class Renders:
    """Renderings in a folder, for several threads and processes.

    Args:
        folder: The folder.
        lasting: Whether to keep them for other processes; otherwise each is deleted when this
            process no longer refers to it.

    Raises:
        UpdateError: When the folder cannot be used.
    """

    def __init__(self, folder: Path, *, lasting: bool) -> None:
        self._folder = folder
        self._lasting = lasting
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if lasting:
                self._sweep()
        except OSError as error:
            raise UpdateError(f"Renders cannot be stored in {folder}: {error.strerror}.") from error

    def find(self, key: str) -> Render | None:
        """Find a rendering that another process may have stored.

        Args:
            key: Hash of everything it was rendered from.

        Returns:
            The rendering; None if it is missing or damaged.
        """
        if not self._lasting:
            return None
        place = self._folder / key
        try:
            place = place.resolve(strict=True)
            checksum, _, text = (place / _DESCRIPTION).read_text(encoding="utf-8").partition("\n")
            if _digest(text.encode()) != checksum:
                return None
            described = json.loads(text)
            packs = place / "objects" / "pack"
            if any(
                _digest((packs / name).read_bytes()) != digest
                for name, digest in described["packs"].items()
            ):
                return None
        except (OSError, ValueError):
            return None
        with suppress(OSError):
            os.utime(place)
        files = {path: Entry(*entry) for path, entry in described["files"].items()}
        return Render(files, described["answers"], described["recorded"], place / "objects")

    def keep(self, keys: Sequence[str], rendered: Rendered, object_format: str) -> Render:
        """Store a rendering.

        Args:
            keys: Keys under which to find it.
            rendered: The rendering, in its folder.
            object_format: The hash of the project's repository, `sha1` or `sha256`.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        place = Path(tempfile.mkdtemp(prefix=_DRAFT, dir=self._folder))
        files, contents = _read(rendered.folder, object_format)
        _pack(place, contents.values(), object_format)
        recorded = contents[files[ANSWERS_FILE].blob].decode()
        if not self._lasting:
            render = Render(files, rendered.answers, recorded, place / "objects")
            weakref.finalize(render, shutil.rmtree, place, ignore_errors=True)
            return render
        described = {
            "files": {path: [entry.mode, entry.blob] for path, entry in files.items()},
            "answers": rendered.answers,
            "recorded": recorded,
            "packs": {
                path.name: _digest(path.read_bytes())
                for path in (place / "objects" / "pack").iterdir()
            },
        }
        text = json.dumps(described, default=repr)
        if json.loads(text)["answers"] == rendered.answers:
            (place / _DESCRIPTION).write_text(f"{_digest(text.encode())}\n{text}", encoding="utf-8")
            place = self._named(place, keys[0])
            for other in keys[1:]:
                self._point(other, keys[0])
        return Render(files, rendered.answers, recorded, place / "objects")

    def _named(self, draft: Path, key: str) -> Path:
        place = self._folder / key
        for _ in range(_ATTEMPTS):
            with suppress(OSError):
                return draft.rename(place)
            if self.find(key):
                # Another process has stored it first.
                shutil.rmtree(draft, ignore_errors=True)
                return place
            with (
                suppress(OSError),
                tempfile.TemporaryDirectory(prefix=_DRAFT, dir=self._folder) as damaged,
            ):
                place.rename(Path(damaged, key))
        return draft

    def _point(self, key: str, target: str) -> None:
        with tempfile.TemporaryDirectory(prefix=_DRAFT, dir=self._folder) as draft:
            link = Path(draft) / key
            link.symlink_to(target)
            with suppress(OSError):
                link.rename(self._folder / key)

    def _sweep(self) -> None:
        now = time.time()
        for path in self._folder.iterdir():
            with suppress(OSError):
                if path.is_symlink() and not path.exists():
                    path.unlink()
                    continue
                unused = now - path.stat().st_mtime
                if unused > (_ABANDONED if path.name.startswith(_DRAFT) else _UNUSED):
                    shutil.rmtree(path, ignore_errors=True)


def _read(folder: Path, object_format: str) -> tuple[dict[str, Entry], dict[str, bytes]]:
    files, contents = {}, {}
    for place, folders, names in os.walk(folder):
        links = [name for name in folders if Path(place, name).is_symlink()]
        for name in (*names, *links):
            path = Path(place, name)
            mode = path.lstat().st_mode
            if stat.S_ISLNK(mode):
                kind, content = _SYMLINK, os.fsencode(path.readlink())
            else:
                kind = _EXECUTABLE if mode & stat.S_IXUSR else _REGULAR
                content = path.read_bytes()
            blob = identify("blob", content, object_format)
            files[path.relative_to(folder).as_posix()] = Entry(kind, blob)
            contents[blob] = content
    return files, contents


def _pack(place: Path, contents: Iterable[bytes], object_format: str) -> None:
    repository = place / "repository.git"
    bare_repository(repository, object_format)
    blobs = b"".join(b"blob\ndata %d\n%b\n" % (len(each), each) for each in contents)
    # Deltas would save little space, and double the time.
    options = ("-c", "fastimport.unpackLimit=0", "-c", "pack.compression=1")
    git = Git(repository, {"GIT_DIR": str(repository)})
    git.run(*options, "fast-import", "--quiet", "--depth=0", stdin=blobs)
    (repository / "objects").rename(place / "objects")
    shutil.rmtree(repository)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
