"""Continuous integration: valid, pinned, with few permissions, and it does its work.

Nothing here reaches GitHub or GitLab: their own side of it is judged by linters alone.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.rendering import ROOT, files, render
from tests.updates.published import commit_all, publish, release
from updating.git import Git

from .tools import begun, generated, must, run

KINDS = ["full", "plain"]
WORKFLOWS = ".github/workflows"
# Commands, and what of a project they look at.
GITHUB_VALIDATORS = {
    "actionlint": ["actionlint"],
    "zizmor": ["zizmor", "--offline", "--quiet", "--persona", "pedantic", "."],
    "schema": ["check-jsonschema", "--builtin-schema", "github-workflows"],
}
GITLAB_SCHEMA = ["check-jsonschema", "--builtin-schema", "gitlab-ci", ".gitlab-ci.yml"]


def validate(project: Path, validator: str) -> tuple[int, str]:
    command = list(GITHUB_VALIDATORS[validator])
    if validator == "schema":
        command += sorted(str(path) for path in (project / WORKFLOWS).iterdir())
    done = run(*command, folder=project)
    return done.returncode, done.stdout


def workflows(project: Path) -> dict[str, Any]:
    return {
        path.name: yaml.safe_load(path.read_text())
        for path in sorted((project / WORKFLOWS).iterdir())
    }


def jobs(project: Path) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for file, workflow in workflows(project).items():
        for name, job in workflow["jobs"].items():
            yield file, name, job


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def github(kind: str, template: Path, shared: Path) -> Path:
    return generated(template, shared, f"github-{kind}")


@pytest.fixture
def gitlab(kind: str, template: Path, shared: Path) -> Path:
    return generated(template, shared, f"gitlab-{kind}")


@pytest.fixture
def project(template: Path, shared: Path, tmp_path: Path) -> Path:
    """A service with all that there is on GitHub, to be changed."""
    return shutil.copytree(generated(template, shared, "github-full"), tmp_path / "project")


@pytest.mark.parametrize("validator", GITHUB_VALIDATORS)
def test_validators_find_nothing_in_the_workflows(github: Path, validator: str) -> None:
    status, said = validate(github, validator)
    assert status == 0, said


@pytest.mark.parametrize(
    ("validator", "old", "new", "says"),
    [
        ("actionlint", "matrix.python }}", "matrix.pyton }}", "pyton"),
        ("zizmor", r"checkout@[0-9a-f]{40}", "checkout@v7", "unpinned-uses"),
        ("zizmor", r" +with:\n +persist-credentials: false\n", "", "artipacked"),
        ("zizmor", r"permissions: \{\}", "permissions: write-all", "excessive-permissions"),
        ("zizmor", "run: make test", "run: echo ${{ github.head_ref }}", "template-injection"),
        ("schema", "runs-on:", "run-on:", "run-on"),
    ],
)
def test_each_validator_finds_a_fault(
    validator: str, old: str, new: str, says: str, project: Path
) -> None:
    path = project / WORKFLOWS / "ci.yml"
    text, count = re.subn(old, new, path.read_text(), count=1)
    assert count == 1
    path.write_text(text)
    status, said = validate(project, validator)
    assert status != 0
    assert says in said


def test_gitlab_accepts_its_pipeline(gitlab: Path) -> None:
    must(*GITLAB_SCHEMA, folder=gitlab)


def test_the_schema_of_gitlab_finds_a_fault(gitlab: Path, tmp_path: Path) -> None:
    text = (gitlab / ".gitlab-ci.yml").read_text()
    (tmp_path / ".gitlab-ci.yml").write_text(text.replace("parallel:", "paralel:"))
    done = run(*GITLAB_SCHEMA, folder=tmp_path)
    assert done.returncode != 0
    assert "paralel" in done.stdout


def test_actions_are_pinned_by_commit_and_say_which_version_that_is(github: Path) -> None:
    for path in (github / WORKFLOWS).iterdir():
        for uses in re.findall(r"uses: (.+)", path.read_text()):
            assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+|\$/\S+", uses), uses


def test_one_tool_has_one_pin(kind: str, template: Path, shared: Path) -> None:
    """Or the next one who moves it forgets a place."""
    texts = [
        content.decode()
        for host in ("github", "gitlab")
        for name, content in files(generated(template, shared, f"{host}-{kind}")).items()
        if name.startswith((".github/workflows/", ".gitlab-ci.yml", "Dockerfile"))
    ]
    pins = set(re.findall(r"uses: ([\w-]+/[\w-]+)\S*@(\S+)", "".join(texts)))
    assert len(pins) == len({action for action, _ in pins})
    uv = r"setup-uv@.*\n +with:\n +version: (.+)|\bastral(?:-sh)?/uv:([\d.]+)"
    versions = {one or other for text in texts for one, other in re.findall(uv, text)}
    assert len(versions) == 1


def test_no_workflow_has_more_permissions_than_it_needs(kind: str, github: Path) -> None:
    writes = set()
    for file, workflow in workflows(github).items():
        assert workflow["permissions"] == {}, file
    for file, name, job in jobs(github):
        assert "timeout-minutes" in job or "uses" in job, f"{file}: {name}"
        writes |= {(file, name, to) for to, what in job["permissions"].items() if what == "write"}
    image = {"attestations", "id-token", "packages"} if kind == "full" else set()
    assert writes == {
        *(("release.yml", "image", to) for to in image),
        ("release.yml", "release", "contents"),
        ("security.yml", "code", "security-events"),
        ("template.yml", "update", "contents"),
        ("template.yml", "update", "pull-requests"),
    }


def test_every_supported_python_is_tested(github: Path, gitlab: Path) -> None:
    pythons = yaml.safe_load((ROOT / "copier.yml").read_text())["lowest_python"]["choices"]
    lowest = yaml.safe_load((github / ".copier-answers.yml").read_text())["lowest_python"]
    wanted = pythons[pythons.index(lowest) :]
    strategy = workflows(github)["ci.yml"]["jobs"]["test"]["strategy"]
    assert strategy["matrix"]["python"] == wanted
    assert gitlab_pipeline(gitlab)["test"]["parallel"]["matrix"] == [{"PYTHON": wanted}]


def gitlab_pipeline(project: Path) -> dict[str, Any]:
    pipeline: dict[str, Any] = yaml.safe_load((project / ".gitlab-ci.yml").read_text())
    return pipeline


def test_both_hosts_run_the_same_commands(github: Path, gitlab: Path) -> None:
    there = {
        line.removeprefix("UV_PYTHON=$PYTHON ")
        for job in gitlab_pipeline(gitlab).values()
        if isinstance(job, dict)
        for line in job.get("script", [])
    }
    for file, _, job in jobs(github):
        for step in job.get("steps", []):
            line = step.get("run", "")
            if line.startswith(("make", "uv")):
                assert line in there, f"{file}: {line}"


def test_the_image_is_built_only_where_there_is_one(kind: str, github: Path) -> None:
    has_image = kind == "full"
    for file, job in (("ci.yml", "container"), ("release.yml", "image")):
        assert (job in workflows(github)[file]["jobs"]) == has_image
    if has_image:
        steps = workflows(github)["release.yml"]["jobs"]["image"]["steps"]
        build = next(step["with"] for step in steps if step.get("id") == "build")
        assert (build["provenance"], build["sbom"]) == ("mode=max", True)
        assert any(step.get("with", {}).get("sbom-path") for step in steps)


def test_the_linter_has_the_rules_of_bandit(project: Path) -> None:
    module = project / "src" / "unsafe.py"
    module.write_text('"""Unsafe."""\n\nprint(eval("1"))\n')
    done = run("ruff", "check", "--no-cache", "--output-format=concise", module, folder=project)
    assert "S307" in done.stdout


def test_workflows_of_this_repository_are_valid() -> None:
    must("actionlint", folder=ROOT)


@pytest.mark.delivery
@pytest.mark.generated
@pytest.mark.parametrize("full", [True, pytest.param(False, marks=pytest.mark.thorough)])
def test_every_command_of_ci_that_needs_no_github_runs_as_it_stands(
    full: bool, template: Path, tmp_path: Path
) -> None:
    """Those of the image's job need an engine, and are run where images are tested."""
    answers = {"preset": "minimal", "ci": "github", "docs_site": full, "hooks": full}
    project = begun(render(template, tmp_path / "project", answers))
    must("uv", "lock", "--quiet", folder=project)
    commit_all(project)
    workflow = workflows(project)["ci.yml"]
    commands = 0
    for job in workflow["jobs"].values():
        variables = dict(workflow["env"])
        if "UV_PYTHON" in job.get("env", {}):
            variables["UV_PYTHON"] = sys.executable
        for step in job["steps"]:
            if "run" in step:
                commands += 1
                must("bash", "-euo", "pipefail", "-c", step["run"], folder=project, **variables)
    assert commands == 5
    assert (project / "build" / "site" / "index.html").is_file() == full
    assert list((project / "dist").glob("*.whl"))
    assert (project / "build" / "sbom.cdx.json").is_file()


