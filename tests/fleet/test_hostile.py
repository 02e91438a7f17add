"""Broken, hostile or unreachable repositories: each gets a state, and does not stop the others."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import pytest

from tests.updates.published import Generate, commit_all, git_in
from twelvestar.fleet.find import Found
from twelvestar.fleet.inventory import read_inventory
from twelvestar.fleet.proposals import describe
from twelvestar.fleet.states import State
from twelvestar.fleet.tasks import Outcome

from .command import (
    Command,
    Here,
    command_environment,
    journal_of,
    write_forge_inventory,
    write_inventory,
)
from .conftest import Put
from .standin import Standin

ANSWERS = ".copier-answers.yml"
LINK, FOLDER = "120000", "040000"
# A terminal would execute the first two sequences, and the third changes the text direction.
EVIL = "\x1b]0;owned\x07\x1b[2J\u202egnp.exe"


class Edit:
    """Commits files to a bare repository, also those that no working tree could contain.

    Args:
        folder: The repository's folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def git(self, *words: str, stdin: bytes = b"") -> str:
        """The output of a git command."""
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
        """Set main to a commit."""
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
        """Write a value of `tool.twelvestar.fleet` to pyproject.toml."""
        text = f"{self.text('pyproject.toml')}\n\n[tool.twelvestar]\nfleet = {value}\n"
        self.put({"pyproject.toml": text.encode()})


def bomb() -> bytes:
    levels = [f"a{at}: &a{at} [{', '.join([f'*a{at - 1}'] * 9)}]" for at in range(1, 9)]
    return "\n".join(["a0: &a0 [lol]", *levels]).encode()


def many_files(edit: Edit) -> None:
    """60,000 files, some with line breaks and quotes in their names."""
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
        ".copier-answers.yml is too large for a file of this template: it has 10000000 bytes.",
    ),
    "nested": (lambda edit: edit.put({ANSWERS: b"[" * 60_000}), "refused", "nested too deeply"),
    "endless": (
        lambda edit: edit.put({ANSWERS: b"a: " + b":".join([b"9"] * 20_000)}),
        "refused",
        "is not valid YAML",
    ),
    "bytes": (lambda edit: edit.put({ANSWERS: b"\xff\xfe"}), "refused", "is not text"),
    "link": (
        lambda edit: edit.put({ANSWERS: b"/etc/passwd"}, LINK),
        "refused",
        "contains no answers",
    ),
    "folder": (
        lambda edit: edit.put({f"{ANSWERS}/a": b"a: b\n"}),
        "refused",
        ".copier-answers.yml is not text",
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
        ".copier-answers.yml has an invalid _commit: restore it from an earlier commit.",
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
    "broken": (broken_object, "refused", "Its repository is corrupt: fsck error"),
    "pack": (
        lambda edit: edit.put({"large.bin": os.urandom(3_000_000)}),
        "refused",
        "It has more than 2 MB: raise `megabytes`",
    ),
    "toml": (
        lambda edit: edit.put({"pyproject.toml": b"a = " + b"[" * 50_000}),
        "refused",
        "pyproject.toml is not valid TOML: fix it.",
    ),
    "parts": (
        lambda edit: edit.put({"pyproject.toml": b"a.'a'." * 20_000 + b"a = 1"}),
        "refused",
        "pyproject.toml has a key with too many parts: fix it.",
    ),
    "out": (lambda edit: edit.wish("false"), "opted-out", "tool.twelvestar.fleet = false"),
    "range": (lambda edit: edit.wish('"<1.6"'), "opted-out", "allows only <1.6."),
    "nonsense": (lambda edit: edit.wish('"nonsense"'), "refused", "is neither true, false nor"),
}


