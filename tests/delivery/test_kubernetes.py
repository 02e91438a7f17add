"""The manifests are valid for Kubernetes, and fit the service's settings and probes.

kustomize comes with kubectl, and the schemas come with kubernetes-validate; both are packages, so
no cluster is needed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from kubernetes_validate import utils

from tests.delivery.cluster import LOG, Cluster, cluster
from tests.rendering import locked, render
from tools.ports import free_port

pytestmark = pytest.mark.delivery

BIN = Path(sys.executable).parent
KUBECTL = BIN / "kubectl"
OVERLAYS = ["staging", "production"]
# Each version is listed twice, because it has strict schemas, too.
NEWEST = list(dict.fromkeys(utils.all_versions()))[-3:]

Manifest = dict[str, Any]

ANSWERS: dict[str, dict[str, Any]] = {
    "complete": {"preset": "complete"},
    "postgresql": {"preset": "standard"},
    "mysql-tokens": {"database": "mysql", "authentication": "jwt"},
    "web": {"preset": "minimal", "container": True},
    "web-metrics": {"preset": "minimal", "container": True, "prometheus": True},
    "web-database": {"processes": "web", "http_client": True},
    "worker": {"processes": "worker", "database": "none", "prometheus": True},
    "worker-vault": {"processes": "worker", "database": "postgresql", "secrets": "vault"},
    "aws": {"preset": "complete", "secrets": "aws", "repository_namespace": "Ada/Team"},
    "web-gcp": {"processes": "web", "database": "none", "container": True, "secrets": "gcp"},
    "worker-azure": {"processes": "worker", "database": "none", "secrets": "azure"},
    "odd-names": {
        "preset": "complete",
        "distribution_name": "3rd.party_of-forty-characters-in-all-xyz",
        "package_name": "odd",
        "repository_host": "gitlab.com",
        "repository_namespace": "Group/Sub.group",
    },
}
# Contents of an environment's Secret, apart from empty values.
SECRETS = {
    "DATABASE_URL": "postgresql://ada:lovelace@127.0.0.1:1/app",
    "REDIS_URL": "redis://ada:lovelace@127.0.0.1:1/0",
    "JWT_KEYS": "a-key-of-thirty-two-characters-or-more",
}


@pytest.fixture(scope="session")
def projects(template: Path, shared: Path) -> Callable[[str], Path]:
    """Finds the project of an answer set, and renders it if no process has."""
    parent = shared / "kubernetes"
    parent.mkdir(exist_ok=True)

    def find(name: str) -> Path:
        folder = parent / name
        with locked(folder):
            if not folder.exists():
                render(template, folder, {"kubernetes": True, **ANSWERS[name]})
            return folder

    return find


@pytest.fixture(params=ANSWERS)
def project(request: pytest.FixtureRequest, projects: Callable[[str], Path]) -> Path:
    return projects(request.param)


@pytest.fixture
def complete(projects: Callable[[str], Path]) -> Path:
    return projects("complete")


@cache
def built(folder: Path) -> list[Manifest]:
    """The manifests that kustomize builds from a folder."""
    done = subprocess.run(
        [KUBECTL, "kustomize", folder], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


def manifests(project: Path, overlay: str = "production") -> list[Manifest]:
    return deepcopy(built(project / "deploy" / "kubernetes" / "overlays" / overlay))


def of_kind(found: list[Manifest], kind: str) -> list[Manifest]:
    return [manifest for manifest in found if manifest["kind"] == kind]


def pod_templates(found: list[Manifest]) -> dict[str, Manifest]:
    """Pod templates, by the names of the objects that contain them."""
    templates = {}
    for manifest in found:
        spec = manifest.get("spec", {})
        spec = spec.get("jobTemplate", {}).get("spec", spec)
        if "template" in spec:
            templates[manifest["metadata"]["name"]] = spec["template"]
    return templates


def container(template: Manifest) -> Manifest:
    [only] = template["spec"]["containers"]
    assert isinstance(only, dict)
    return only


def settings(found: list[Manifest]) -> dict[str, str]:
    [config] = of_kind(found, "ConfigMap")
    data = config["data"]
    assert isinstance(data, dict)
    return data


# Valid


@pytest.mark.parametrize("version", NEWEST)
def test_manifests_fit_the_schema(project: Path, version: str) -> None:
    for overlay in OVERLAYS:
        for manifest in manifests(project, overlay):
            kubernetes_validate.validate(manifest, version, strict=True)


def test_three_versions_are_tested() -> None:
    assert len({utils.major_minor(version) for version in NEWEST}) == 3


def misspell(found: list[Manifest]) -> None:
    port = container(pod_templates(found)["orbit-web"])["ports"][0]
    port["containerport"] = port.pop("containerPort")


def put_at_the_wrong_place(found: list[Manifest]) -> None:
    template = pod_templates(found)["orbit-worker"]
    container(template)["terminationGracePeriodSeconds"] = 40


def write_text_for_a_number(found: list[Manifest]) -> None:
    of_kind(found, "HorizontalPodAutoscaler")[0]["spec"]["minReplicas"] = "two"


def leave_out_what_is_required(found: list[Manifest]) -> None:
    del of_kind(found, "CronJob")[0]["spec"]["schedule"]


def give_settings_a_number(found: list[Manifest]) -> None:
    of_kind(found, "ConfigMap")[0]["data"]["PORT"] = 8000


@pytest.mark.parametrize("version", NEWEST)
@pytest.mark.parametrize(
    "plant",
    [
        misspell,
        put_at_the_wrong_place,
        write_text_for_a_number,
        leave_out_what_is_required,
        give_settings_a_number,
    ],
)
def test_the_schema_detects(
    plant: Callable[[list[Manifest]], None], complete: Path, version: str
) -> None:
    found = manifests(complete)
    plant(found)
    with pytest.raises(kubernetes_validate.ValidationError):
        for manifest in found:
            kubernetes_validate.validate(manifest, version, strict=True)


@pytest.mark.parametrize("version", NEWEST)
def test_the_schema_detects_a_removed_api(complete: Path, version: str) -> None:
    [budget, *_] = of_kind(manifests(complete), "PodDisruptionBudget")
    with pytest.raises(kubernetes_validate.SchemaNotFoundError):
        kubernetes_validate.validate({**budget, "apiVersion": "policy/v1beta1"}, version, True)


@pytest.mark.parametrize("planted", ["resource: [web.yaml]\n", "resources: [gone.yaml]\n"])
def test_kustomize_detects(planted: str, tmp_path: Path) -> None:
    (tmp_path / "kustomization.yaml").write_text(planted)
    done = subprocess.run([KUBECTL, "kustomize", tmp_path], capture_output=True, check=False)
    assert done.returncode != 0


# Whole


def test_references_between_objects_are_valid(project: Path) -> None:
    for overlay in OVERLAYS:
        found = manifests(project, overlay)
        check_references(found)
        namespaces = {manifest["metadata"]["namespace"] for manifest in found}
        assert [namespace.rpartition("-")[2] for namespace in namespaces] == [overlay]
        if overlay == "production":
            assert len(set(images(found))) == 1
            assert images(found)[0].islower(), "registries accept no upper-case letters"


def images(found: list[Manifest]) -> list[str]:
    return [container(template)["image"] for template in pod_templates(found).values()]


def check_references(found: list[Manifest]) -> None:
    """Check that references by name and selectors have targets."""
    templates = pod_templates(found)
    labels = [template["metadata"]["labels"] for template in templates.values()]
    config = of_kind(found, "ConfigMap")[0]["metadata"]["name"]
    account = of_kind(found, "ServiceAccount")[0]["metadata"]["name"]
    for name, template in templates.items():
        assert len(name) <= 52, "Kubernetes appends to the names of Jobs and pods"
        pod = template["spec"]
        assert pod["serviceAccountName"] == account
        sources = container(template)["envFrom"]
        assert sources[0]["configMapRef"]["name"] == config
        mounts = {mount["name"] for mount in container(template)["volumeMounts"]}
        assert mounts == {volume["name"] for volume in pod["volumes"]}
    for deployment in of_kind(found, "Deployment"):
        selector = deployment["spec"]["selector"]["matchLabels"]
        assert [each for each in labels if selector.items() <= each.items()] == [
            deployment["spec"]["template"]["metadata"]["labels"]
        ]
        for spread in deployment["spec"]["template"]["spec"]["topologySpreadConstraints"]:
            assert spread["labelSelector"]["matchLabels"] == selector
    for service in of_kind(found, "Service"):
        assert service["metadata"]["name"][0].isalpha()
        selector = service["spec"]["selector"]
        [chosen] = [each for each in templates.values() if selector.items() <= labels_of(each)]
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= set(ports(chosen))
    deployments = {each["metadata"]["name"] for each in of_kind(found, "Deployment")}
    scaled = of_kind(found, "HorizontalPodAutoscaler")
    assert {each["spec"]["scaleTargetRef"]["name"] for each in scaled} == deployments
    assert not any("replicas" in each["spec"] for each in of_kind(found, "Deployment"))
    budgets = of_kind(found, "PodDisruptionBudget")
    for deployment in of_kind(found, "Deployment"):
        selector = deployment["spec"]["selector"]
        assert [each for each in budgets if each["spec"]["selector"] == selector]
    policy, *others = of_kind(found, "NetworkPolicy")
    selector = policy["spec"]["podSelector"]["matchLabels"]
    assert selector
    assert all(selector.items() <= each.items() for each in labels)
    for other in others:
        selector = other["spec"]["podSelector"]["matchLabels"]
        assert any(selector.items() <= each.items() for each in labels)


def labels_of(template: Manifest) -> Any:
    return template["metadata"]["labels"].items()


def ports(template: Manifest) -> dict[str, int]:
    """Ports of a pod by their names."""
    return {port["name"]: port["containerPort"] for port in container(template)["ports"]}


def test_a_selector_without_matches_is_detected(complete: Path) -> None:
    found = manifests(complete)
    of_kind(found, "PodDisruptionBudget")[1]["spec"]["selector"]["matchLabels"]["x"] = "y"
    with pytest.raises(AssertionError):
        check_references(found)


def test_processes_scale_apart_and_the_database_is_migrated_if_there_is_one(project: Path) -> None:
    answers = yaml.safe_load((project / ".copier-answers.yml").read_text())
    parts = [name.rpartition("-")[2] for name in pod_templates(manifests(project))]
    processes = answers["processes"].split("-and-")
    migrate = [] if answers["database"] == "none" else ["migrate"]
    assert sorted(parts) == sorted([*processes, *migrate, "admin"])
    [admin] = of_kind(manifests(project), "CronJob")
    assert admin["spec"]["suspend"] is True


# Settings


@cache
def setting_names(project: Path) -> dict[str, bool]:
    """Variables of the service's settings, and whether they are secret."""
    script = (
        "import json, sys; from importlib import import_module; from pydantic import SecretStr\n"
        "fields = import_module(sys.argv[1] + '.settings').Settings.model_fields\n"
        "print(json.dumps({n.upper(): f.annotation is SecretStr for n, f in fields.items()}))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, package(project)],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(project / "src")},
        capture_output=True,
        text=True,
        check=True,
    )
    names = json.loads(done.stdout)
    assert isinstance(names, dict)
    return names


