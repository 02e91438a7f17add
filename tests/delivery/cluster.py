"""A stand-in for Kubernetes' API, as far as kubectl needs it for a release.

It stores objects and runs nothing. Like a cluster, it validates objects strictly by the schemas.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import kubernetes_validate
from kubernetes_validate import utils

Object = dict[str, Any]

GROUPS = {
    "v1": ["ConfigMap", "Pod", "Service", "ServiceAccount"],
    "apps/v1": ["Deployment", "ReplicaSet"],
    "autoscaling/v2": ["HorizontalPodAutoscaler"],
    "batch/v1": ["CronJob", "Job"],
    "networking.k8s.io/v1": ["NetworkPolicy"],
    "policy/v1": ["PodDisruptionBudget"],
}
OBJECTS = re.compile(
    r"/apis?/(?P<group>[a-z0-9./]+)/namespaces/(?P<namespace>[^/]+)/(?P<plural>[a-z]+)"
    r"(/(?P<name>[^/]+))?(?P<log>/log)?"
)
LOG = "output of the migrations\n"


def plural(kind: str) -> str:
    """The resource name of a kind in URLs."""
    return "networkpolicies" if kind == "NetworkPolicy" else f"{kind.lower()}s"


KINDS = {(group, plural(kind)): kind for group, kinds in GROUPS.items() for kind in kinds}


class Cluster:
    """The objects of a cluster, and the changes that were made.

    Args:
        outcome: Result of Jobs: `Complete` or `Failed`.
    """

    def __init__(self, outcome: str) -> None:
        self.outcome = outcome
        self.objects: dict[tuple[str, str, str], Object] = {}
        self.changes: list[tuple[str, str]] = []
        self.kubeconfig: Path
        # A resource that the user may not list.
        self.hidden = ""

    def get(self, kind: str, namespace: str, name: str) -> Object | None:
        """Look up an object."""
        if kind == "Pod":
            return pod(name, namespace)
        return self.objects.get((kind, namespace, name))

    def put(self, change: str, kind: str, namespace: str, sent: Object) -> Object:
        """Store an object, with the status that its controller would set."""
        kubernetes_validate.validate(
            {key: value for key, value in sent.items() if key != "status"},
            utils.latest_version(),
            strict=True,
        )
        name = sent["metadata"]["name"]
        self.changes.append((change, f"{kind}/{name}"))
        kept = {**sent, "metadata": {**sent["metadata"], "uid": f"{kind}-{name}", "generation": 1}}
        if kind == "Job":
            kept["spec"] = {**sent["spec"], "selector": {"matchLabels": {"job-name": name}}}
            kept["status"] = {"conditions": [{"type": self.outcome, "status": "True"}]}
        if kind == "Deployment":
            counts = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
            kept["status"] = {"observedGeneration": 1, **dict.fromkeys(counts, 1)}
            self.replicate(namespace, name, sent)
        self.objects[kind, namespace, name] = kept
        return kept

    def replicate(self, namespace: str, deployment: str, sent: Object) -> None:
        """Add the ReplicaSet of a Deployment, and keep those of earlier releases."""
        revision = sum(kind == "ReplicaSet" for kind, *_ in self.objects)
        name = f"{deployment}-{revision}"
        self.objects["ReplicaSet", namespace, name] = {
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "metadata": {"name": name, "namespace": namespace},
            "spec": {"template": sent["spec"]["template"]},
        }


def merged(before: Any, sent: Any) -> Any:
    """Apply a strategic merge patch: lists of named objects are merged by name."""
    if isinstance(before, dict) and isinstance(sent, dict):
        kept = {key: value for key, value in sent.items() if not key.startswith("$")}
        return before | {key: merged(before.get(key), value) for key, value in kept.items()}
    if not isinstance(before, list) or not isinstance(sent, list):
        return sent
    if not all(isinstance(each, dict) and "name" in each for each in [*before, *sent]):
        return sent
    by_name = {each["name"]: each for each in before}
    for each in sent:
        by_name[each["name"]] = merged(by_name.get(each["name"]), each)
    return list(by_name.values())


def pod(name: str, namespace: str) -> Object:
    """A pod that has ended, and that has a log."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"containers": [{"name": "service", "image": "any"}]},
        "status": {"phase": "Failed"},
    }