@pytest.mark.slow
def test_each_service_gets_its_state_and_does_not_stop_others(
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
    expect("huge", "refused", "It has 5000 MB, and the limit is 2 MB.")
    put("archived", archived=True)
    expect("archived", "archived", "")
    put("protected", protected=[f"template-{newest}"])
    expect("protected", "failed", "Git failed: ")
    put("old")
    forge.rename(f"{org}/old", f"{org}/renamed")
    expect("renamed", "proposed", "")
    expect("gone", "refused", f"repos/{org}/gone, or not for this token")
    # The branch of an earlier update without pull request, with a commit by somebody else.
    forge.commit(put("theirs"), {"a.txt": "Ours.\n"}, branch=f"template-{newest}")
    expect("theirs", "theirs", f"Others have committed to template-{newest}")
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
        "Its repository uses SHA-256, and only SHA-1 is supported.",
    )
    expect("missing.git", "failed", "Git failed: ")
    src = tmp_path / "src"
    git_in(tmp_path).run("clone", "--quiet", str(seed), str(src / f"name\n{EVIL}"))
    (src / "linked").symlink_to(src / f"name\n{EVIL}")
    (src / "again").symlink_to(src)
    (src / "loop").symlink_to("loop")
    hidden = EVIL.encode("unicode_escape").decode()
    expect(f"name\\n{hidden}", "pushed", "")
    expect("src", "refused", "It is not in a git repository that belongs to you")
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
    for words in (("run",), ("find",), ("report", "--junit", "report.xml")):
        printed.append(fleet(*words, **tokens, FLEET_RETRY_DELAY="0.02"))
    assert forge.writes() == writes
    for done in printed:
        assert done.returncode in (0, 4), done.stderr
        for text in (done.stdout, done.stderr):
            assert "Traceback" not in text
            odd = {each for each in text if not each.isprintable() and each != "\n"}
            assert not odd
    assert not list(tmp_path.rglob("owned"))


def test_tokens_are_checked_before_anything_is_written(
    here: Here, put: Put, forge: Standin, published: Path, org: str, seed: Path, tmp_path: Path
) -> None:
    put("service")
    more = f"[[forge]]\nkind = 'git'\ntoken = 'env:FLEET_OTHER'\nrepos = ['{seed}']"
    write_forge_inventory(tmp_path, published, forge, org, more)
    for variables, sentence in (
        ({"FLEET_TOKEN": ""}, "The variable FLEET_TOKEN is empty: set it to a token."),
        ({}, "The variable FLEET_OTHER is empty: set it to a token."),
        (
            {"FLEET_TOKEN": forge.make_token(expired=True)},
            "The token in FLEET_TOKEN is wrong, expired or revoked",
        ),
        ({"FLEET_TOKEN": "unknown"}, "The token in FLEET_TOKEN is wrong, expired or revoked"),
        (
            {"FLEET_TOKEN": forge.make_token(scopes=["repo"])},
            "The token in FLEET_TOKEN lacks the scope workflow",
        ),
    ):
        other = {} if "FLEET_OTHER" in sentence else {"FLEET_OTHER": "x"}
        done = here("run", **variables, **other)
        assert done.returncode == 1
        assert sentence in done.stderr
    assert org not in str(forge.writes())
    assert git_in(seed).text("branch", "--list") == "* main"


@pytest.mark.slow
def test_requests_are_retried_during_an_outage(
    here: Here, put: Put, forge: Standin, published: Path, org: str, tmp_path: Path
) -> None:
    write_forge_inventory(tmp_path, published, forge, org)
    for at, match in enumerate(("", r"\.git/", r"git-receive-pack", r"POST .*/pulls$")):
        service = put(f"service-{at}")
        forge.fault(match, times=-1, drop=True)
        timer = threading.Timer(0.7, forge.clear_faults)
        timer.start()
        done = here("run", FLEET_RETRY_DELAY="0.2")
        timer.join()
        assert done.returncode == 0, done
        assert [pull.state for pull in forge.pulls(service)] == ["open"]


