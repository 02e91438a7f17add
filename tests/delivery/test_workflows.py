"""Continuous integration: workflows are valid, pinned, have few permissions, and work.

These tests do not use GitHub or GitLab: what only runs there is checked by linters and schemas.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.rendering import ROOT, files, render
from tests.suites import MOST_REPEATED, failed_tests
from tests.updates.published import commit_all, publish, release
from twelvestar.fleet import message
from twelvestar.git import Git as FleetGit
from updating.git import Git

from .tools import generated, must, run, with_repository

KINDS = ["full", "plain"]
PLATFORMS = "linux/amd64,linux/arm64"
WORKFLOWS = ".github/workflows"
# Commands of validators, and the files that they check.
GITHUB_VALIDATORS = {
    "actionlint": ["actionlint"],
    "zizmor": ["zizmor", "--offline", "--quiet", "--persona", "pedantic", "."],
    "schema": ["check-jsonschema", "--builtin-schema", "github-workflows"],
}
PROPOSE = ["python3", "scripts/propose_update.py"]
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
    """A service with all parts for GitHub, which the test may change."""
    return shutil.copytree(generated(template, shared, "github-full"), tmp_path / "project")


@pytest.mark.parametrize("validator", GITHUB_VALIDATORS)
def test_validators_accept_the_workflows(github: Path, validator: str) -> None:
    status, said = validate(github, validator)
    assert status == 0, said


@pytest.mark.parametrize(
    ("validator", "old", "new", "says"),
    [
        ("actionlint", "matrix.python }}", "matrix.pyton }}", "pyton"),
        ("zizmor", r"checkout@[0-9a-f]{40}", "checkout@v7", "unpinned-uses"),
        ("zizmor", r" +with:\n +persist-credentials: false\n", "", "artipacked"),
        ("zizmor", r"permissions: \{\}", "permissions: write-all", "excessive-permissions"),
        ("zizmor", "run: make test-all", "run: echo ${{ github.head_ref }}", "template-injection"),
        ("schema", "runs-on:", "run-on:", "run-on"),
    ],
)
def test_each_validator_detects_an_error(
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


def test_the_schema_of_gitlab_detects_an_error(gitlab: Path, tmp_path: Path) -> None:
    text = (gitlab / ".gitlab-ci.yml").read_text()
    (tmp_path / ".gitlab-ci.yml").write_text(text.replace("parallel:", "paralel:"))
    done = run(*GITLAB_SCHEMA, folder=tmp_path)
    assert done.returncode != 0
    assert "paralel" in done.stdout


def test_actions_are_pinned_by_commit_with_a_version_comment(github: Path) -> None:
    for path in (github / WORKFLOWS).iterdir():
        for uses in re.findall(r"uses: (.+)", path.read_text()):
            assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+|\$/\S+", uses), uses


def test_each_tool_has_the_same_pin_everywhere(kind: str, template: Path, shared: Path) -> None:
    """Otherwise, an update could miss one place."""
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
        ("template.yml", "propose", "contents"),
        ("template.yml", "propose", "pull-requests"),
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


def test_only_projects_with_an_image_build_it(kind: str, github: Path) -> None:
    has_image = kind == "full"
    for file, job in (("ci.yml", "container"), ("release.yml", "image")):
        assert (job in workflows(github)[file]["jobs"]) == has_image
    if has_image:
        steps = workflows(github)["release.yml"]["jobs"]["image"]["steps"]
        build = next(step["with"] for step in steps if step.get("id") == "build")
        assert (build["provenance"], build["sbom"]) == ("mode=max", True)
        assert any(step.get("with", {}).get("sbom-path") for step in steps)
        assert build["platforms"] == PLATFORMS


def test_images_are_built_for_x86_and_arm(kind: str, gitlab: Path) -> None:
    script = " ".join(gitlab_pipeline(gitlab).get("publish-image", {}).get("script", []))
    assert (f"--platform {PLATFORMS}" in script) == (kind == "full")


def test_both_hosts_scan_the_image_in_the_same_way(kind: str, github: Path, gitlab: Path) -> None:
    job = gitlab_pipeline(gitlab).get("scan-image", {})
    if kind == "plain":
        assert not job
        assert not (github / WORKFLOWS / "image.yml").exists()
        assert not (github / "scripts" / "scan_image.sh").exists()
        return
    steps = workflows(github)["image.yml"]["jobs"]["scan"]["steps"]
    assert job["script"] == [step["run"] for step in steps if "run" in step]
    assert (github / "scripts" / "scan_image.sh").stat().st_mode & 0o111


@pytest.mark.parametrize(
    "answers",
    [
        {},
        {"database": "mysql", "secrets": "aws"},
        {"database": "sqlite", "secrets": "gcp"},
        {"secrets": "azure"},
    ],
    ids=str,
)
@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_all_packages_have_wheels_for(
    machine: str, answers: dict[str, Any], template: Path, tmp_path: Path
) -> None:
    """Otherwise, the image would have to contain a compiler."""
    project = render(template, tmp_path / "project", {"preset": "complete", **answers})
    done = wheels(project / "pyproject.toml", machine)
    assert done.returncode == 0, done.stdout


def test_a_package_without_a_wheel_is_detected(tmp_path: Path) -> None:
    (tmp_path / "requirements.in").write_text("docopt\n")
    assert wheels(tmp_path / "requirements.in", "aarch64").returncode != 0


def wheels(requirements: Path, machine: str) -> subprocess.CompletedProcess[str]:
    platform = f"{machine}-unknown-linux-gnu"
    options = ("--quiet", "--only-binary", ":all:", "--python-platform", platform)
    command = ("uv", "pip", "compile", *options, "--output-file", "pinned.txt", requirements)
    return run(*command, folder=requirements.parent)


def test_the_linter_has_the_rules_of_bandit(project: Path) -> None:
    module = project / "src" / "unsafe.py"
    module.write_text('"""Unsafe."""\n\nprint(eval("1"))\n')
    done = run("ruff", "check", "--no-cache", "--output-format=concise", module, folder=project)
    assert "S307" in done.stdout


def test_workflows_of_this_repository_are_valid() -> None:
    must("actionlint", folder=ROOT)


def run_step(command: str, project: Path, variables: Mapping[str, str]) -> None:
    """Run a step of CI, and repeat a few failed tests alone, because other suites run beside it."""
    done = run("bash", "-euo", "pipefail", "-c", command, folder=project, **variables)
    if not done.returncode:
        return
    failed = failed_tests(project / ".pytest_cache") if command.startswith("make test") else []
    assert 0 < len(failed) <= MOST_REPEATED, f"{command}\n{done.stdout}"
    must("uv", "run", "pytest", *failed, folder=project, **variables)


@pytest.mark.delivery
@pytest.mark.generated
@pytest.mark.thorough
@pytest.mark.parametrize("full", [True, False])
def test_every_ci_command_that_does_not_need_github_runs(
    full: bool, template: Path, tmp_path: Path
) -> None:
    """Those of the image's job need an engine; test_image.py builds images.

    `make test` runs the commands of a grown service.
    """
    answers = {"preset": "minimal", "ci": "github", "docs_site": full, "hooks": full}
    project = with_repository(render(template, tmp_path / "project", answers))
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
                run_step(step["run"], project, variables)
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
        (["v0.1.0"], 'CHANGELOG.md has no entry for 0.1.0: add it below "## 0.1.0".'),
        (["v9.9.9"], "The tag is v9.9.9, and pyproject.toml says 0.1.0: tag v0.1.0."),
        (["0.1.0"], "The tag is 0.1.0, and pyproject.toml says 0.1.0: tag v0.1.0."),
        ([], "Usage: python3 scripts/release_notes.py v1.2.3"),
    ],
)
def test_a_tag_without_a_release_is_refused(project: Path, arguments: list[str], says: str) -> None:
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
    """A clone like CI makes, of a service of the previous release."""
    versions = [tag for tag in Git(newer).text("tag", "--sort=version:refname").split()]
    origin = tmp_path / "origin"
    must(
        *("copier", "copy", "--trust", "--quiet", "--defaults", "--skip-tasks"),
        *("--vcs-ref", versions[-2], "--data", "preset=minimal"),
        *("--data", "ci=github", newer, origin),
        folder=tmp_path,
    )
    with_repository(origin)
    must(*("git", "clone", "--quiet", "--depth", "1", f"file://{origin}", "clone"), folder=tmp_path)
    return tmp_path / "clone"


def make(project: Path, **variables: str) -> Path:
    """Run the template's program like the first job, and return the folder that it hands over."""
    update = project.parent / "update"
    shutil.rmtree(update, ignore_errors=True)
    done = run(*PROPOSE, "make", update, folder=project, **variables)
    assert done.returncode == 0, done.stdout
    return update