# The release


def test_a_tag_gets_the_notes_of_its_release(project: Path) -> None:
    changelog = project / "CHANGELOG.md"
    changelog.write_text(
        "# Changelog\n\n## Unreleased\n\n- Later.\n\n## 0.1.0 (2026-01-02)\n\n"
        "### New\n\n- First. #1\n\n## 0.1.0rc1\n\n- Try.\n"
    )
    said = must("python3", "scripts/release_notes.py", "v0.1.0", folder=project)
    assert said == "### New\n\n- First. #1\n"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["v0.1.0"], 'CHANGELOG.md says nothing of 0.1.0: write it below "## 0.1.0".'),
        (["v9.9.9"], "The tag is v9.9.9, and pyproject.toml says 0.1.0: tag v0.1.0."),
        (["0.1.0"], "The tag is 0.1.0, and pyproject.toml says 0.1.0: tag v0.1.0."),
        ([], "Name one tag: python3 scripts/release_notes.py v1.2.3"),
    ],
)
def test_a_tag_that_is_no_release_is_refused(
    project: Path, arguments: list[str], says: str
) -> None:
    done = run("python3", "scripts/release_notes.py", *arguments, folder=project)
    assert done.returncode == 1
    assert done.stdout == f"{says}\n"


# Following the template


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    """The template with a release that is newer than this tree."""
    folder = publish(tmp_path / "published")
    editorconfig = folder / "template" / ".editorconfig"
    editorconfig.write_text(editorconfig.read_text().replace("indent_size = 4", "indent_size = 3"))
    changelog = folder / "CHANGELOG.md"
    text = changelog.read_text()
    first = text.index("\n## ")
    notes = "\n## Unreleased\n\n- Closes #1.\n\n```sh\nmake update\n```\n"
    changelog.write_text(text[:first] + notes + text[first:])
    release(folder, "99.0.0")
    return folder


