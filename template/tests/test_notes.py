"""Routes of notes."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest


@pytest.fixture
def make(client):
    """Create a note."""

    def post(title, body=""):
        answer = client.post("/notes", json={"title": title, "body": body})
        assert answer.status_code == 201, answer.text
        return answer.json()

    return post


def test_a_new_note_can_be_read_at_its_location(client):
    answer = client.post("/notes", json={"title": "Milk", "body": "Two litres"})
    assert answer.status_code == 201
    note = client.get(answer.headers["Location"]).json()
    assert note == answer.json()
    assert (note["title"], note["body"], note["archived_at"]) == ("Milk", "Two litres", None)


def test_notes_are_listed_latest_first(client, make):
    make("Milk")
    make("Bread")
    page = client.get("/notes").json()
    assert [note["title"] for note in page["items"]] == ["Bread", "Milk"]
    assert page["total"] == 2


def test_notes_are_paginated(client, make):
    for number in range(5):
        make(f"Note {number}")
    page = client.get("/notes", params={"limit": 2, "offset": 2}).json()
    assert [note["title"] for note in page["items"]] == ["Note 2", "Note 1"]
    assert (page["total"], page["limit"], page["offset"]) == (5, 2, 2)


def test_only_given_fields_change(client, make):
    note = make("Milk", "Two litres")
    changed = client.patch(f"/notes/{note['id']}", json={"body": "One litre"}).json()
    assert changed == {**note, "body": "One litre"}
    assert client.get(f"/notes/{note['id']}").json() == changed


def test_a_note_can_be_archived_and_restored(client, make):
    url = f"/notes/{make('Milk')['id']}"
    archived_at = client.patch(url, json={"archived": True}).json()["archived_at"]
    assert archived_at is not None
    assert client.patch(url, json={"archived": True}).json()["archived_at"] == archived_at
    assert client.patch(url, json={"archived": False}).json()["archived_at"] is None


def test_a_deleted_note_is_404(client, make):
    url = f"/notes/{make('Milk')['id']}"
    assert client.delete(url).status_code == 204
    assert client.get(url).status_code == 404


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_an_unknown_note_is_404(client, method):
    body = {"title": "Milk"} if method == "PATCH" else None
    answer = client.request(method, f"/notes/{uuid.uuid4()}", json=body)
    assert answer.status_code == 404
    assert answer.json()["detail"] == "There is no such note."


def test_a_duplicate_title_is_409(client, make):
    make("Milk", "Two litres")
    answer = client.post("/notes", json={"title": "Milk", "body": "One litre"})
    assert answer.status_code == 409
    assert answer.headers["Content-Type"] == "application/problem+json"
    page = client.get("/notes").json()
    assert [note["body"] for note in page["items"]] == ["Two litres"]


def test_changing_to_a_duplicate_title_is_409(client, make):
    make("Milk")
    bread = make("Bread")
    answer = client.patch(f"/notes/{bread['id']}", json={"title": "Milk"})
    assert answer.status_code == 409
    assert client.get(f"/notes/{bread['id']}").json() == bread


@pytest.mark.parametrize("note", [{}, {"title": ""}, {"title": "x" * 201}, {"title": 1}])
def test_an_invalid_title_is_rejected(client, note):
    answer = client.post("/notes", json=note)
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert "title" in str(answer.json()["errors"])
    assert client.get("/notes").json()["total"] == 0


def titles(page):
    return [note["title"] for note in page["items"]]


@pytest.mark.parametrize("rel", ["next", "prev"])
def test_links_lead_through_all_pages(client, make, rel):
    for number in range(5):
        make(f"Note {number}")
    answer = client.get("/notes", params={"sort": "title", "limit": 2})
    if rel == "prev":
        answer = client.get(answer.links["last"]["url"])
    found = [titles(answer.json())]
    while rel in answer.links:
        answer = client.get(answer.links[rel]["url"])
        assert client.get(answer.links["first"]["url"]).json()["total"] == 5
        found.append(titles(answer.json()))
    pages = {
        "next": [["Note 0", "Note 1"], ["Note 2", "Note 3"], ["Note 4"]],
        "prev": [["Note 3", "Note 4"], ["Note 1", "Note 2"], ["Note 0"]],
    }
    assert found == pages[rel]


def test_a_cursor_neither_repeats_nor_hides_notes(client, make):
    notes = [make(f"Note {number}") for number in range(5)]
    page = client.get("/notes", params={"limit": 2}).json()
    assert titles(page) == ["Note 4", "Note 3"]
    make("Note 5")
    client.delete(f"/notes/{notes[3]['id']}")
    page = client.get("/notes", params={"limit": 2, "cursor": page["next_cursor"]}).json()
    assert titles(page) == ["Note 2", "Note 1"]
    assert (page["total"], page["offset"]) == (None, None)
    page = client.get("/notes", params={"limit": 2, "cursor": page["prev_cursor"]}).json()
    assert titles(page) == ["Note 5", "Note 4"]


def test_notes_are_sorted_and_filtered(client, make):
    made = {title: make(title) for title in ("Milk", "Bread", "Salt")}
    for title in ("Bread", "Milk"):
        client.patch(f"/notes/{made[title]['id']}", json={"archived": True})
    for query, expected in {
        "sort=title": ["Bread", "Milk", "Salt"],
        "sort=-title": ["Salt", "Milk", "Bread"],
        # Notes that are not archived are last in both directions.
        "sort=archived_at": ["Bread", "Milk", "Salt"],
        "sort=-archived_at": ["Milk", "Bread", "Salt"],
        "archived=true&sort=title": ["Bread", "Milk"],
        "archived=false": ["Salt"],
    }.items():
        page = client.get(f"/notes?{query}").json()
        assert (titles(page), page["total"]) == (expected, len(expected))
    since = {"created_since": made["Bread"]["created_at"]}
    before = {"created_before": made["Salt"]["created_at"]}
    assert titles(client.get("/notes", params=since).json()) == ["Salt", "Bread"]
    assert titles(client.get("/notes", params=before).json()) == ["Bread", "Milk"]


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("sort=body", "Unknown sort: use one of created_at, -created_at, title, "),
        ("cursor=nonsense", "Invalid cursor: "),
        ("archved=true", "Unknown query parameter 'archved': use archived, "),
        ("created_since=yesterday", "Invalid time 'yesterday': write it with a time zone, "),
    ],
)
def test_what_cannot_be_listed_is_400(client, query, detail):
    answer = client.get(f"/notes?{query}")
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["detail"].startswith(detail)


def test_an_unchanged_note_is_not_sent_again(client, make):
    url = f"/notes/{make('Milk')['id']}"
    etag = client.get(url).headers["ETag"]
    assert client.get(url, headers={"If-None-Match": etag}).status_code == 304
    changed = client.patch(url, json={"body": "Two litres"})
    answer = client.get(url, headers={"If-None-Match": etag})
    assert answer.json() == changed.json()
    assert answer.headers["ETag"] == changed.headers["ETag"] != etag


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_only_the_version_that_was_read_is_changed(client, method):
    created = client.post("/notes", json={"title": "Milk"})
    url, etag = created.headers["Location"], created.headers["ETag"]
    seen = client.patch(url, json={"body": "Two litres"}, headers={"If-Match": etag})
    assert seen.status_code == 200
    body = {"body": "One litre"} if method == "PATCH" else None
    late = client.request(method, url, json=body, headers={"If-Match": etag})
    assert late.status_code == 412
    assert late.headers["Content-Type"] == "application/problem+json"
    assert client.get(url).json() == seen.json()
    current = {"If-Match": seen.headers["ETag"]}
    assert client.request(method, url, json=body, headers=current).is_success


def test_of_changes_at_the_same_time_one_wins(client, make):
    url = f"/notes/{make('Milk')['id']}"

    def change(word, etag):
        answer = client.patch(url, json={"body": word}, headers={"If-Match": etag})
        return answer.status_code, word

    with ThreadPoolExecutor(4) as pool:
        for number in range(10):
            words = [f"{number}{letter}" for letter in "abcd"]
            etags = [client.get(url).headers["ETag"]] * len(words)
            answers = dict(pool.map(change, words, etags))
            assert set(answers) == {200, 412}
            assert client.get(url).json()["body"] == answers[200]


def test_fields_that_the_service_does_not_know_are_ignored(client):
    answer = client.post("/notes", json={"title": "Milk", "colour": "red"})
    assert answer.status_code == 201
    changed = client.patch(answer.headers["Location"], json={"body": "Two litres", "colour": None})
    assert changed.json() == {**answer.json(), "body": "Two litres"}


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 101}, {"offset": -1}, {"limit": "x"}])
def test_an_invalid_page_is_rejected(client, query):
    answer = client.get("/notes", params=query)
    assert answer.status_code == 400
    assert next(iter(query)) in str(answer.json()["errors"])
