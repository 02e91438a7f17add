"""Routes of notes."""

import uuid

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


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 101}, {"offset": -1}, {"limit": "x"}])
def test_an_invalid_page_is_rejected(client, query):
    answer = client.get("/notes", params=query)
    assert answer.status_code == 400
    assert next(iter(query)) in str(answer.json()["errors"])
