"""XI. Logs: every request is logged."""

import pytest

from support.logs import log_lines
from support.processes import until
from support.web import get


@pytest.mark.parametrize(
    ("path", "status"), [("/probe/address", 200), ("/nowhere", 404), ("/probe/error", 500)]
)
def test_every_response_has_an_access_line_with_its_request_id(deployed, path, status):
    web = deployed.processes["web"]
    answer = get(web, path)
    assert answer.status_code == status
    (line,) = [line for line in lines_about(web, answer) if line["event"] == "request"]
    assert (line["method"], line["path"], line["status"]) == ("GET", path, status)
    assert line["milliseconds"] > 0


def test_an_unexpected_error_is_one_line_with_its_traceback(deployed):
    web = deployed.processes["web"]
    lines = lines_about(web, get(web, "/probe/error"))
    (error,) = [line for line in lines if line["level"] == "error"]
    assert error["exception"][0]["exc_value"] == "probe failed"


def lines_about(web, answer):
    """Log lines about a request; the last one is its access line."""
    request_id = answer.headers["X-Request-ID"]

    def lines():
        found = [line for line in log_lines(web) if line.get("request_id") == request_id]
        return found if any(line["event"] == "request" for line in found) else []

    return until(lines)