@pytest.fixture
def follower(newer: Path, tmp_path: Path) -> Path:
    """A clone such as CI makes, of a service of the release before; main is behind it."""
    versions = [tag for tag in Git(newer).text("tag", "--sort=version:refname").split()]
    origin = tmp_path / "origin"
    must(
        *("copier", "copy", "--trust", "--quiet", "--defaults", "--skip-tasks"),
        *("--vcs-ref", versions[-2], "--data", "preset=minimal"),
        *("--data", "ci=github", newer, origin),
        folder=tmp_path,
    )
    begun(origin)
    must(*("git", "clone", "--quiet", "--depth", "1", f"file://{origin}", "clone"), folder=tmp_path)
    return tmp_path / "clone"


def propose(project: Path) -> dict[str, str]:
    """Run the script as CI does, and read what it answers."""
    command = "python3 scripts/propose_update.py ../report.md 2> ../log > ../answer"
    must("bash", "-euo", "pipefail", "-c", command, folder=project)
    lines = (project.parent / "answer").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines)


@pytest.mark.delivery
def test_a_newer_release_is_proposed_on_a_branch_of_its_own(follower: Path) -> None:
    main = Git(follower).text("rev-parse", "main")
    assert propose(follower) == {
        "branch": "template-99.0.0",
        "title": "Update the template to 99.0.0",
        "draft": "false",
    }
    git = Git(follower)
    assert git.text("rev-parse", "main") == main
    assert git.text("rev-parse", "template-99.0.0~") == main
    assert not git.text("status", "--porcelain")
    assert "indent_size = 3" in (follower / ".editorconfig").read_text()
    report = (follower.parent / "report.md").read_text()
    assert report.startswith("From ")
    assert " to 99.0.0 of the template.\n" in report
    # What release notes name is quoted: it neither closes nor notifies anything.
    fence = re.search(r"^````text\n(.*)\n````\n", report, re.MULTILINE | re.DOTALL)
    assert fence
    assert "Closes #1." in fence[1]
    assert ".editorconfig" in fence[1]
    assert propose(follower) == {}


