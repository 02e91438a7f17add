"""Validation of names and URLs from forges."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from twelvestar.fleet.forges import ForgeError
from twelvestar.fleet.forges.names import branch_name, clone_address, commit_id, repository_name

# Characters to which git's rules apply, generated more often than others.
PIECES = st.sampled_from([*"/.@{}~^:?*[\\ -", "..", "@{", ".lock", "//", "HEAD", "a", "ü", "\x7f"])


@settings(deadline=None)
@given(st.lists(PIECES, max_size=5).map("".join))
@example("@")
@example("a.lock/b")
@example("-a")
def test_branch_names_are_those_that_git_accepts(name: str) -> None:
    git = subprocess.run(
        ["git", "check-ref-format", "--branch", name], capture_output=True, check=False
    )
    # Git expands @{-1}, and accepts it.
    takes = git.returncode == 0 and git.stdout.decode().strip() == name
    try:
        taken = branch_name(name) == name
    except ForgeError:
        taken = False
    assert taken == (takes and name != "@")


@pytest.mark.parametrize("name", ["acme/pay", "a/b/c/d", "a_b/c.d", "acme/.github", "a/c++"])
def test_names_of_repositories(name: str) -> None:
    assert repository_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        *("", "/", "a//b", "/a/b", "a/b/", "a/..", "../a", "a/.", "-a/b", "a/b.git", "a/-b"),
        *("a/b\n", "a/b?c", "a/b#c", "a/b%2e", "a b/c", "a/b\x00", "a/\u202eb", "a:b/c", "a\\b"),
        "a/" + "b" * 500,
    ],
)
def test_invalid_names_of_repositories(name: str) -> None:
    with pytest.raises(ForgeError, match=r"^Invalid repository name"):
        repository_name(name)


@pytest.mark.parametrize(
    ("url", "forge"),
    [
        ("https://github.com/acme/pay.git", "https://github.com"),
        ("https://GitHub.com:443/acme/pay.git", "https://github.com/"),
        ("http://127.0.0.1:81/github/acme/pay.git", "http://127.0.0.1:81/github"),
        ("http://[::1]:81/acme/pay.git", "http://[::1]:81"),
    ],
)
def test_clone_urls(url: str, forge: str) -> None:
    assert clone_address(url, forge) == url


@pytest.mark.parametrize(
    "url",
    [
        *("https://evil.example/a/b.git", "http://git.example.org/a/b.git", "a/b", ""),
        *("https://git.example.org@evil.example/a", "https://bot:pw@git.example.org/a/b.git"),
        *("https://git.example.org:8443/a/b.git", "ssh://git@git.example.org/a/b.git"),
        *("https://git.example.org/a/../b.git", "https://git.example.org/a/b.git\n"),
        *("https://git.example.org:x/a", "ext::sh -c id", "file:///etc/passwd", "--upload-pack=x"),
        *("https://git.example.org/a?b", "https://git.example.org/a#b", "https://[::1"),
    ],
)
def test_refused_clone_urls(url: str) -> None:
    with pytest.raises(ForgeError, match="refused"):
        clone_address(url, "https://git.example.org")


@pytest.mark.parametrize("text", ["", "abc", "A" * 40, "a" * 41, "a" * 39 + "\n", "../" + "a" * 37])
def test_commit_ids(text: str) -> None:
    assert commit_id("a" * 40) and commit_id("b" * 64)
    with pytest.raises(ForgeError, match=r"^Invalid commit id"):
        commit_id(text)
