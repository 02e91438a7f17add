"""What a fleet gets that is broken, hostile or away: each ends in a state, and stops no other."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.updates.published import commit_all, git_in

from .command import Command, Here, write_forge_inventory
from .conftest import Put
from .standin import Standin

ANSWERS = ".copier-answers.yml"
LINK, FOLDER = "120000", "040000"
# A terminal would obey the first and the second, and turn the third.
EVIL = "\x1b]0;owned\x07\x1b[2J\u202egnp.exe"


class Edit:
    """Commits to bare repositories what no working tree could have.

    Args:
        git: The repository's folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def git(self, *words: str, stdin: bytes = b"") -> str:
        """What a command of git prints."""
        people = {
            f"GIT_{role}_{part}": "owner@example.org"
            for role in ("AUTHOR", "COMMITTER")
            for part in ("NAME", "EMAIL")
        }
        done = subprocess.run(
            ["git", "-c", "safe.directory=*", *words],
            cwd=self.folder,
            env={**os.environ, **people},
            input=stdin,
            capture_output=True,
            check=True,
        )
        return done.stdout.decode().strip()

    def put(self, files: Mapping[str, bytes], mode: str = "100644") -> None:
        """Commit files to main.

        Args:
            files: Their contents by path.
            mode: Their mode.
        """
        lines = b""
        for path, content in files.items():
            kind = ["-t", "tree"] if mode == FOLDER else []
            blob = self.git("hash-object", *kind, "-w", "--stdin", stdin=content)
            lines += f"{mode} {blob}\t{path}".encode() + b"\0"
        self.git("read-tree", "main")
        self.git("update-index", "-z", "--add", "--replace", "--index-info", stdin=lines)
        tree = self.git("write-tree")
        self.point(self.git("commit-tree", tree, "-p", "main", "-m", "Edit"))

    def point(self, commit: str) -> None:
        """Have main be a commit."""
        self.git("update-ref", "refs/heads/main", commit)

    def text(self, path: str) -> str:
        """A file of main."""
        return self.git("show", f"main:{path}")

    def answers(self, old: str, new: str) -> None:
        """Replace a line of the answers."""
        text = self.text(ANSWERS)
        line = next(each for each in text.splitlines() if each.startswith(old))
        self.put({ANSWERS: text.replace(line, new).encode() + b"\n"})

    def wish(self, value: str) -> None:
        """Write what the fleet may do into pyproject.toml."""
        text = f"{self.text('pyproject.toml')}\n\n[tool.twelvestar]\nfleet = {value}\n"
        self.put({"pyproject.toml": text.encode()})


def bomb() -> bytes:
    levels = [f"a{at}: &a{at} [{', '.join([f'*a{at - 1}'] * 9)}]" for at in range(1, 9)]
    return "\n".join(["a0: &a0 [lol]", *levels]).encode()


def many_files(edit: Edit) -> None:
    """60,000 of them, the names of some with line ends and quotes."""
    blob = edit.git("hash-object", "-w", "--stdin", stdin=b"x")
    names = [f'odd "{at}\n{EVIL}' if at % 1000 == 0 else f"file{at}" for at in range(30_000)]
    tree = "".join(f"100644 blob {blob}\t{name}\0" for name in names).encode()
    made = edit.git("mktree", "-z", stdin=tree)
    root = edit.git("ls-tree", "-z", "main").encode()
    root += f"040000 tree {made}\tmany\0040000 tree {made}\tmore\0".encode()
    root = edit.git("mktree", "-z", stdin=root).encode()
    edit.point(edit.git("commit-tree", root.decode(), "-p", "main", "-m", "Many"))


def broken_object(edit: Edit) -> None:
    tree = edit.git("rev-parse", "main^{tree}")
    commit = f"tree {tree}\nauthor nobody\n\nBroken\n".encode()
    kind = ("-t", "commit", "-w", "--literally", "--stdin")
    edit.git("pack-refs", "--all")
    made = edit.git("hash-object", *kind, stdin=commit)
    refs = edit.folder / "packed-refs"
    refs.write_text(refs.read_text().replace(edit.git("rev-parse", "main"), made))


def submodule(edit: Edit) -> None:
    edit.put({".gitmodules": b'[submodule "x"]\n\tpath = x\n\turl = ext::sh -c "touch owned"\n'})
    info = f"160000,{'1' * 40},x"
    edit.git("update-index", "--add", "--cacheinfo", info)
    tree = edit.git("write-tree")
    edit.point(edit.git("commit-tree", tree, "-p", "main", "-m", "Submodule"))


