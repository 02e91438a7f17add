"""A report, from the request for it to its result, with a worker that makes it."""

from support.processes import until


def test_a_report_is_made_by_a_worker(client, start):
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


def test_a_report_that_nobody_asked_for_is_not_found(client):
    assert client.get("/reports/unknown").status_code == 404