def package(project: Path) -> str:
    answers = yaml.safe_load((project / ".copier-answers.yml").read_text())
    return str(answers["package_name"])


def example(project: Path) -> dict[str, bool]:
    """Keys of the Secret's example, and whether they can be left out."""
    lines = (project / "deploy/kubernetes/secrets.env.example").read_text().splitlines()
    keys = [line.partition("=")[0] for line in lines if line.endswith("=")]
    return {key.removeprefix("#"): key.startswith("#") for key in keys}


def wrong_settings(project: Path, found: list[Manifest]) -> list[str]:
    """Variables that are set but not read, or set in the wrong place."""
    names = setting_names(project)
    secret = {name for name in names if names[name]}
    wrong = [f"{name} is read by nothing" for name in settings(found) if name not in names]
    wrong += [f"{name} is secret" for name in settings(found) if name in secret]
    wrong += [f"{name} is in one of two places" for name in secret ^ set(example(project))]
    for name, template in pod_templates(found).items():
        if "env" in container(template):
            wrong.append(f"{name} has variables that are no settings of the environment")
    return wrong


def test_every_variable_is_a_setting_and_every_secret_is_in_the_secret(project: Path) -> None:
    for overlay in OVERLAYS:
        assert wrong_settings(project, manifests(project, overlay)) == []


