"""VI. Processes: all processes serve the same stored data."""

from support.probe import PROBE
from support.web import get, request, wait_until_ready


def test_data_stored_by_one_process_is_served_by_another(start, deployed):
    web = start("web", program=PROBE)
    wait_until_ready(web)
    request(web, "PUT", "/probe/lines").raise_for_status()
    request(web, "POST", "/probe/lines", json="kept").raise_for_status()
    web.kill_all()
    assert get(deployed.processes["web"], "/probe/lines").json() == ["kept"]