@contextmanager
def cluster(folder: Path, outcome: str = "Complete") -> Iterator[Cluster]:
    """Serve a cluster for the duration of the context.

    Args:
        folder: Folder for the kubeconfig file.
        outcome: Result of Jobs.
    """
    state = Cluster(outcome)
    handler = type("Handler", (_Handler,), {"cluster": state})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        state.kubeconfig = folder / "kubeconfig"
        address = f"http://127.0.0.1:{server.server_port}"
        state.kubeconfig.write_text(
            json.dumps(
                {
                    "apiVersion": "v1",
                    "kind": "Config",
                    "clusters": [{"name": "it", "cluster": {"server": address}}],
                    "contexts": [{"name": "it", "context": {"cluster": "it", "user": "me"}}],
                    "users": [{"name": "me", "user": {}}],
                    "current-context": "it",
                }
            )
        )
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield state
        finally:
            server.shutdown()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    cluster: Cluster

    def log_message(self, *_: object) -> None:
        """Log nothing."""

    def respond(self, body: object, status: int = 200) -> None:
        content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response(status)
        kind = "text/plain" if isinstance(body, str) else "application/json"
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def refuse(self, status: int, reason: str, message: str) -> None:
        self.respond(
            {
                "kind": "Status",
                "apiVersion": "v1",
                "status": "Failure",
                "reason": reason,
                "message": message,
                "code": status,
            },
            status,
        )

    def sent(self) -> Object:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert isinstance(body, dict)
        return body

    def object(self) -> tuple[str, str, str, str | None] | None:
        """Group, kind, namespace and name in the path."""
        if not (found := OBJECTS.fullmatch(urlsplit(self.path).path)):
            return None
        kind = KINDS[found["group"], found["plural"]]
        return found["group"], kind, found["namespace"], found["name"]

    def do_GET(self) -> None:
        path, query = urlsplit(self.path).path, parse_qs(urlsplit(self.path).query)
        if path.endswith("/log"):
            self.respond(LOG)
        elif place := self.object():
            group, kind, namespace, name = place
            if plural(kind) == self.cluster.hidden:
                self.refuse(403, "Forbidden", f"you cannot list {plural(kind)}")
            elif name:
                found = self.cluster.get(kind, namespace, name)
                if found:
                    self.respond(found)
                else:
                    self.refuse(404, "NotFound", f"there is no {kind} {name}")
            elif "sendInitialEvents" in query:
                self.refuse(422, "Invalid", "watches send no initial events here")
            elif "watch" in query:
                self.hold()
            else:
                self.respond(self.listing(group, kind, namespace, query))
        elif (body := self.discovery(path)) is not None:
            self.respond(body)
        else:
            self.refuse(404, "NotFound", f"there is nothing at {path}")

    def hold(self) -> None:
        """Keep a watch open, without events."""
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.flush()
        self.close_connection = True
        self.connection.settimeout(5)
        try:
            self.connection.recv(1)
        except OSError:
            return

    def listing(self, group: str, kind: str, namespace: str, query: dict[str, list[str]]) -> Object:
        name = "".join(query.get("fieldSelector", [""])).partition("metadata.name=")[2]
        items = [
            item
            for (a_kind, a_namespace, a_name), item in self.cluster.objects.items()
            if (a_kind, a_namespace) == (kind, namespace) and name in ("", a_name)
        ]
        if kind == "Pod":
            items = [pod("migrate-1", namespace)]
        return {
            "apiVersion": group,
            "kind": f"{kind}List",
            "metadata": {"resourceVersion": "1"},
            "items": items,
        }

    def do_POST(self) -> None:
        place, sent = self.object(), self.sent()
        assert place
        _, kind, namespace, _ = place
        try:
            self.respond(self.cluster.put("create", kind, namespace, sent), 201)
        except kubernetes_validate.ValidationError as error:
            self.refuse(422, "Invalid", error.message)

    def do_PATCH(self) -> None:
        place, sent = self.object(), self.sent()
        assert place
        _, kind, namespace, name = place
        before = self.cluster.get(kind, namespace, str(name))
        assert before
        if kind == "Job" and "spec" in sent:
            self.refuse(422, "Invalid", "spec.template: field is immutable")
            return
        changed = merged(before, sent)
        self.cluster.objects[kind, namespace, str(name)] = changed
        self.cluster.changes.append(("change", f"{kind}/{name}"))
        if kind == "Deployment" and "spec" in sent:
            self.cluster.replicate(namespace, str(name), changed)
        self.respond(changed)

    def do_DELETE(self) -> None:
        place = self.object()
        assert place
        _, kind, namespace, name = place
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        gone = self.cluster.objects.pop((kind, namespace, str(name)), None)
        if gone is None:
            self.refuse(404, "NotFound", f"there is no {kind} {name}")
            return
        self.cluster.changes.append(("delete", f"{kind}/{name}"))
        self.respond(gone)

    def discovery(self, path: str) -> Object | None:
        """Responses to kubectl's requests about the API itself."""
        named = [group for group in GROUPS if group != "v1"]
        if path == "/api":
            return {"kind": "APIVersions", "versions": ["v1"]}
        if path == "/apis":
            versions = [{"groupVersion": each, "version": each.split("/")[1]} for each in named]
            groups = [
                {"name": each.split("/")[0], "versions": [version], "preferredVersion": version}
                for each, version in zip(named, versions, strict=True)
            ]
            return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}
        if path == "/openapi/v3":
            places = {"v1": "api/v1", **{each: f"apis/{each}" for each in named}}.values()
            return {"paths": {p: {"serverRelativeURL": f"/openapi/v3/{p}?hash=1"} for p in places}}
        if path.startswith("/openapi/v3/"):
            group = path.removeprefix("/openapi/v3/").partition("/")[2]
            return {"openapi": "3.0.0", "info": {}, "paths": self.operations(group)}
        group = path.removeprefix("/apis/").removeprefix("/api/")
        if group in GROUPS:
            resources = [
                {
                    "name": plural(kind),
                    "singularName": kind.lower(),
                    "namespaced": True,
                    "kind": kind,
                    "verbs": ["create", "delete", "get", "list", "patch", "watch"],
                }
                for kind in GROUPS[group]
            ]
            return {"kind": "APIResourceList", "groupVersion": group, "resources": resources}
        return None

    def operations(self, group: str) -> Object:
        """An API description by which kubectl leaves validation to the cluster."""
        name, _, version = group.rpartition("/")
        return {
            f"/{plural(kind)}/{{name}}": {
                "patch": {
                    "parameters": [{"name": "fieldValidation", "in": "query"}],
                    "responses": {},
                    "x-kubernetes-group-version-kind": {
                        "group": name,
                        "version": version,
                        "kind": kind,
                    },
                }
            }
            for kind in GROUPS[group]
        }
