from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from string import Formatter

import pytest

from benchmarks.peers.peer import OURS, Peer, missing_clones, peers, read_peer
from benchmarks.scorecard.cards import ROWS

from ..rendering import ROOT

ALL = peers()
PLACEHOLDERS = {
    *("port", "database", "redis", "scratch", "path"),
    *(f"database_{part}" for part in ("host", "port", "name", "password")),
}


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks", "peers", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_ours_is_the_first_one_and_the_others_have_clones() -> None:
    assert [peer.key for peer in ALL if not peer.clone] == [OURS] == [ALL[0].key]
    assert len({peer.url for peer in ALL}) == len(ALL) == 7


@pytest.mark.parametrize("peer", ALL, ids=[peer.key for peer in ALL])
def test_a_description_uses_only_known_placeholders(peer: Peer) -> None:
    project = peer.description
    texts = [*project.commands.values(), *project.environment.values()]
    used = {name for text in texts for _, name, _, _ in Formatter().parse(text) if name}
    assert used <= PLACEHOLDERS


@pytest.mark.parametrize("peer", ALL, ids=[peer.key for peer in ALL])
def test_what_a_description_names_is_used_by_a_row_or_the_measurement(peer: Peer) -> None:
    needed = {need for row in ROWS for need in row.needs}
    named = {f"commands.{name}" for name in peer.description.commands}
    named |= {f"paths.{name}" for name in peer.description.paths}
    assert named - needed <= {"paths.unknown"}


@pytest.mark.parametrize("peer", ALL, ids=[peer.key for peer in ALL])
def test_an_update_has_five_edits_or_there_is_a_reason(peer: Peer) -> None:
    assert (peer.update is None) == ("update" in peer.cannot)
    assert peer.update is None or len(peer.update.edits) == 5


def test_missing_clones_are_named_in_one_sentence(tmp_path: Path) -> None:
    django, uv = peers(["cookiecutter-django", "copier-uv"])
    sentence = missing_clones([django, uv], tmp_path)
    assert sentence.startswith(f"{tmp_path} lacks 2 clones, which you make with: git clone ")
    assert f"git clone {uv.url} {tmp_path}/copier-uv" in sentence
    (tmp_path / "copier-uv").mkdir()
    assert "lacks 1 clone," in missing_clones([django, uv], tmp_path)
    (tmp_path / "cookiecutter-django").mkdir()
    assert missing_clones([django, uv], tmp_path) == ""


def test_ours_needs_no_clone(tmp_path: Path) -> None:
    assert missing_clones(peers([OURS]), tmp_path) == ""


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "peers needs --clones FOLDER, a folder of clones: it downloads no sources"),
        (["--clones", "/nowhere", "--only", "copier-uv"], "/nowhere lacks 1 clone"),
        (["--clones", "/nowhere", "--only", "ruby"], "there is no 'ruby': choose from"),
        (["web", "--clones", "/nowhere"], "peers writes a table of its own"),
        (["--results", "x.json"], "--results needs --page"),
    ],
)
def test_wrong_arguments_are_one_sentence(arguments: list[str], sentence: str) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert sentence in done.stderr.splitlines()[-1]


def test_an_unknown_key_is_reported(tmp_path: Path) -> None:
    file = tmp_path / "x.toml"
    file.write_text('[peer]\nabout = "x"\n[project]\nname = "x"\nsauces = []\n')
    with pytest.raises(TypeError, match="sauces"):
        read_peer(file)
