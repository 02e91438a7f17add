"""Line endings do not count as edits, and an update keeps those of the project."""

from __future__ import annotations

import pytest

from updating.line_ends import as_in, plain
from updating.merge import Files, Merged, merge
from updating.trees import Entry, Store

BASE = b"one\ntwo\nthree\nfour\nfive\nsix\n"
THEIRS = b"ONE\ntwo\nthree\nfour\nfive\nSIX\n"
BOM = b"\xef\xbb\xbf"


def crlf(content: bytes) -> bytes:
    return content.replace(b"\n", b"\r\n")


def files(store: Store, *named: tuple[str, bytes]) -> Files:
    return {path: store.entry(content) for path, content in named}


def merged(
    store: Store, base: bytes, ours: bytes, theirs: bytes, path: str = "a.txt"
) -> tuple[bytes, Merged]:
    sides = (files(store, (path, side)) for side in (base, ours, theirs))
    done = merge(store, *sides, name="new")
    return store.read(done.files[path].blob), done


CASES = {
    "one pasted line": (
        BASE.replace(b"three\n", b"three\npasted\r\n"),
        THEIRS.replace(b"three\n", b"three\npasted\r\n"),
    ),
    "one line with another ending": (
        BASE.replace(b"three\n", b"three\r\n"),
        THEIRS.replace(b"three\n", b"three\r\n"),
    ),
    "all lines": (crlf(BASE), crlf(THEIRS)),
    "all lines but one": (
        crlf(BASE).replace(b"three\r\n", b"three\n"),
        crlf(THEIRS).replace(b"three\r\n", b"three\n"),
    ),
    "no end of the last line": (
        crlf(BASE).replace(b"three", b"3").removesuffix(b"\r\n"),
        None,
    ),
    "a mark at the beginning": (BOM + BASE, BOM + THEIRS),
    "a mark and all lines": (BOM + crlf(BASE), BOM + crlf(THEIRS)),
    "two carriage returns": (
        BASE.replace(b"three\n", b"three\r\r\n"),
        THEIRS.replace(b"three\n", b"three\r\r\n"),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_changes_are_merged_and_line_endings_are_kept(name: str, store: Store) -> None:
    ours, wanted = CASES[name]
    content, done = merged(store, BASE, ours, THEIRS)
    if wanted is None:
        assert [conflict.lines for conflict in done.conflicts] == [(6,)]
        assert content.startswith(b"ONE\r\ntwo\r\n3\r\n")
    else:
        assert not done.conflicts
        assert content == wanted


def test_unedited_files_get_the_template_s_carriage_returns(store: Store) -> None:
    assert merged(store, crlf(BASE), crlf(BASE), crlf(THEIRS))[0] == crlf(THEIRS)
    assert merged(store, BASE, BASE, crlf(THEIRS))[0] == crlf(THEIRS)
    sides = (files(store), files(store), files(store, ("new.bat", crlf(BASE))))
    done = merge(store, *sides, name="new")
    assert store.read(done.files["new.bat"].blob) == crlf(BASE)


def test_an_edited_file_with_carriage_returns_in_the_template(store: Store) -> None:
    edited = BASE.replace(b"three", b"3")
    wanted = THEIRS.replace(b"three", b"3")
    assert merged(store, crlf(BASE), crlf(edited), crlf(THEIRS))[0] == crlf(wanted)
    assert merged(store, crlf(BASE), edited, crlf(THEIRS))[0] == wanted, (
        "the project's line endings are kept"
    )
    assert merged(store, BASE, edited, crlf(THEIRS))[0] == wanted


def test_a_conflict_has_the_project_s_line_endings(store: Store) -> None:
    ours = crlf(BASE).replace(b"one", b"mine")
    content, done = merged(store, BASE, ours, THEIRS)
    assert content.startswith(b"<<<<<<< your-project\r\nmine\r\n=======\r\nONE\r\n>>>>>>> new\r\n")
    assert content.count(b"\n") == content.count(b"\r\n")
    stages = {number: store.read(entry.blob) for number, entry in done.stages["a.txt"].items()}
    assert stages == {1: crlf(BASE), 2: ours, 3: crlf(THEIRS)}


def test_a_binary_file_is_left_alone(store: Store) -> None:
    binary = b"\r\n\0\r\n"
    content, done = merged(store, b"\n\0\n", binary, b"\n\0\n\n")
    assert content == binary
    assert [conflict.path for conflict in done.conflicts] == ["a.txt"]
    assert plain(binary) == binary
    assert as_in(b"\0\n", crlf(BASE)) == b"\0\n"


def test_line_endings_of_renamed_files_are_kept(store: Store) -> None:
    base, theirs = files(store, ("a.txt", BASE)), files(store, ("a.txt", THEIRS))
    ours = files(store, ("mine.txt", crlf(BASE)))
    done = merge(store, base, ours, theirs, name="new")
    assert {path: store.read(entry.blob) for path, entry in done.files.items()} == {
        "mine.txt": crlf(THEIRS)
    }
    ours = files(store, ("a.txt", crlf(BASE.replace(b"three", b"3"))))
    done = merge(store, base, ours, files(store, ("b.txt", THEIRS)), name="new")
    assert {path: store.read(entry.blob) for path, entry in done.files.items()} == {
        "b.txt": crlf(THEIRS.replace(b"three", b"3"))
    }


def test_own_and_kept_files_are_not_changed(store: Store) -> None:
    odd = b"a\r\nb\nc\r\r\nd"
    base = files(store, ("dropped.txt", b"a\nb\nc\nd\n"), ("a.txt", BASE))
    ours = files(store, ("dropped.txt", odd), ("own.csv", BOM + odd), ("a.txt", BASE))
    ours["link"] = Entry("120000", store.blob(b"a\r\nb"))
    done = merge(store, base, ours, files(store, ("a.txt", THEIRS)), name="new")
    assert done.kept == ("dropped.txt",)
    assert {path: entry for path, entry in done.files.items() if path != "a.txt"} == {
        path: entry for path, entry in ours.items() if path != "a.txt"
    }