Case = tuple[Callable[[Edit], None], str, str]
CASES: dict[str, Case] = {
    "bomb": (lambda edit: edit.put({ANSWERS: bomb()}), "refused", "has YAML aliases"),
    "large": (
        lambda edit: edit.put({ANSWERS: b"a: b\n" * 2_000_000}),
        "refused",
        ".copier-answers.yml has 10000000 bytes: it is no file of this template.",
    ),
    "nested": (lambda edit: edit.put({ANSWERS: b"[" * 60_000}), "refused", "nested too deep"),
    "endless": (
        lambda edit: edit.put({ANSWERS: b"a: " + b":".join([b"9"] * 20_000)}),
        "refused",
        "is not valid YAML",
    ),
    "bytes": (lambda edit: edit.put({ANSWERS: b"\xff\xfe"}), "refused", "is no text"),
    "link": (
        lambda edit: edit.put({ANSWERS: b"/etc/passwd"}, LINK),
        "refused",
        "holds no answers",
    ),
    "folder": (
        lambda edit: edit.put({f"{ANSWERS}/a": b"a: b\n"}),
        "refused",
        ".copier-answers.yml is no text",
    ),
    "nameless": (
        lambda edit: edit.answers("_src_path", "x: y"),
        "foreign",
        "It has no answers file that names a template.",
    ),
    "program": (
        lambda edit: edit.answers("_src_path", "_src_path: ext::sh -c touch% owned"),
        "foreign",
        "It was generated from ext::sh -c touch% owned.",
    ),
    "foreign": (
        lambda edit: edit.answers("_src_path", "_src_path: https://joe:secret@example.org/x"),
        "foreign",
        "It was generated from https://example.org/x.",
    ),
    "option": (
        lambda edit: edit.answers("_commit", "_commit: --upload-pack=x"),
        "refused",
        "--upload-pack=x",
    ),
    "stranger": (
        lambda edit: edit.answers("_commit", f"_commit: {'7' * 40}"),
        "refused",
        "7" * 12,
    ),
    "newer": (lambda edit: edit.answers("_commit", "_commit: 99.0.0"), "newer", "It has 99.0.0."),
    "digits": (
        lambda edit: edit.answers("_commit", f"_commit: '1.{'9' * 5000}'"),
        "refused",
        ".copier-answers.yml names no commit: restore it from an earlier commit.",
    ),
    "escapes": (
        lambda edit: edit.answers("_src_path", '_src_path: "\\e]0;owned\\a\\n\\u202Ex"'),
        "foreign",
        "It was generated from ",
    ),
    "escaping": (
        lambda edit: edit.answers("project_name", 'project_name: "\\e[2J\\u202Ex"'),
        "proposed",
        "",
    ),
    "submodule": (submodule, "proposed", ""),
    "files": (many_files, "proposed", ""),
    "broken": (broken_object, "refused", "It is broken: fsck error"),
    "pack": (
        lambda edit: edit.put({"large.bin": os.urandom(3_000_000)}),
        "refused",
        "It has more than 2 MB: raise `megabytes`",
    ),
    "toml": (
        lambda edit: edit.put({"pyproject.toml": b"a = " + b"[" * 50_000}),
        "refused",
        "pyproject.toml is not valid TOML: mend it.",
    ),
    "parts": (
        lambda edit: edit.put({"pyproject.toml": b"a.'a'." * 20_000 + b"a = 1"}),
        "refused",
        "pyproject.toml has a key of too many parts: mend it.",
    ),
    "out": (lambda edit: edit.wish("false"), "opted-out", "tool.twelvestar.fleet = false"),
    "range": (lambda edit: edit.wish('"<1.6"'), "opted-out", "allows only <1.6."),
    "nonsense": (lambda edit: edit.wish('"nonsense"'), "refused", "is neither true, false nor"),
}


