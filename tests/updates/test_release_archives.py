"""The archives of a release: their contents, and that they are the same each time."""

from __future__ import annotations

import hashlib
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest

from tools.release_archives import write
from tools.release_check import tag
from updating.releases import releases

from .published import git_in, release

pytestmark = pytest.mark.slow


@pytest.fixture
def template(published: Path, tmp_path: Path) -> Path:
    """A clone whose newest release is 99.0.0."""
    folder = tmp_path / "template"
    git_in(published).run("clone", "--quiet", str(published), str(folder))
    release(folder, "99.0.0")
    return folder


def test_archives_have_the_files_of_the_release_and_checksums(
    template: Path, tmp_path: Path
) -> None:
    (template / "uncommitted").touch()
    folder = tmp_path / "files"
    write(template, releases(git_in(template))[-1], folder)
    names = {path.name for path in folder.iterdir()}
    wheel, archive = "twelvestar-99.0.0-py3-none-any.whl", "twelvestar-99.0.0.tar.gz"
    assert names == {wheel, archive, "SHA256SUMS", "notes.md"}
    check = ["sha256sum", "--check", "--strict", "SHA256SUMS"]
    done = subprocess.run(check, cwd=folder, capture_output=True, text=True, check=True)
    assert sorted(done.stdout.split()) == sorted([f"{wheel}:", "OK", f"{archive}:", "OK"])
    with tarfile.open(folder / archive) as opened:
        files = {each.name for each in opened if each.isfile()}
    listed = git_in(template).text("ls-tree", "-r", "--name-only", "99.0.0").splitlines()
    assert files == {f"twelvestar-99.0.0/{name}" for name in listed}
    with zipfile.ZipFile(folder / wheel) as opened_wheel:
        assert "twelvestar/__main__.py" in opened_wheel.namelist()
    assert "To do when updating:" in (folder / "notes.md").read_text()


def test_two_builds_are_the_same(template: Path, tmp_path: Path) -> None:
    [one, two] = (tmp_path / "one", tmp_path / "two")
    for folder in (one, two):
        write(template, releases(git_in(template))[-1], folder)
    for path in one.iterdir():
        digests = [hashlib.sha256((each / path.name).read_bytes()) for each in (one, two)]
        assert digests[0].digest() == digests[1].digest(), path.name


def test_a_signed_tag_is_verified_by_its_key(template: Path, tmp_path: Path) -> None:
    key = tmp_path / "key"
    make = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)]
    subprocess.run(make, check=True)
    git = git_in(template)
    for name, value in {"gpg.format": "ssh", "user.signingKey": str(key)}.items():
        git.run("config", name, value)
    git.run("tag", "--delete", "99.0.0")
    found = releases(git)[-1]
    tag(git, found, sign=True)
    signers = tmp_path / "signers"
    signers.write_text(f"maintainer@example.org {key.with_suffix('.pub').read_text()}")
    setting = f"gpg.ssh.allowedSignersFile={signers}"
    assert git.succeeds("-c", setting, "verify-tag", "99.0.0")
    assert git.text("rev-parse", "99.0.0^{commit}") == found.commit
    signers.write_text("")
    assert not git.succeeds("-c", setting, "verify-tag", "99.0.0")
