"""VIII. Concurrency: web processes with one database stay consistent."""

from concurrent.futures import ThreadPoolExecutor

from support.probe import PROBE
from support.web import get, request, wait_until_ready

REQUESTS = 20


def test_one_of_many_conflicting_requests_to_two_processes_wins(start, deployed):
    pair = [start("web", program=PROBE), deployed.processes["web"]]
    wait_until_ready(*pair)
    request(pair[0], "PUT", "/probe/lines").raise_for_status()

    def store(number):
        web = pair[number % 2]
        return request(web, "POST", "/probe/lines", json="once", timeout=30).status_code

    with ThreadPoolExecutor(REQUESTS) as pool:
        statuses = sorted(pool.map(store, range(REQUESTS)))
    assert statuses == [201, *[409] * (REQUESTS - 1)]
    for web in pair:
        assert get(web, "/probe/lines").json() == ["once"]