def test_a_long_outage_ends_the_run_and_the_next_one_continues(
    here: Here, put: Put, forge: Standin, published: Path, org: str, tmp_path: Path
) -> None:
    service = put("one")
    write_forge_inventory(tmp_path, published, forge, org)
    forge.down()
    done = here("run", FLEET_RETRY_DELAY="0.002")
    assert done.returncode == 4
    assert f"{forge.url('github')} cannot be reached" in done.stderr
    forge.clear_faults()
    for match in (r"\.git/", r"git-receive-pack", r"POST .*/pulls$"):
        forge.fault(match, times=-1, status=503)
        done = here("run", FLEET_RETRY_DELAY="0.002")
        assert done.returncode == 4
        row = here.rows()["one"]
        assert row["state"] == "failed"
        assert "503" in row["why"] or "failed at POST" in row["why"]
        assert not forge.pulls(service)
        forge.clear_faults()
    assert here("run").returncode == 0
    assert len(forge.pulls(service)) == 1


CANARY = "canary-7Fq2XvT9sLmKpWz4"


def forms(secret: str) -> list[bytes]:
    """A secret, and the middle part of its base64 at all offsets."""
    found = [secret.encode()]
    for before in range(3):
        coded = base64.b64encode(b"x" * before + secret.encode() + b"xxx")
        found.append(coded[4 * (before > 0) : -8])
    return found


def commands(seen: set[bytes], ended: threading.Event) -> None:
    """Collect the command lines of all processes."""
    while not ended.wait(0.01):
        for entry in Path("/proc").iterdir():
            with suppress(OSError):
                if entry.name.isdecimal():
                    seen.add((entry / "cmdline").read_bytes())


@pytest.mark.slow
def test_a_token_is_found_nowhere(
    here: Here, put: Put, forge: Standin, published: Path, org: str, tmp_path: Path
) -> None:
    """Even if forges and git servers echo it."""
    services = {name: put(name) for name in ("plain", "echoed", "hooked", "unread")}
    token = forge.make_token()
    coded = base64.b64encode(f"bot:{token}".encode()).decode()
    hook = forge.path(services["hooked"]) / "hooks" / "update"
    hook.write_text(f"#!/bin/sh\necho 'error: {token} {coded}' >&2\nexit 1\n")
    forge.fault(rf"POST .*/{services['echoed']}/pulls$", times=-1, echo=True)
    forge.fault(rf"GET .*/{services['unread']}/pulls", times=-1, echo=True)
    write_forge_inventory(tmp_path, published, forge, org)
    environment = command_environment(tmp_path)
    seen: set[bytes] = set()
    ended = threading.Event()
    watching = threading.Thread(target=commands, args=(seen, ended))
    watching.start()
    printed = b""
    try:
        for words in (("run", "--workers", "1"), ("report", "--html", "report.html")):
            done = subprocess.run(
                [sys.executable, "-m", "twelvestar", "fleet", *words],
                cwd=tmp_path,
                env={**environment, "FLEET_TOKEN": token, "FLEET_LOG_LEVEL": "debug"},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
            )
            assert done.returncode in (0, 4), done.stderr
            printed += done.stdout + done.stderr
    finally:
        ended.set()
        watching.join()
    assert b"***" in printed
    assert {name: row["state"] for name, row in here.rows().items()} == {
        "plain": "proposed",
        "echoed": "failed",
        "hooked": "failed",
        "unread": "failed",
    }
    texts = {"printed": printed, "commands": b"\n".join(seen)}
    texts |= {"pulls": "".join(pull.body for pull in forge.pulls(services["plain"])).encode()}
    for path in tmp_path.rglob("*"):
        if path.is_file():
            texts[str(path)] = path.read_bytes()
    assert any(name.endswith("journal.sqlite3") for name in texts)
    for name, text in texts.items():
        for form in forms(token):
            assert form not in text, name