@pytest.mark.parametrize("planted", ["PROT", "DATABASE_URL"])
def test_a_wrong_variable_is_detected(planted: str, complete: Path) -> None:
    found = manifests(complete)
    settings(found)[planted] = "x"
    assert len(wrong_settings(complete, found)) == 1


def environment(project: Path, found: list[Manifest], secrets: Mapping[str, str]) -> dict[str, str]:
    """Variables of a pod with a Secret of this content."""
    template = next(iter(pod_templates(found).values()))
    as_variables = any("secretRef" in source for source in container(template)["envFrom"])
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{project / 'src'}:{installed(project)}",
        **settings(found),
        **(secrets if as_variables else {}),
    }


def installed(project: Path) -> Path:
    """A folder with package metadata, from which the service reads its version."""
    name = yaml.safe_load((project / ".copier-answers.yml").read_text())["distribution_name"]
    folder = project.with_name(f"{project.name}-installed")
    metadata = folder / f"{name.replace('-', '_').replace('.', '_')}-0.1.0.dist-info"
    metadata.mkdir(parents=True, exist_ok=True)
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1.0\n")
    return folder


def mounted(folder: Path, secrets: Mapping[str, str]) -> Path:
    """Mount secrets like Kubernetes: as symlinks to files in a symlinked folder."""
    content = folder / "..2026_01_31"
    content.mkdir(parents=True)
    (folder / "..data").symlink_to(content.name)
    for name, value in secrets.items():
        (content / name).write_text(value)
        (folder / name).symlink_to(f"..data/{name}")
    return folder


