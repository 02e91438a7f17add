"""A count from the request to its result, computed by a worker."""

from support.processes import until


def test_words_are_counted_by_a_worker(client, start):
    asked = client.post("/counts", json={"text": "two litres of milk, and two loaves"})
    assert asked.status_code == 202
    assert asked.json()["status"] == "queued"

    worker = start("worker")

    def count():
        found = client.get(asked.headers["Location"]).json()
        return found if found["status"] == "complete" else None

    result = until(count, seconds=30, what=f"the count of {worker}")["result"]
    assert (result["total"], result["distinct"]) == (7, 6)
    assert result["top"]["two"] == 2


def test_an_unknown_count_is_404(client):
    assert client.get("/counts/unknown").status_code == 404


def test_a_request_without_text_is_rejected(client):
    answer = client.post("/counts", json={"words": "two"})
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
