"""Counting words by requests and commands."""

import json

TEXT = "Two litres of milk, and two loaves"


def test_a_request_returns_the_count(client):
    answer = client.post("/counts", json={"text": TEXT})
    assert answer.status_code == 200
    count = answer.json()
    assert (count["total"], count["distinct"]) == (7, 6)
    assert count["top"]["two"] == 2


def test_a_text_without_words_is_empty(client):
    assert client.post("/counts", json={"text": " -- "}).json() == {
        "total": 0,
        "distinct": 0,
        "top": {},
    }


def test_the_number_of_listed_words_is_configurable(client, settings):
    text = " ".join(f"word{number}" for number in range(20))
    count = client.post("/counts", json={"text": text}).json()
    assert count["distinct"] == 20
    assert len(count["top"]) == settings.top_words


def test_a_request_without_text_is_rejected(client):
    answer = client.post("/counts", json={"words": TEXT})
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_the_command_counts_the_words_of_a_file(client, invoke, tmp_path):
    file = tmp_path / "text"
    file.write_text(TEXT)
    done = invoke("admin", "count", str(file))
    assert done.exit_code == 0
    assert json.loads(done.stdout) == client.post("/counts", json={"text": TEXT}).json()


def test_the_command_rejects_a_missing_file(invoke, tmp_path):
    done = invoke("admin", "count", str(tmp_path / "missing"))
    assert done.exit_code == 2
    assert "does not exist" in done.stderr