def test_each_ends_in_its_own_state_and_stops_no_other(
    fleet: Command, here: Here, seed: Path, put: Put, forge: Standin, published: Path, org: str,
    newest: str, tmp_path: Path,
) -> None:  # fmt: skip
    expected: dict[str, tuple[str, str]] = {}

    def expect(name: str, state: str, why: str) -> None:
        expected[name] = (state, why)

    for name, (edit, state, why) in CASES.items():
        edit(Edit(forge.path(put(name))))
        expect(name, state, why)
    put("healthy")
    expect("healthy", "proposed", "")
    forge.add(f"{org}/empty")
    expect("empty", "refused", "It has no commit yet.")
    put("huge", size=5_000_000)
    expect("huge", "refused", "It has 5000 MB, and at most 2 MB are fetched.")
    put("archived", archived=True)
    expect("archived", "archived", "")
    put("protected", protected=[f"template-{newest}"])
    expect("protected", "failed", "Git failed: ")
    put("old")
    forge.rename(f"{org}/old", f"{org}/renamed")
    expect("renamed", "proposed", "")
    expect("gone", "refused", f"repos/{org}/gone, or not for this token")
    # The head of an earlier update, whose pull request nobody has opened, and somebody's commit.
    forge.commit(put("theirs"), {"a.txt": "Ours.\n"}, branch=f"template-{newest}")
    expect("theirs", "theirs", f"Somebody else's commits are on template-{newest}")
    forge.add(f"{org}x/weak", seed)
    expect("weak", "refused", "The token in FLEET_WEAK may not push to it.")

    plain = tmp_path / "plain"
    for name, words in {
        "headless": ("symbolic-ref", "HEAD", "refs/heads/nowhere"),
        "detached": ("update-ref", "--no-deref", "HEAD", "main"),
    }.items():
        git_in(seed).run("clone", "--quiet", "--bare", str(seed), str(plain / f"{name}.git"))
        git_in(plain / f"{name}.git").run(*words)
    git_in(tmp_path).run("init", "--quiet", "--object-format=sha256", str(plain / "sha256.git"))
    (plain / "sha256.git" / "a").write_text("a")
    commit_all(plain / "sha256.git")
    expect("headless.git", "refused", "It has no commit yet.")
    expect("detached.git", "pushed", "")
    expect(
        "sha256.git",
        "refused",
        "Its commits have names of SHA-256, and those of SHA-1 are updated.",
    )
    expect("missing.git", "failed", "Git failed: ")
    src = tmp_path / "src"
    git_in(tmp_path).run("clone", "--quiet", str(seed), str(src / f"name\n{EVIL}"))
    (src / "linked").symlink_to(src / f"name\n{EVIL}")
    (src / "again").symlink_to(src)
    (src / "loop").symlink_to("loop")
    hidden = EVIL.encode("unicode_escape").decode()
    expect(f"name\\n{hidden}", "pushed", "")
    expect("src", "refused", "It is in no git repository that belongs to you")
    remotes = [f"'{plain / name}'" for name in expected if name.endswith(".git")]
    repos = f"repos = ['{org}/old', '{org}/gone']"
    weak = f"url = '{forge.url('github')}'\nrepos = ['{org}x/weak']\ntoken = 'env:FLEET_WEAK'"
    write_forge_inventory(
        tmp_path, published, forge, org, repos,
        f"[[forge]]\nkind = 'github'\n{weak}\n[defaults]\nmegabytes = 2",
        f"[[forge]]\nkind = 'git'\nrepos = [{', '.join(remotes)}]",
        "[[forge]]\nkind = 'folder'\nglob = 'src/*'",
    )  # fmt: skip
    tokens = {"FLEET_TOKEN": forge.token, "FLEET_WEAK": forge.make_token(may_write=False)}

    printed = []
    done = fleet("run", **tokens, FLEET_RETRY_DELAY="0.02")
    printed.append(done)
    assert done.returncode == 4, done.stderr
    rows = here.rows()
    assert rows.keys() == expected.keys()
    for name, (state, why) in expected.items():
        assert rows[name]["state"] == state, rows[name]
        assert why in rows[name]["why"], rows[name]
    proposed = {name for name, (state, _) in expected.items() if state == "proposed"}
    assert {name.rpartition("/")[2] for name in forge.writes() if name.startswith(org)} == proposed

    writes = forge.writes()
    for words in (("run",), ("find",), ("status",), ("report", "--junit", "report.xml")):
        printed.append(fleet(*words, **tokens, FLEET_RETRY_DELAY="0.02"))
    assert forge.writes() == writes
    for done in printed:
        assert done.returncode in (0, 4), done.stderr
        for text in (done.stdout, done.stderr):
            assert "Traceback" not in text
            odd = {each for each in text if not each.isprintable() and each != "\n"}
            assert not odd
    assert not list(tmp_path.rglob("owned"))