def needed(project: Path) -> dict[str, str]:
    """Keys that the Secret of a project must contain."""
    found = {name: SECRETS[name] for name, optional in example(project).items() if not optional}
    if "DATABASE_URL" in found and "mysql" in (project / "pyproject.toml").read_text():
        found["DATABASE_URL"] = found["DATABASE_URL"].replace("postgresql", "mysql")
    return found


def config(project: Path, secrets: Mapping[str, str], folder: Path) -> Any:
    """Output of `config` in a pod with a Secret of this content."""
    variables = environment(project, manifests(project), secrets)
    if "SECRETS_DIR" in variables:
        assert variables["SECRETS_DIR"] == "/etc/secrets"
        variables["SECRETS_DIR"] = str(mounted(folder / "secrets", secrets))
    return subprocess.run(
        [sys.executable, "-m", package(project), "config"],
        cwd=folder,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_settings_are_complete(project: Path, tmp_path: Path) -> None:
    done = config(project, needed(project), tmp_path)
    assert done.returncode == 0, done.stderr
    assert "ENVIRONMENT=production\n" in done.stdout
    assert ".dev/" not in done.stdout
    assert "127.0.0.1" not in done.stdout


def test_each_secret_of_the_example_is_required_or_marked_optional(
    project: Path, tmp_path: Path
) -> None:
    for number, name in enumerate(needed(project)):
        rest = {key: value for key, value in needed(project).items() if key != name}
        folder = tmp_path / str(number)
        folder.mkdir()
        done = config(project, rest, folder)
        assert done.returncode == 2
        assert name in done.stderr


def test_the_secret_is_mounted_where_it_is_read(complete: Path) -> None:
    found = manifests(complete)
    for template in pod_templates(found).values():
        [mount] = [m for m in container(template)["volumeMounts"] if m["name"] == "secrets"]
        assert mount["mountPath"] == settings(found)["SECRETS_DIR"]


# Security


def risks(template: Manifest) -> list[str]:
    """Violations of the restricted pod security standard, and of this service's own rules."""
    pod, only = template["spec"], container(template)
    security, own = pod.get("securityContext", {}), only.get("securityContext", {})
    allowed = {
        "runs as root": security.get("runAsNonRoot") is True,
        "has no numeric user": security.get("runAsUser") == security.get("runAsGroup") == 10001,
        "has no seccomp profile": security.get("seccompProfile") == {"type": "RuntimeDefault"},
        "may gain privileges": own.get("allowPrivilegeEscalation") is False,
        "has capabilities": own.get("capabilities") == {"drop": ["ALL"]},
        "may write its root": own.get("readOnlyRootFilesystem") is True,
        "has a token": pod.get("automountServiceAccountToken") is False,
        "gets variables of Services": pod.get("enableServiceLinks") is False,
        "shares the host": not {"hostNetwork", "hostPID", "hostIPC"} & set(pod),
        "is not bounded": "memory" in only.get("resources", {}).get("limits", {}),
        "mounts the host": all(
            set(volume) <= {"name", "emptyDir", "secret"} for volume in pod["volumes"]
        ),
        "has nowhere to write": {"name": "tmp", "mountPath": "/tmp"} in only["volumeMounts"],
    }
    return [risk for risk, fine in allowed.items() if not fine]


def test_every_pod_is_restricted(project: Path) -> None:
    found = manifests(project)
    assert {name: risks(template) for name, template in pod_templates(found).items()} == {
        name: [] for name in pod_templates(found)
    }
    [account] = of_kind(found, "ServiceAccount")
    assert account["automountServiceAccountToken"] is False


@pytest.mark.parametrize(
    ("path", "value", "risk"),
    [
        (("securityContext", "runAsNonRoot"), False, "runs as root"),
        (("securityContext", "seccompProfile", "type"), "Unconfined", "has no seccomp profile"),
        (
            ("containers", 0, "securityContext", "readOnlyRootFilesystem"),
            False,
            "may write its root",
        ),
        (("containers", 0, "securityContext", "capabilities", "drop"), [], "has capabilities"),
        (("automountServiceAccountToken",), True, "has a token"),
        (("hostNetwork",), True, "shares the host"),
    ],
)
def test_a_risk_is_detected(
    path: tuple[Any, ...], value: object, risk: str, complete: Path
) -> None:
    template = pod_templates(manifests(complete))["orbit-worker"]
    place = template["spec"]
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    assert risks(template) == [risk]


# Processes


def test_the_grace_period_of_a_pod_fits_its_process(project: Path) -> None:
    found = manifests(project)
    shutdown = int(settings(found)["SHUTDOWN_SECONDS"])
    for deployment in of_kind(found, "Deployment"):
        template = deployment["spec"]["template"]
        hook = container(template).get("lifecycle", {}).get("preStop", {})
        pause = hook.get("sleep", {}).get("seconds", 0)
        assert template["spec"]["terminationGracePeriodSeconds"] >= pause + shutdown + 5
        assert (pause > 0) == deployment["metadata"]["name"].endswith("-web")


VARIABLES = {"http": "PORT", "health": "HEALTH_PORT", "metrics": "METRICS_PORT"}
ADDRESSES = {"http": "HOST", "health": "HEALTH_HOST", "metrics": "METRICS_HOST"}


def test_every_port_is_the_one_that_the_process_opens(project: Path) -> None:
    found = manifests(project)
    opened = settings(found)
    for deployment in of_kind(found, "Deployment"):
        template = deployment["spec"]["template"]
        for name, port in ports(template).items():
            assert opened[VARIABLES[name]] == str(port)
            assert opened[ADDRESSES[name]] == "0.0.0.0"
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            assert container(template)[probe]["httpGet"]["port"] in {"http", "health"} & set(
                ports(template)
            )
        annotations = template["metadata"].get("annotations", {})
        assert annotations.get("prometheus.io/port") == opened.get("METRICS_PORT")


@contextmanager
def running(command: list[str], variables: dict[str, str], folder: Path) -> Iterator[None]:
    """Run the service for the duration of the context, and check that it shuts down cleanly."""
    process = subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=folder,
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        yield
        process.terminate()
        output, _ = process.communicate(timeout=int(variables["SHUTDOWN_SECONDS"]) + 10)
        assert process.returncode == 0, output
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def ask(port: int, path: str, *, seconds: float = 30) -> tuple[int, str]:
    """Send requests until there is a response, and return its status and text."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


@pytest.mark.parametrize("name", ["complete", "web-metrics", "web-database", "worker"])
def test_processes_respond_to_their_probes(
    name: str, projects: Callable[[str], Path], tmp_path: Path
) -> None:
    """Without backing services: they are alive, and those that need one are not ready."""
    project = projects(name)
    found = manifests(project)
    secrets = needed(project)
    for deployment in of_kind(found, "Deployment"):
        template = deployment["spec"]["template"]
        variables = environment(project, found, secrets)
        if "SECRETS_DIR" in variables:
            folder = tmp_path / deployment["metadata"]["name"]
            variables["SECRETS_DIR"] = str(mounted(folder, secrets))
        here = {port: free_port() for port in ports(template)}
        variables |= {VARIABLES[port]: str(number) for port, number in here.items()}
        variables |= {ADDRESSES[port]: "127.0.0.1" for port in here}
        command = [package(project), *container(template)["args"]]
        with running(command, variables, tmp_path):
            answers = {}
            for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
                asked = container(template)[probe]["httpGet"]
                answers[probe] = ask(here[asked["port"]], asked["path"])
            assert answers["startupProbe"][0] == answers["livenessProbe"][0] == 200
            assert answers["readinessProbe"][0] == (503 if secrets else 200)
            assert all(json.loads(text)["status"] for _, text in answers.values())
            if "metrics" in here:
                status, text = ask(here["metrics"], "/metrics")
                assert status == 200
                assert "service_info{" in text


# Release, with the real kubectl


def release(
    project: Path, there: Cluster, *words: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run the project's release.sh against a cluster."""
    return subprocess.run(
        [project / "deploy" / "kubernetes" / "release.sh", *words],
        env={**pointed_at(there), **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def pointed_at(there: Cluster) -> dict[str, str]:
    """Variables by which kubectl finds a cluster."""
    return {
        "HOME": str(there.kubeconfig.parent),
        "KUBECONFIG": str(there.kubeconfig),
        "PATH": f"{BIN}:{os.environ['PATH']}",
    }


def test_a_release_migrates_before_it_starts_pods(complete: Path, tmp_path: Path) -> None:
    with cluster(tmp_path) as there:
        done = release(complete, there, "staging")
        assert done.returncode == 0, done.stderr
        kinds = [name.partition("/")[0] for _, name in there.changes]
        first = ("ServiceAccount", "ConfigMap", "NetworkPolicy", "Job")
        assert sorted(kinds[: len(first)]) == sorted(first)
        assert "NetworkPolicy/orbit-migrate" in [name for _, name in there.changes[: len(first)]]
        assert sorted(key for key in there.objects if key[0] != "ReplicaSet") == sorted(
            (each["kind"], "orbit-staging", each["metadata"]["name"])
            for each in manifests(complete, "staging")
        )
        assert "deployment.apps/orbit-web created" in done.stdout


def test_the_next_release_migrates_again(complete: Path, tmp_path: Path) -> None:
    with cluster(tmp_path) as there:
        for _ in range(2):
            there.changes.clear()
            done = release(complete, there, "production")
            assert done.returncode == 0, done.stderr
        assert there.changes[:2] == [
            ("delete", "Job/orbit-migrate"),
            ("create", "Job/orbit-migrate"),
        ]
        assert "create" not in {change for change, _ in there.changes[2:]}


def config_maps(there: Cluster) -> set[str]:
    return {name for kind, _, name in there.objects if kind == "ConfigMap"}


def test_only_config_maps_without_a_user_are_removed(complete: Path, tmp_path: Path) -> None:
    project = Path(shutil.copytree(complete, tmp_path / "project"))
    settings = project / "deploy" / "kubernetes" / "overlays" / "staging" / "settings.env"
    with cluster(tmp_path) as there:
        assert release(project, there, "staging").returncode == 0
        [first] = config_maps(there)
        namespace = "orbit-staging"
        own = ["orbit-mine", "orbit-settings01", "other-2456789bcd"]
        for name in own:
            there.objects["ConfigMap", namespace, name] = {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": name, "namespace": namespace},
            }
        settings.write_text(settings.read_text() + "SHUTDOWN_SECONDS=20\n")
        done = release(project, there, "staging")
        assert (done.returncode, done.stderr) == (0, "")
        [second] = config_maps(there) - {first, *own}
        assert config_maps(there) == {first, second, *own}
        # What Kubernetes does when a Deployment has more revisions than its history may have.
        for key in [key for key in there.objects if key[0] == "ReplicaSet"]:
            if first in str(there.objects[key]):
                del there.objects[key]
        done = release(project, there, "staging")
        assert done.returncode == 0, done.stderr
        assert config_maps(there) == {second, *own}


def test_a_release_ends_well_if_it_may_not_list_objects(complete: Path, tmp_path: Path) -> None:
    with cluster(tmp_path) as there:
        there.hidden = "replicasets"
        done = release(complete, there, "staging")
        assert done.returncode == 0, done.stderr
        assert done.stderr.splitlines()[-1] == (
            "The release is complete, but old ConfigMaps were not removed."
        )


def test_migrations_that_fail_end_the_release(complete: Path, tmp_path: Path) -> None:
    with cluster(tmp_path, outcome="Failed") as there:
        done = release(complete, there, "production")
        assert done.returncode == 1
        assert done.stderr.splitlines() == [
            LOG.strip(),
            "The migrations failed; the previous release is still running.",
        ]
        assert not [kind for kind, _, _ in there.objects if kind == "Deployment"]


def with_component(complete: Path, name: str, folder: Path) -> list[Manifest]:
    """The manifests of an overlay that includes a component."""
    project = Path(shutil.copytree(complete, folder / name))
    overlay = project / "deploy" / "kubernetes" / "overlays" / "production"
    file = overlay / "kustomization.yaml"
    file.write_text(f"{file.read_text()}components: [../../components/{name}]\n")
    return built(overlay)


def test_a_component_scales_workers_by_the_queue(complete: Path, tmp_path: Path) -> None:
    [scaler] = [
        each
        for each in of_kind(
            with_component(complete, "queue-depth", tmp_path), "HorizontalPodAutoscaler"
        )
        if each["metadata"]["name"] == "orbit-worker"
    ]
    kubernetes_validate.validate(scaler, utils.latest_version(), strict=True)
    [metric] = scaler["spec"]["metrics"]
    assert metric["external"]["metric"]["name"] == "job_queue_depth"
    assert scaler["spec"]["maxReplicas"] > 1


def test_a_component_lets_keda_scale_workers(complete: Path, tmp_path: Path) -> None:
    found = with_component(complete, "keda", tmp_path)
    scalers = of_kind(found, "HorizontalPodAutoscaler")
    assert [each["metadata"]["name"] for each in scalers] == ["orbit-web"]
    [scaled] = of_kind(found, "ScaledObject")
    assert scaled["metadata"]["namespace"] == "orbit-production"
    assert scaled["spec"]["scaleTargetRef"]["name"] in pod_templates(found)
    [trigger] = scaled["spec"]["triggers"]
    assert "job_queue_depth" in trigger["metadata"]["query"]


def test_a_component_has_the_pods_scraped(complete: Path, tmp_path: Path) -> None:
    found = with_component(complete, "pod-monitor", tmp_path)
    [monitor] = of_kind(found, "PodMonitor")
    wanted = monitor["spec"]["selector"]["matchLabels"].items()
    [endpoint] = monitor["spec"]["podMetricsEndpoints"]
    for name in ("orbit-web", "orbit-worker"):
        template = pod_templates(found)[name]
        assert wanted <= labels_of(template)
        assert endpoint["port"] in ports(template)


def test_a_component_limits_who_may_connect(complete: Path, tmp_path: Path) -> None:
    found = with_component(complete, "ingress", tmp_path)
    [policy] = [
        each for each in of_kind(found, "NetworkPolicy") if each["metadata"]["name"] == "orbit"
    ]
    kubernetes_validate.validate(policy, utils.latest_version(), strict=True)
    name = "kubernetes.io/metadata.name"
    callers = {
        rule["ports"][0]["port"]: rule["from"][0]["namespaceSelector"]["matchLabels"][name]
        for rule in policy["spec"]["ingress"]
    }
    assert callers == {"http": "ingress-nginx", "metrics": "monitoring"}
    # What it may connect to stays the same.
    [before] = [
        each
        for each in of_kind(manifests(complete, "production"), "NetworkPolicy")
        if each["metadata"]["name"] == "orbit"
    ]
    assert policy["spec"]["egress"] == before["spec"]["egress"]


def test_pods_of_a_release_are_spread_over_nodes_and_zones(complete: Path) -> None:
    found = pod_templates(manifests(complete))
    for name in ("orbit-web", "orbit-worker"):
        rules = found[name]["spec"]["topologySpreadConstraints"]
        assert {rule["topologyKey"].rpartition("/")[2] for rule in rules} == {"hostname", "zone"}
        assert all(rule["matchLabelKeys"] == ["pod-template-hash"] for rule in rules)


# What a team adds to an overlay.
OWN_OBJECTS = """apiVersion: apps/v1
kind: Deployment
metadata:
  name: orbit-relay
  labels:
    app.kubernetes.io/component: relay
spec:
  selector:
    matchLabels:
      app.kubernetes.io/component: relay
  template:
    metadata:
      labels:
        app.kubernetes.io/component: relay
    spec:
      containers:
        - name: relay
          image: orbit
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: nothing-comes-in
spec:
  podSelector: {}
  policyTypes: [Ingress]
"""


@pytest.fixture
def extended(complete: Path, tmp_path: Path) -> Path:
    """A project whose overlay for production has objects of its own, and a quoted namespace."""
    project = Path(shutil.copytree(complete, tmp_path / "extended"))
    overlay = project / "deploy" / "kubernetes" / "overlays" / "production"
    (overlay / "own.yaml").write_text(OWN_OBJECTS)
    file = overlay / "kustomization.yaml"
    text = re.sub(r"^namespace: (.*)$", r'namespace: "\1"  # ours', file.read_text(), flags=re.M)
    file.write_text(text.replace("resources:\n", "resources:\n  - own.yaml\n"))
    return project


@pytest.mark.parametrize("outcome", ["Complete", "Failed"])
def test_objects_of_a_team_are_applied_after_the_migrations(
    outcome: str, extended: Path, tmp_path: Path
) -> None:
    with cluster(tmp_path, outcome=outcome) as there:
        done = release(extended, there, "production")
        assert done.returncode == (outcome == "Failed"), done.stderr
        own = {"Deployment/orbit-relay", "NetworkPolicy/nothing-comes-in"}
        changed = [name for _, name in there.changes]
        before = changed[: changed.index("Job/orbit-migrate") + 1]
        assert not own & set(before)
        assert (own <= set(changed)) == (outcome == "Complete")
        assert {namespace for _, namespace, _ in there.objects} == {"orbit-production"}


def test_the_time_for_migrations_is_a_setting(complete: Path, tmp_path: Path) -> None:
    with cluster(tmp_path) as there:
        done = release(complete, there, "production", MIGRATION_SECONDS="7200")
        assert done.returncode == 0, done.stderr
        job = there.objects["Job", "orbit-production", "orbit-migrate"]
        assert job["spec"]["activeDeadlineSeconds"] == 7200
        done = release(complete, there, "production", MIGRATION_SECONDS="two hours")
        assert (done.returncode, done.stderr) == (2, "MIGRATION_SECONDS must be a number.\n")


def test_a_refused_object_ends_the_release(complete: Path, tmp_path: Path) -> None:
    project = Path(shutil.copytree(complete, tmp_path / "project"))
    manifest = project / "deploy" / "kubernetes" / "base" / "network-policy.yaml"
    manifest.write_text(manifest.read_text().replace("policyTypes:", "policyType:"))
    with cluster(tmp_path) as there:
        done = release(project, there, "production")
        assert done.returncode == 1
        assert "policyType" in done.stderr
        assert not [kind for kind, _, _ in there.objects if kind == "Deployment"]


def test_a_release_without_a_database_does_not_wait(
    projects: Callable[[str], Path], tmp_path: Path
) -> None:
    with cluster(tmp_path, outcome="Failed") as there:
        done = release(projects("worker"), there, "staging")
        assert done.returncode == 0, done.stderr
        assert ("create", "Deployment/orbit-worker") in there.changes


@pytest.mark.parametrize("words", [[], ["nowhere"], ["../base"], ["."]])
def test_a_release_without_an_overlay_lists_them(
    words: list[str], complete: Path, tmp_path: Path
) -> None:
    with cluster(tmp_path) as there:
        done = release(complete, there, *words)
        assert done.returncode == 2
        assert done.stderr == "Name the overlay to release: production staging\n"
        assert there.changes == []


def test_an_admin_command_runs_as_documented(complete: Path, tmp_path: Path) -> None:
    page = (complete / "docs" / "admin.md").read_text().partition("## Kubernetes")[2]
    recipe = page.partition("```sh\n")[2].partition("```")[0]
    with cluster(tmp_path) as there:
        assert release(complete, there, "production").returncode == 0
        here = json.loads(there.kubeconfig.read_text())
        here["contexts"][0]["context"]["namespace"] = "orbit-production"
        there.kubeconfig.write_text(json.dumps(here))
        done = subprocess.run(
            ["sh", "-euc", recipe],
            env=pointed_at(there),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.endswith(LOG)
        made = there.get("Job", "orbit-production", "admin-1")
        assert made
        template = made["spec"]["template"]
        assert container(template)["args"] == ["admin", "list-users"]
        assert risks(template) == []
        [cron] = of_kind(manifests(complete), "CronJob")
        planned = cron["spec"]["jobTemplate"]["spec"]["template"]
        assert container(template)["envFrom"] == container(planned)["envFrom"]


def test_git_ignores_the_copy_of_the_secrets(complete: Path, tmp_path: Path) -> None:
    example = (complete / "deploy/kubernetes/secrets.env.example").read_text()
    [copied] = re.findall(r"^#   cp deploy/kubernetes/secrets.env.example (\S+)$", example, re.M)
    shutil.copy(complete / ".gitignore", tmp_path)
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    for name, ignored in {copied: 0, ".env.example": 1}.items():
        done = subprocess.run(["git", "check-ignore", "--quiet", name], cwd=tmp_path, check=False)
        assert done.returncode == ignored, name
