"""Claims about responses."""

import json

from .observed import Response, observe
from .subject import Subject
from .verdict import Row, Verdict, judge, no

_CLIENT_ERRORS = range(400, 500)
_MISSING = Response(0)


def _response(subject: Subject, name: str) -> Response:
    return observe(subject).responses.get(name, _MISSING)


def security_headers(subject: Subject) -> Verdict:
    """Whether responses have the headers that protect browsers."""
    headers = _response(subject, "live").headers
    wanted = {
        "X-Content-Type-Options": headers.get("x-content-type-options") == "nosniff",
        "X-Frame-Options or frame-ancestors": "x-frame-options" in headers
        or "frame-ancestors" in headers.get("content-security-policy", ""),
    }
    missing = [name for name, found in wanted.items() if not found]
    return judge(not missing, f"without {' and '.join(missing)}")


def unknown_path(subject: Subject) -> Verdict:
    """Whether an unknown path is 404 with JSON."""
    response = _response(subject, "unknown")
    if response.status != 404:
        return no(f"status {response.status}")
    kind = response.headers.get("content-type", "")
    return judge("json" in kind, f"its type is {kind.partition(';')[0]}")


def malformed_body(subject: Subject) -> Verdict:
    """Whether a malformed body is an error of the client."""
    status = _response(subject, "malformed").status
    return judge(status in (400, 422), f"status {status}")


def large_body(subject: Subject) -> Verdict:
    """Whether a body of 20 MB is refused as too large."""
    response = _response(subject, "large")
    return judge(response.status == 413, f"status {response.status}" if response.status else
                 f"no response ({response.text[:40]})")  # fmt: skip


def openapi(subject: Subject) -> Verdict:
    """Whether it serves an OpenAPI document."""
    response = _response(subject, "openapi")
    try:
        version = json.loads(response.text)["openapi"]
    except (ValueError, KeyError, TypeError):
        return no(f"status {response.status}, and no document")
    return judge(str(version).startswith("3."), f"version {version}")


def metrics(subject: Subject) -> Verdict:
    """Whether it serves metrics in Prometheus' format."""
    response = _response(subject, "metrics")
    return judge(response.status == 200 and "# TYPE " in response.text, f"status {response.status}")


START = ("commands.start", "paths.live")
ROWS = (
    Row("", "responses have headers that protect browsers", "a request", security_headers, START),
    Row("", "an unknown path is 404 with JSON", "a request", unknown_path, START),
    Row("", "a malformed body is 400 or 422", "a request", malformed_body,
        (*START, "paths.write")),
    Row("", "a body of 20 MB is 413", "a request", large_body, (*START, "paths.write")),
    Row("", "it serves an OpenAPI document", "a request", openapi, (*START, "paths.openapi")),
    Row("XI", "it serves metrics for Prometheus", "a request", metrics, (*START, "paths.metrics")),
)  # fmt: skip
