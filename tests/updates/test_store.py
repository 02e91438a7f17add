"""The store and git can read each other's objects."""

from __future__ import annotations

import subprocess
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from updating import trees
from updating.entry import Entry
from updating.git import Git, GitError
from updating.objects import identify
from updating.trees import Store

LENGTHS = {"sha1": 40, "sha256": 64}
FORMATS = list(LENGTHS)
FILES = {
    "a": b"file\n",
    "a.b/c": b"",
    "d/file": b"after d.txt, as if d ended with a slash",
    "d.txt": b"",
    "d-b": b"",
    "ab/deep/er/file": b"x" * 100_000,
    "ä 🦉\tname": b"name",
    "z/run": b"#!/bin/sh\n",
    "link": b"a.b/c",
}
MODES = {"z/run": "100755", "link": "120000"}


def repository(folder: Path, object_format: str) -> Git:
    """Make a repository with all of the files, by git.

    Args:
        folder: A new folder.
        object_format: Its hash.
    """
    folder.mkdir()
    Git(folder).run("init", "--quiet", f"--object-format={object_format}")
    for path, content in FILES.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        if path in MODES and MODES[path] == "120000":
            file.symlink_to(content.decode())
        else:
            file.write_bytes(content)
            file.chmod(0o755 if path in MODES else 0o644)
    git = Git(folder)
    git.run("add", "--all")
    return git


def store_of(tmp_path: Path, object_format: str) -> Store:
    git = repository(tmp_path / "repository", object_format)
    return Store(tmp_path / "store.git", git.folder / ".git" / "objects", object_format)


def entries(store: Store) -> dict[str, Entry]:
    return {
        path: Entry(MODES.get(path, "100644"), store.blob(content))
        for path, content in FILES.items()
    }


@pytest.mark.parametrize("object_format", FORMATS)
def test_objects_equal_those_of_git(object_format: str, tmp_path: Path) -> None:
    store = store_of(tmp_path, object_format)
    gits = Git(tmp_path / "repository").text("write-tree")
    tree = store.tree(entries(store))
    assert tree == gits
    assert len(tree) == LENGTHS[object_format]
    assert store.of_tree(tree) == entries(store)
    commit = store.commit(tree, store.commit(tree), message="Two\n\nlines\n")
    words = ("commit-tree", tree, "-p", f"{commit}^", "-F", "-")
    assert store.git.text(*words, stdin=b"Two\n\nlines\n") == commit
    store.git.run("update-ref", "refs/heads/all", commit)
    store.git.run("fsck", "--strict", "--full")
    store.close()


@pytest.mark.parametrize("object_format", FORMATS)
def test_objects_of_git_are_read(object_format: str, tmp_path: Path) -> None:
    store = store_of(tmp_path, object_format)
    blobs = {identify("blob", content, object_format): content for content in FILES.values()}
    assert store.read_all([*blobs, *blobs]) == blobs
    own = store.blob(b"written after the reader began")
    assert store.read(own) == b"written after the reader began"
    store.close()
    assert store.read(own), "another process is started"
    store.close()


def test_bare_repositories_are_read_if_git_requires_an_explicit_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = tmp_path / "settings"
    settings.write_text("[safe]\n\tbareRepository = explicit\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    store = store_of(tmp_path, "sha1")
    tree = store.tree(entries(store))
    assert store.of_tree(tree) == entries(store)
    assert store.read(entries(store)["a"].blob) == FILES["a"]
    store.close()


def test_many_objects_are_read_by_one_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = store_of(tmp_path, "sha1")
    contents = {store.blob(content): content for content in (b"%d" % at * 99 for at in range(3000))}
    started: list[object] = []
    start = subprocess.Popen.__init__

    def count(self: object, *arguments: object, **options: object) -> None:
        started.append(arguments)
        start(self, *arguments, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess.Popen, "__init__", count)
    assert store.read_all(contents) == contents
    assert [store.read(blob) for blob in list(contents)[:50]] == list(contents.values())[:50]
    assert len(started) == 1
    store.close()


def test_threads_get_the_objects_that_they_request(tmp_path: Path) -> None:
    store = store_of(tmp_path, "sha1")
    contents = {store.blob(content): content for content in (b"%d" % at * 999 for at in range(200))}
    started = threading.Barrier(4)

    def read(_: int) -> bool:
        started.wait()
        return all(store.read(blob) == content for blob, content in contents.items())

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(read, range(4)))
    store.close()


def test_contents_too_large_for_text_are_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = store_of(tmp_path, "sha1")
    monkeypatch.setattr(trees, "LARGEST", 10)
    small, large = store.blob(b"0123456789"), store.blob(b"0123456789a")
    assert store.read_all([small, large]) == {small: b"0123456789", large: b""}
    store.close()


def test_a_missing_object_is_reported(tmp_path: Path) -> None:
    store = store_of(tmp_path, "sha1")
    there, missing = store.blob(b"there"), "1" * 40
    for ask in (store.read_all, lambda blobs: [store.read(blob) for blob in blobs]):
        with pytest.raises(GitError, match=missing):
            ask([missing, there])
        assert store.read(there) == b"there", "requests and responses are still in step"
    store.close()


def test_new_objects_are_compressed(tmp_path: Path) -> None:
    store = store_of(tmp_path, "sha1")
    blob = store.blob(b"a" * 1000)
    kept = (store.folder / "objects" / blob[:2] / blob[2:]).read_bytes()
    assert zlib.decompress(kept) == b"blob 1000\0" + b"a" * 1000
    assert len(kept) < 100


@pytest.mark.parametrize(
    "paths", [["a", "a/b"], ["a/b", "a"], [".git/config"], ["a//b"], ["../a"], ["/a"], [""]]
)
def test_a_tree_that_git_refuses(paths: list[str], tmp_path: Path) -> None:
    store = store_of(tmp_path, "sha1")
    entry = store.entry(b"")
    with pytest.raises(GitError):
        store.tree(dict.fromkeys(paths, entry))


def test_a_store_with_an_odd_path(tmp_path: Path) -> None:
    git = repository(tmp_path / 'line\nquote"back\\slash', "sha1")
    store = Store(tmp_path / "store.git", git.folder / ".git" / "objects")
    blob = identify("blob", FILES["a"], "sha1")
    assert store.read(blob) == FILES["a"]
    store.close()
