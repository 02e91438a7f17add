"""Projects with `.template-signers` accept releases only if their tags are signed by these keys."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.rendering import ROOT
from updating.errors import Status
from updating.git import Git

from .published import Generate, commit_all, git_in, release
from .test_script import template

SCRIPT = ROOT / "template" / "scripts" / "update.py"
SIGNERS = ".template-signers"
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """A folder with the key of the maintainer, and the key of somebody else."""
    folder = tmp_path / "keys"
    folder.mkdir()
    for name in ("maintainer", "other"):
        make = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
        subprocess.run(make, check=True)
    return folder


def accept(project: Path, keys: Path) -> None:
    public = (keys / "maintainer.pub").read_text()
    (project / SIGNERS).write_text(f'maintainer@example.org namespaces="git" {public}')


def sign(git: Git, name: str, key: Path, commit: str = "HEAD") -> None:
    settings = ("-c", "gpg.format=ssh", "-c", f"user.signingKey={key}")
    git.run(*settings, "tag", "--force", "--sign", "--message", f"Release {name}", name, commit)


@pytest.fixture
def git(tmp_path: Path, keys: Path) -> Git:
    """A template whose release 1.0.0 is signed, and whose program prints how it was called."""
    template(tmp_path / "template")
    git = git_in(tmp_path / "template")
    sign(git, "1.0.0", keys / "maintainer")
    return git


@pytest.fixture
def project(git: Git, tmp_path: Path, keys: Path) -> Path:
    folder = tmp_path / "project"
    (folder / "scripts").mkdir(parents=True)
    (folder / "scripts" / "update.py").write_bytes(SCRIPT.read_bytes())
    (folder / ".copier-answers.yml").write_text("_commit: 1.0.0\n_src_path: ../template\n")
    accept(folder, keys)
    return folder


def run(project: Path, *options: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "scripts/update.py", *options],
        cwd=project,
        env={
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            **variables,
        },
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_signed_release_is_accepted(project: Path, git: Git) -> None:
    done = run(project)
    assert done.returncode == 3, done.stderr
    called = json.loads(done.stdout)
    assert called["arguments"][1:3] == ["--to", "1.0.0"]
    assert called["environment"]["TEMPLATE_VERIFIED"] == git.text("rev-parse", "HEAD")


def test_the_program_of_the_signed_release_runs_and_no_later_one(project: Path, git: Git) -> None:
    program = Path(git.folder, "updating", "__main__.py")
    listing = "import subprocess, sys\nprint(subprocess.run(['git', '-C', sys.argv[-1], "
    listing += "'for-each-ref', '--format=%(refname)'], capture_output=True, text=True).stdout)\n"
    program.write_text(listing)
    commit_all(Path(git.folder))
    sign(git, "1.1.0", project.parent / "keys" / "maintainer")
    program.write_text("raise SystemExit('unsigned code has run')\n")
    commit_all(Path(git.folder))
    git.run("branch", "evil")
    git.run("tag", "note")
    done = run(project)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["refs/tags/1.0.0", "refs/tags/1.1.0"]


def lightweight(git: Git, keys: Path) -> None:
    git.run("tag", "1.1.0")


def annotated(git: Git, keys: Path) -> None:
    git.run("tag", "--annotate", "--message", "Release", "1.1.0")


def by_somebody_else(git: Git, keys: Path) -> None:
    sign(git, "1.1.0", keys / "other")


def moved(git: Git, keys: Path) -> None:
    """The signature of one tag, on another commit."""
    sign(git, "1.1.0", keys / "maintainer")
    text = git.text("cat-file", "tag", "1.1.0")
    signed = git.text("rev-parse", "HEAD")
    commit = commit_all(Path(git.folder))
    made = Path(git.folder, ".git", "moved")
    made.write_text(text.replace(signed, commit) + "\n")
    git.run("update-ref", "refs/tags/1.1.0", git.text("hash-object", "-t", "tag", "-w", str(made)))


@pytest.mark.parametrize("publish", [lightweight, annotated, by_somebody_else, moved])
def test_another_release_is_refused(
    publish: Callable[[Git, Path], None], project: Path, git: Git, keys: Path
) -> None:
    Path(git.folder, "new").touch()
    commit_all(Path(git.folder))
    publish(git, keys)
    done = run(project)
    assert (done.returncode, done.stdout) == (Status.REFUSED, "")
    assert done.stderr == (
        f"1.1.0 of the template is no tag that is signed by a key in {SIGNERS}: "
        "nothing was changed.\n"
    )
    # The signed one can still be named.
    assert run(project, "--to", "1.0.0").returncode == 3


def test_a_signed_tag_under_another_name_is_refused(project: Path, git: Git) -> None:
    git.run("update-ref", "refs/tags/9.0.0", git.text("rev-parse", "refs/tags/1.0.0"))
    done = run(project)
    assert (done.returncode, done.stdout) == (Status.REFUSED, "")
    assert done.stderr == "The tag 9.0.0 of the template was signed under another name.\n"


@pytest.mark.parametrize("target", ["HEAD", "main", "0.9.0"])
def test_only_tags_are_accepted(target: str, project: Path, git: Git) -> None:
    git.run("branch", "--force", "main")
    done = run(project, "--to", target)
    assert (done.returncode, done.stdout) == (Status.REFUSED, "")
    assert done.stderr.startswith(f"{target} of the template is no tag that is signed")


def test_a_pre_release_is_no_default(project: Path, git: Git) -> None:
    git.run("tag", "2.0.0rc1")
    assert run(project).returncode == 3


def test_a_template_without_tags_is_refused(project: Path, git: Git) -> None:
    git.run("tag", "--delete", "1.0.0")
    done = run(project)
    assert done.returncode == Status.REFUSED
    assert (
        done.stderr == f"The template has no tagged release, and {SIGNERS} requires a signed one.\n"
    )


def test_without_ssh_keygen_nothing_is_accepted(project: Path, tmp_path: Path) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "git").symlink_to("/usr/bin/git")
    done = run(project, PATH=str(tools))
    assert done.returncode == Status.REFUSED
    assert done.stderr == f"{SIGNERS} requires ssh-keygen to check releases: install OpenSSH.\n"


@pytest.mark.slow
def test_a_project_is_updated_to_a_signed_release_only(
    generate: Generate, published: Path, newest: str, keys: Path, tmp_path: Path
) -> None:
    project = generate({"preset": "minimal"}, version=newest)
    accept(project, keys)
    commit_all(project)
    newer = tmp_path / "newer"
    git_in(published).run("clone", "--quiet", str(published), str(newer))
    release(newer, "99.0.0")
    head = git_in(project).text("rev-parse", "HEAD")
    to_newer = ("--template", str(newer))
    assert run(project, *to_newer).returncode == Status.REFUSED
    # Other commands run the same program, which has no checked commit then.
    program = [sys.executable, "-m", "updating", str(project), *to_newer]
    done = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == Status.REFUSED
    assert "accepts signed releases only" in done.stderr
    assert git_in(project).text("rev-parse", "HEAD") == head

    sign(git_in(newer), "99.0.0", keys / "maintainer")
    done = run(project, *to_newer)
    assert done.returncode == Status.CLEAN, done.stderr
    assert "_commit: 99.0.0" in (project / ".copier-answers.yml").read_text()
    assert (project / SIGNERS).exists()