def take(project: Path, update: Path) -> tuple[int, str]:
    """Apply an update like the second job, in another clone."""
    other = project.parent / "other"
    if not other.exists():
        origin = f"file://{project.parent}/origin"
        must("git", "clone", "--quiet", "--depth", "1", origin, other, folder=project.parent)
    done = run(*PROPOSE, "take", update, project.parent / "report.md", folder=other)
    return done.returncode, done.stdout


def propose(project: Path) -> dict[str, str]:
    status, said = take(project, make(project))
    assert status == 0, said
    return dict(line.split("=", 1) for line in said.splitlines())


@pytest.mark.delivery
def test_a_newer_release_is_proposed_on_a_branch(follower: Path) -> None:
    main = Git(follower).text("rev-parse", "main")
    proposal = propose(follower)
    git = Git(follower.parent / "other")
    commit = proposal.pop("commit")
    assert proposal == {
        "branch": "template-99.0.0",
        "title": "Update the template to 99.0.0",
        "draft": "false",
    }
    assert git.text("rev-list", "--parents", "-1", commit) == f"{commit} {main}"
    assert git.text("log", "-1", "--format=%an %s", commit) == f"Ada {proposal['title']}"
    # So that the fleet recognizes it as the same update.
    found = message.read(FleetGit(git.folder), commit)
    assert found == message.Found(message.Trailers("99.0.0", main, ""), 0, untouched=True)
    assert "indent_size = 3" in git.text("show", f"{commit}:.editorconfig")
    # No file of the update is where that job would run it.
    assert git.text("rev-parse", "HEAD") == main
    assert not git.text("status", "--porcelain")
    report = (follower.parent / "report.md").read_text()
    assert report.startswith("From ")
    assert " to 99.0.0 of the template.\n" in report
    # Release notes are quoted, so that the host does not close issues or notify users.
    fence = re.search(r"^````text\n(.*)\n````\n", report, re.MULTILINE | re.DOTALL)
    assert fence
    assert "Closes #1." in fence[1]
    assert ".editorconfig" in fence[1]
    # There is no newer release.
    update = make(follower)
    assert not update.exists()
    assert take(follower, update) == (0, "")