@pytest.mark.delivery
def test_an_update_in_conflict_is_proposed_as_a_draft(follower: Path) -> None:
    path = follower / ".editorconfig"
    path.write_text(path.read_text().replace("indent_size = 4", "indent_size = 8"))
    mine = commit_all(follower)
    assert propose(follower)["draft"] == "true"
    git = Git(follower)
    assert git.text("rev-parse", "HEAD~") == mine
    assert not git.text("status", "--porcelain")
    text = path.read_text()
    assert "<<<<<<<" in text
    assert "indent_size = 8" in text
    assert "- `.editorconfig`" in (follower.parent / "report.md").read_text()


@pytest.mark.delivery
def test_a_template_that_is_away_is_an_error_and_no_proposal(follower: Path, newer: Path) -> None:
    shutil.move(newer, f"{newer}-gone")
    done = run("python3", "scripts/propose_update.py", "../report.md", folder=follower)
    assert done.returncode != 0
    assert "could not be fetched" in done.stdout
    assert "branch=" not in done.stdout


def step(project: Path, name: str) -> dict[str, Any]:
    steps = workflows(project)["template.yml"]["jobs"]["update"]["steps"]
    found: dict[str, Any] = next(step for step in steps if step["name"] == name)
    return found


@pytest.mark.delivery
def test_github_gets_a_branch_and_a_pull_request_once(follower: Path, tmp_path: Path) -> None:
    """The step as it stands, with a repository here for GitHub's and a program that notes calls."""
    remote = tmp_path / "remote.git"
    must("git", "clone", "--quiet", "--bare", f"file://{tmp_path}/origin", remote, folder=tmp_path)
    gh = tmp_path / "bin" / "gh"
    gh.parent.mkdir()
    gh.write_text(
        f'#!/bin/sh\necho "$@" >> {tmp_path}/calls\n'
        f'[ "$2" != list ] || {{ [ -e {tmp_path}/opened ] && echo 1 || echo 0; }}\n'
        f'[ "$2" != create ] || touch {tmp_path}/opened\n'
    )
    gh.chmod(0o755)
    answer = propose(follower)
    (tmp_path / "runner").mkdir()
    shutil.copy(tmp_path / "report.md", tmp_path / "runner" / "report.md")
    here = {
        "BRANCH": answer["branch"],
        "TITLE": answer["title"],
        "DRAFT": answer["draft"],
        "GH_TOKEN": "t0ken",
        "HAS_TOKEN": "false",
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_REPOSITORY": "example/orbit",
        "RUNNER_TEMP": str(tmp_path / "runner"),
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.file://{remote}.insteadOf",
        "GIT_CONFIG_VALUE_0": "https://x-access-token:t0ken@github.com/example/orbit.git",
    }
    opening = step(follower, "Open a pull request")
    assert set(opening["env"]) <= here.keys()

    def open_it(**variables: str) -> tuple[int, str]:
        path = f"{gh.parent}:{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin"
        done = run(
            *("bash", "-euo", "pipefail", "-c", opening["run"]),
            folder=follower,
            **{**here, "PATH": path, **variables},
        )
        return done.returncode, done.stdout

    status, said = open_it()
    assert status == 0, said
    pushed = Git(remote).text("rev-parse", "refs/heads/template-99.0.0")
    assert pushed == Git(follower).text("rev-parse", "HEAD")
    created = (tmp_path / "calls").read_text().splitlines()[-1]
    assert created == (
        "pr create --head template-99.0.0 --title Update the template to 99.0.0 "
        f"--body-file {tmp_path}/runner/report.md --draft=false"
    )
    status, said = open_it()
    assert (status, said) == (0, "template-99.0.0 has a pull request already: nothing to do.\n")

    (tmp_path / "opened").unlink()
    ci = follower / WORKFLOWS / "ci.yml"
    ci.write_text(ci.read_text().replace("timeout-minutes: 10", "timeout-minutes: 11"))
    commit_all(follower)
    status, said = open_it()
    assert status == 1
    assert "set the secret TEMPLATE_TOKEN" in said
    status, said = open_it(HAS_TOKEN="true")
    assert status == 0, said