@pytest.mark.parametrize("what", ["missing", "empty", "other"])
def test_an_invalid_template(
    here: Here, put: Put, forge: Standin, org: str, tmp_path: Path, seed: Path, what: str
) -> None:
    service = put("service")
    template = tmp_path / "another"
    sentence = f"The template could not be fetched from {template}: "
    if what == "empty":
        git_in(tmp_path).run("init", "--quiet", str(template))
        sentence = f"The template at {template} is empty: "
    elif what == "other":
        git_in(tmp_path).run("clone", "--quiet", str(seed), str(template))
        sentence = "does not support the fleet"
    write_forge_inventory(tmp_path, template, forge, org)
    done = here("run")
    assert done.returncode == (1 if what == "other" else 4)
    assert sentence in done.stderr
    assert not forge.pulls(service)


def test_a_broken_journal_is_reported_and_can_be_moved_away(
    here: Here, put: Put, forge: Standin, published: Path, org: str, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    put("service")
    write_forge_inventory(tmp_path, published, forge, org)
    assert here("run").returncode == 0
    path = tmp_path / ".fleet" / "journal.sqlite3"
    good = path.read_bytes()
    writes = forge.writes()
    for statement in (
        "UPDATE line SET state = 'odd'",
        "UPDATE line SET about = '{'",
        "UPDATE service SET about = '{'",
        "DROP TABLE line",
        "PRAGMA user_version = 99",
        "",
    ):
        if statement:
            with journal_of(tmp_path) as base:
                base.execute(statement)
        else:
            path.write_bytes(b"This is no database. " * 500)
        for command in ("run", "report"):
            done = here(command)
            assert done.returncode in (1, 4), (command, statement)
            assert f"The journal {Path('.fleet') / path.name} " in done.stderr
        path.write_bytes(good)
    monkeypatch.setattr("twelvestar.fleet.journal._PATIENCE", 0.1)
    with journal_of(tmp_path) as base:
        base.execute("BEGIN EXCLUSIVE")
        done = here("run")
        assert done.returncode in (1, 4)
        assert "database is locked" in done.stderr
    path.unlink()
    assert here("run").returncode == 0
    assert forge.writes() == writes


def test_a_read_only_state_folder_is_reported(
    here: Here, published: Path, forge: Standin, org: str, put: Put, tmp_path: Path
) -> None:
    put("service")
    write_forge_inventory(tmp_path, published, forge, org)
    (tmp_path / "file").write_text("")
    for place in ("file", "file/state", "/proc/state"):
        done = here("run", "--state", place)
        assert done.returncode == 1
        assert f"The state folder {place} cannot be written" in done.stderr


@pytest.mark.slow
def test_a_full_disk_ends_a_run_and_the_next_one_continues(
    put: Put, forge: Standin, published: Path, org: str, tmp_path: Path
) -> None:
    service = put("service")
    write_forge_inventory(tmp_path, published, forge, org)
    for blocks, statuses in ((50, (1, 4)), (300, (1, 4)), (20_000, (0,))):
        assert not forge.pulls(service)
        run = [sys.executable, "-m", "twelvestar", "fleet", "run"]
        done = subprocess.run(
            ["sh", "-c", f'ulimit -f {blocks} && exec "$@"', "sh", *run],
            cwd=tmp_path,
            env={**command_environment(tmp_path), "FLEET_TOKEN": forge.token},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert "Traceback" not in done.stderr
        assert done.returncode in statuses, done
    assert len(forge.pulls(service)) == 1


def test_locks_of_a_killed_git_are_removed(
    here: Here, put: Put, forge: Standin, published: Path, org: str, tmp_path: Path
) -> None:
    service = put("service")
    write_forge_inventory(tmp_path, published, forge, org, "[defaults]\nseconds = 60")
    here("find")
    forge.commit(service, {"a.txt": "A.\n"})
    clone = next((tmp_path / ".fleet" / "clones").iterdir())
    lock = clone / "shallow.lock"
    lock.write_text("")
    done = here("run", FLEET_RETRY_DELAY="0.002")
    assert done.returncode == 4
    assert "shallow.lock" in here.rows()["service"]["why"]
    before = time.time() - 61
    os.utime(lock, (before, before))
    assert here("run", FLEET_RETRY_DELAY="0.002").returncode == 0
    assert len(forge.pulls(service)) == 1


def test_cached_updates_of_other_versions_are_ignored(
    here: Here, put: Put, forge: Standin, published: Path, org: str, tmp_path: Path
) -> None:
    service = put("service")
    write_forge_inventory(tmp_path, published, forge, org)
    here("preview")
    for path in (tmp_path / ".fleet" / "clones").glob("*/updates/*"):
        path.write_text('{"state": "clean", "unknown": 1}')
    assert here("run").returncode == 0
    assert len(forge.pulls(service)) == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("echo 'error: No such package' >&2; exit 1", "error: No such package."),
        ("sleep 60", "uv took more than 0.3 seconds."),
    ],
    ids=["fails", "takes long"],
)
def test_a_failed_lock_is_reported_in_the_pull_request(
    here: Here, forge: Standin, published: Path, org: str, generate: Generate, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, script: str, why: str,
) -> None:  # fmt: skip
    monkeypatch.setattr("updating.locking.SECONDS", 0.3)
    work = generate({"preset": "minimal"})
    (work / "uv.lock").write_text("version = 1\nrequires-python = '>=3.11'\n")
    commit_all(work, "Lock")
    forge.add(f"{org}/service", work)
    uv = tmp_path / "bin" / "uv"
    uv.parent.mkdir()
    uv.write_text(f"#!/bin/sh\n{script}\n")
    uv.chmod(0o755)
    write_forge_inventory(tmp_path, published, forge, org)
    assert here("run", PATH=f"{uv.parent}:{os.environ['PATH']}").returncode == 0
    pull = forge.pulls(f"{org}/service")[0]
    assert f"uv.lock was not updated: run `uv lock`, because {why}" in pull.body