@pytest.mark.delivery
def test_an_update_in_conflict_is_proposed_as_a_draft(follower: Path) -> None:
    path = follower / ".editorconfig"
    path.write_text(path.read_text().replace("indent_size = 4", "indent_size = 8"))
    mine = commit_all(follower)
    must("git", "push", "--quiet", "origin", f"{mine}:refs/heads/mine", folder=follower)
    origin = f"file://{follower.parent}/origin"
    must("git", "clone", "-q", "-b", "mine", origin, "../other", folder=follower)
    proposal = propose(follower)
    assert proposal["draft"] == "true"
    git = Git(follower.parent / "other")
    assert git.text("rev-parse", f"{proposal['commit']}~") == mine
    text = git.text("show", f"{proposal['commit']}:.editorconfig")
    assert "<<<<<<<" in text
    assert "indent_size = 8" in text
    assert "```text\n.editorconfig\n```" in (follower.parent / "report.md").read_text()


@pytest.mark.delivery
def test_an_unreachable_template_is_an_error(follower: Path, newer: Path) -> None:
    shutil.move(newer, f"{newer}-gone")
    done = run(*PROPOSE, "make", "../update", folder=follower)
    assert done.returncode == 4
    assert "could not be fetched" in done.stdout
    assert not (follower.parent / "update").exists()


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A project whose template's program records its environment, and reports a new release."""
    template = tmp_path / "template"
    (template / "updating").mkdir(parents=True)
    (template / "updating" / "requirements.txt").touch()
    (template / "updating" / "__main__.py").write_text(
        "import json, os, pathlib, subprocess, sys\n"
        f"environment = pathlib.Path({str(tmp_path / 'environment')!r})\n"
        "environment.write_text(json.dumps(dict(os.environ)))\n"
        "pathlib.Path('file').write_text('new')\n"
        "subprocess.run(['git', 'commit', '--quiet', '-am', 'Closes #1'], check=True)\n"
        "report = {'commit': 'x', 'conflicts': [], 'old': {'version': '1.0.0'},"
        " 'new': {'version': '2.0.0'}}\n"
        "pathlib.Path(sys.argv[sys.argv.index('--json') + 1]).write_text(json.dumps(report))\n"
        "print('@everybody')\n"
    )
    with_repository(template)
    origin = tmp_path / "origin"
    (origin / "scripts").mkdir(parents=True)
    for name in ("update.py", "propose_update.py"):
        shutil.copy(ROOT / "template" / "scripts" / name, origin / "scripts" / name)
    (origin / "file").write_text("old")
    (origin / ".copier-answers.yml").write_text(f"_commit: 1.0.0\n_src_path: {template}\n")
    with_repository(origin)
    must("git", "clone", "--quiet", f"file://{origin}", "clone", folder=tmp_path)
    return tmp_path / "clone"