class Gitlab(BaseHTTPRequestHandler):
    """Notes what it is asked, and knows the merge requests that were made."""

    made: list[bytes]

    def do_GET(self) -> None:
        assert self.headers["PRIVATE-TOKEN"] == "t0ken"
        self._answer(json.dumps([{"iid": 1}] if self.made else []).encode())

    def do_POST(self) -> None:
        self.made.append(self.rfile.read(int(self.headers["Content-Length"])))
        self._answer(b"{}")

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def gitlab_api() -> Iterator[tuple[str, list[bytes]]]:
    made: list[bytes] = []
    handler = type("Handler", (Gitlab,), {"made": made})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/api/v4", made
        server.shutdown()
        thread.join()


@pytest.mark.delivery
def test_gitlab_gets_a_branch_and_a_merge_request_once(
    follower: Path,
    template: Path,
    shared: Path,
    tmp_path: Path,
    gitlab_api: tuple[str, list[bytes]],
) -> None:
    """The job's script as it stands, with a server here that answers as GitLab's API does."""
    address, made = gitlab_api
    remote = tmp_path / "remote.git"
    must("git", "clone", "--quiet", "--bare", f"file://{tmp_path}/origin", remote, folder=tmp_path)
    gitlab = generated(template, shared, "gitlab-plain")
    script = "\n".join(gitlab_pipeline(gitlab)["template"]["script"])

    def follow() -> str:
        return must(
            *("sh", "-eu", "-c", script.replace("/tmp/", f"{tmp_path}/")),
            folder=follower,
            CI_API_V4_URL=address,
            CI_PROJECT_ID="7",
            CI_PROJECT_PATH="example/orbit",
            CI_DEFAULT_BRANCH="main",
            CI_SERVER_HOST="gitlab.com",
            TEMPLATE_TOKEN="t0ken",
            GIT_CONFIG_COUNT="1",
            GIT_CONFIG_KEY_0=f"url.file://{remote}.insteadOf",
            GIT_CONFIG_VALUE_0="https://template:t0ken@gitlab.com/example/orbit.git",
        )

    follow()
    assert len(made) == 1
    for field in (b"template-99.0.0", b"Update the template to 99.0.0", b"From ", b"main"):
        assert field in made[0]
    assert Git(remote).text("rev-parse", "refs/heads/template-99.0.0")
    Git(follower).run("switch", "--quiet", "main")
    assert "has a merge request already" in follow()
    assert len(made) == 1