def test_a_long_report_keeps_its_end(tmp_path: Path) -> None:
    """The end contains the next steps for people."""
    inventory = read_inventory(write_inventory(tmp_path, tmp_path, [tmp_path]))
    place, state = inventory.forge[0], State.PUSHED
    text = "What is new.\n" + "- More ``` of it.\n" * 100_000 + "Run `uv lock`."
    outcome = Outcome(state=state, old="1.5.0", release="1.6.0", text=text)
    found = Found(key="a", name="a", place=place, index=0, source="a", outcome=outcome)
    body = describe(found, outcome)[1]
    assert len(body) < 35_000
    assert "````text\nWhat is new.\n" in body
    assert "\nRun `uv lock`.\n````" in body


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        (
            "kind = 'folder'\nglob = 'none/*'",
            "The inventory's glob none/* matches no folder: fix it.",
        ),
        (
            "kind = 'folder'\nglob = '~nobody-here/*'",
            "glob ~nobody-here/* names a user who does not exist here",
        ),
        ("kind = 'git'\nrepos = ['ext::sh -c touch% owned']", "cannot be fetched: use a path"),
        (
            "kind = 'git'\nrepos = ['--upload-pack=touch owned']",
            "is not the location of a repository",
        ),
    ],
)
def test_an_invalid_location_in_the_inventory(
    here: Here, published: Path, tmp_path: Path, lines: str, sentence: str
) -> None:
    (tmp_path / "fleet.toml").write_text(f"template = '{published}'\n[[forge]]\n{lines}\n")
    done = here("run")
    assert done.returncode == 1
    assert sentence in done.stderr
    assert not list(tmp_path.rglob("owned"))


def test_an_organisation_without_repositories_is_reported(
    here: Here, published: Path, forge: Standin, org: str, put: Put, tmp_path: Path
) -> None:
    put("service", topics=["other"])
    find = f"find = [{{ org = '{org}', topic = 'litestar' }}]"
    write_forge_inventory(tmp_path, published, forge, org, find=find)
    done = here("run")
    assert done.returncode == 1
    assert f"has no repository with org {org}, topic litestar: fix the inventory." in done.stderr