def test_the_program_gets_no_token(small: Path) -> None:
    tokens = ("CI_JOB_TOKEN", "GH_TOKEN", "UV_PUBLISH_TOKEN", "GITHUB_ENV", "CI_REPOSITORY_URL")
    needed = {"UV_INDEX_OURS_PASSWORD": "word", "https_proxy": "http://proxy.example"}
    make(small, **dict.fromkeys(tokens, "t0ken"), **needed)
    environment = json.loads((small.parent / "environment").read_text())
    assert not set(tokens) & environment.keys()
    assert needed.items() <= environment.items()
    done = run(*PROPOSE, "make", "../update", folder=small, TEMPLATE_TOKEN="t0ken")
    assert done.returncode == 1
    assert "give it to the environment `template` alone" in done.stdout


@pytest.mark.parametrize(
    ("variables", "host"),
    [
        ({"GITHUB_SERVER_URL": "https://github.com"}, "github.com"),
        ({"CI_SERVER_URL": "https://gitlab.example/git"}, "gitlab.example"),
        (
            {"CI_SERVER_URL": "https://gitlab.example", "TEMPLATE_SERVER": "https://github.com"},
            "github.com",
        ),
    ],
)
def test_a_private_template_is_read_with_its_token(
    variables: dict[str, str], host: str, small: Path
) -> None:
    given = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "a.b", "GIT_CONFIG_VALUE_0": "c"}
    make(small, TEMPLATE_READ_TOKEN="r3ad", **variables, **given)
    environment = json.loads((small.parent / "environment").read_text())
    environment |= {"GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": "false"}

    def git(*arguments: str, asked: str = "") -> str:
        return subprocess.run(
            ["git", *arguments],
            env=environment,
            input=asked,
            capture_output=True,
            text=True,
            check=False,
        ).stdout

    asked = "protocol=https\nhost={}\n\n"
    assert "password=r3ad\n" in git("credential", "fill", asked=asked.format(host))
    # No other server gets it, whatever the answers file gives as the template's location.
    assert "r3ad" not in git("credential", "fill", asked=asked.format("evil.example"))
    for address in (f"git@{host}:o/r.git", f"ssh://git@{host}/o/r.git"):
        assert git("ls-remote", "--get-url", address) == f"https://{host}/o/r.git\n"
    assert git("config", "a.b") == "c\n"


def evil(name: str, update: Path, clone: Path) -> None:
    """Manipulate an update like a malicious template could."""
    about = update / "proposal.json"
    proposal = json.loads(about.read_text())
    if name in ("version", "other version"):
        proposal["new" if name == "version" else "old"] = "2.0.0\ntitle=x"
        about.write_text(json.dumps(proposal))
    elif name in ("a list", "half"):
        about.write_text("[1]" if name == "a list" else '{"old": "1.0.0"}')
    elif name.startswith("link"):
        path = update / name.removeprefix("link to ")
        path.unlink()
        path.symlink_to("/proc/self/environ")
    elif name == "folder":
        update.rename(update.with_name("elsewhere"))
        update.symlink_to(update.with_name("elsewhere"))
    elif name == "no commit":
        (update / "update.bundle").write_text("none")
    else:
        git = Git(clone)
        if name == "two commits":
            commit_all(clone)
        elif name == "another base":
            git.run("checkout", "--quiet", "--orphan", "other")
            commit_all(clone)
        git.run("update-ref", "refs/template/update", "HEAD")
        git.run(
            "bundle", "create", "--quiet", str(update / "update.bundle"), "refs/template/update"
        )


