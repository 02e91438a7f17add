"""IV. Backing services: a web process tolerates outages of its object storage."""

from support.relay import Relay
from support.storage import s3_server, variables
from support.web import get, wait_for_status, wait_until_ready


def test_web_without_storage_is_live_but_not_ready(start, tmp_path):
    with s3_server(tmp_path / "s3") as port, Relay(("127.0.0.1", port)) as relay:
        relay.close()
        web = start("web", **variables(relay.port))
        checks = wait_for_status(web, "/health/ready", 503).json()["checks"]
        assert checks["storage"]["ok"] is False
        assert get(web, "/health/live").status_code == 200
        relay.open()
        wait_until_ready(web, seconds=5)
        relay.close()
        wait_for_status(web, "/health/ready", 503)
        assert get(web, "/health/live").status_code == 200
        web.kill_all()
