"""A count, from the request for it to its result, with a worker that makes it."""

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


def test_a_count_that_nobody_asked_for_is_not_found(client):
    assert client.get("/counts/unknown").status_code == 404


def test_a_request_without_a_text_is_refused(client):
    answer = client.post("/counts", json={"words": "two"})
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