@pytest.mark.parametrize(
    ("name", "status", "says"),
    [
        ("version", 1, "Invalid versions"),
        ("other version", 1, "Invalid versions"),
        ("a list", 1, "Invalid update in"),
        ("half", 1, "Invalid update in"),
        ("link to report.txt", 1, "contains links"),
        ("link to update.bundle", 1, "contains links"),
        ("link to proposal.json", 1, "contains links"),
        ("folder", 1, "contains links"),
        ("no commit", 4, "update.bundle"),
        ("two commits", 1, "is not one commit after"),
        ("another base", 1, "is not one commit after"),
    ],
)
def test_an_invalid_update_is_not_proposed(name: str, status: int, says: str, small: Path) -> None:
    update = make(small)
    evil(name, update, small)
    found, said = take(small, update)
    assert (found, "branch=" in said) == (status, False), said
    assert says in said
    assert "Traceback" not in said
    assert not (small.parent / "report.md").exists()


def test_a_program_without_a_report_has_failed(small: Path) -> None:
    # Python's status after an error would mean conflicts.
    (small / "scripts" / "update.py").unlink()
    done = run(*PROPOSE, "make", "../update", folder=small)
    assert done.returncode == 4
    assert done.stdout.splitlines()[-1].startswith("The update wrote no report")


def test_only_files_of_an_update_s_commit_are_used(small: Path) -> None:
    status, said = take(small, make(small))
    assert status == 0
    git = Git(small.parent / "other")
    commit = said.splitlines()[-1].removeprefix("commit=")
    assert git.text("show", f"{commit}:file") == "new"
    assert git.text("log", "-1", "--format=%s", commit) == "Update the template to 2.0.0"
    assert "```text\n@everybody\n```" in (small.parent / "report.md").read_text()


def test_the_job_that_runs_the_template_has_no_token(github: Path, gitlab: Path) -> None:
    """The second one only runs code of its checkout, which is of the same commit."""
    update, propose = workflows(github)["template.yml"]["jobs"].values()
    assert update["permissions"] == {"contents": "read"}
    assert "TEMPLATE_TOKEN" not in str(update)
    assert "github.token" not in str(update)
    for job in (update, propose):
        [checkout] = [step for step in job["steps"] if "checkout@" in step.get("uses", "")]
        assert checkout["with"] == {"persist-credentials": False}
    assert propose["environment"] == "template"
    assert "propose_update.py make" in str(update)
    assert "propose_update.py make" not in str(propose)
    pipeline = gitlab_pipeline(gitlab)
    update, propose = pipeline["update-template"], pipeline["propose-template"]
    assert "TEMPLATE_TOKEN" not in str(update)
    assert propose["environment"]["name"] == "template"
    assert propose["variables"]["GIT_STRATEGY"] == "clone"
    assert "propose_update.py make" in str(update)
    assert "propose_update.py make" not in str(propose)
    # Later jobs would run code from the cache.
    assert pipeline[".template"]["cache"] == []


def step(project: Path, name: str) -> dict[str, Any]:
    steps = workflows(project)["template.yml"]["jobs"]["propose"]["steps"]
    found: dict[str, Any] = next(step for step in steps if step["name"] == name)
    return found


