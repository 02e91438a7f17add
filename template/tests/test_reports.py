"""A report from the request to its result, created by a worker."""

from support.processes import until


def test_a_worker_creates_a_report(client, start):
    client.post("/notes", json={"title": "Milk", "body": "two litres of milk"})

    asked = client.post("/reports")
    assert asked.status_code == 202
    assert asked.json()["status"] == "queued"

    worker = start("worker")

    def report():
        found = client.get(asked.headers["Location"]).json()
        return found if found["status"] == "complete" else None

    result = until(report, seconds=30, what=f"the report of {worker}")["result"]
    assert (result["total"], result["distinct"]) == (5, 4)
    assert result["top"]["milk"] == 2


def test_an_unknown_report_is_404(client):
    assert client.get("/reports/unknown").status_code == 404