@pytest.mark.delivery
def test_github_gets_a_branch_and_a_pull_request_once(small: Path, github: Path) -> None:
    """The unchanged steps, with a local repository, and a stand-in for `gh` that records calls."""
    folder = small.parent
    remote = folder / "remote.git"
    must("git", "clone", "--quiet", "--bare", f"file://{folder}/origin", remote, folder=folder)
    gh = folder / "bin" / "gh"
    gh.parent.mkdir()
    gh.write_text(
        f'#!/bin/sh\necho "$@" >> {folder}/calls\n'
        f'[ "$2" != list ] || {{ [ -e {folder}/opened ] && echo 1 || echo 0; }}\n'
        f'[ "$2" != create ] || touch {folder}/opened\n'
    )
    gh.chmod(0o755)
    runner = folder / "runner"
    runner.mkdir()
    make(small).rename(runner / "update")
    must("git", "clone", "--quiet", "--depth", "1", f"file://{remote}", "other", folder=folder)
    here = {
        "GH_TOKEN": "t0ken",
        "HAS_TOKEN": "false",
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_REPOSITORY": "example/orbit",
        "GITHUB_OUTPUT": str(folder / "output"),
        "RUNNER_TEMP": str(runner),
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.file://{remote}.insteadOf",
        "GIT_CONFIG_VALUE_0": "https://x-access-token:t0ken@github.com/example/orbit.git",
    }
    bash = ("bash", "-euo", "pipefail", "-c")
    must(*bash, step(github, "Take its files")["run"], folder=folder / "other", **here)
    output = dict(line.split("=", 1) for line in (folder / "output").read_text().splitlines())
    here |= {name.upper(): text for name, text in output.items()}
    opening = step(github, "Open a pull request")
    assert set(opening["env"]) <= here.keys()

    def open_it(**variables: str) -> tuple[int, str]:
        path = f"{gh.parent}:{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin"
        variables = {**here, "PATH": path, **variables}
        done = run(*bash, opening["run"], folder=folder / "other", **variables)
        return done.returncode, done.stdout

    status, said = open_it()
    assert status == 0, said
    git = Git(folder / "other")
    pushed = Git(remote).text("rev-parse", "refs/heads/template-2.0.0")
    assert pushed == output["commit"] != git.text("rev-parse", "HEAD")
    created = (folder / "calls").read_text().splitlines()[-1]
    assert created == (
        "pr create --head template-2.0.0 --title Update the template to 2.0.0 "
        f"--body-file {runner}/report.md --draft=false"
    )
    status, said = open_it()
    assert (status, said) == (0, "template-2.0.0 has a pull request already: nothing to do.\n")

    (folder / "opened").unlink()
    git.run("checkout", "--quiet", output["commit"])
    (folder / "other" / WORKFLOWS).mkdir(parents=True)
    (folder / "other" / WORKFLOWS / "ci.yml").write_text("evil")
    commit = commit_all(folder / "other")
    git.run("checkout", "--quiet", "main")
    status, said = open_it(COMMIT=commit)
    assert status == 1
    assert "set the secret TEMPLATE_TOKEN" in said
    status, said = open_it(COMMIT=commit, HAS_TOKEN="true")
    assert status == 0, said


class Gitlab(BaseHTTPRequestHandler):
    """Records requests and created merge requests."""

    made: list[bytes]

    def do_GET(self) -> None:
        assert self.headers["PRIVATE-TOKEN"] == "t0ken"
        self._respond(json.dumps([{"iid": 1}] if self.made else []).encode())

    def do_POST(self) -> None:
        self.made.append(self.rfile.read(int(self.headers["Content-Length"])))
        self._respond(b"{}")

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing."""

    def _respond(self, body: bytes) -> None:
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
    small: Path, gitlab: Path, gitlab_api: tuple[str, list[bytes]]
) -> None:
    """The unchanged scripts of the jobs, with a stand-in for GitLab's API."""
    address, made = gitlab_api
    folder = small.parent
    remote = folder / "remote.git"
    must("git", "clone", "--quiet", "--bare", f"file://{folder}/origin", remote, folder=folder)
    must("git", "clone", "--quiet", "--depth", "1", f"file://{remote}", "other", folder=folder)
    pipeline = gitlab_pipeline(gitlab)
    must("sh", "-eu", "-c", "\n".join(pipeline["update-template"]["script"]), folder=small)
    [kept] = pipeline["update-template"]["artifacts"]["paths"]
    shutil.copytree(small / kept, folder / "other" / kept)
    script = "\n".join(pipeline["propose-template"]["script"])

    def follow() -> str:
        return must(
            *("sh", "-eu", "-c", script.replace("/tmp/", f"{folder}/")),
            folder=folder / "other",
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
    for field in (b"template-2.0.0", b"Update the template to 2.0.0", b"From ", b"main"):
        assert field in made[0]
    assert Git(remote).text("show", "refs/heads/template-2.0.0:file") == "new"
    assert "has a merge request already" in follow()
    assert len(made) == 1
    shutil.rmtree(folder / "other" / kept)
    assert follow() == ""
