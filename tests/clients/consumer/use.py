"""Uses the generated Python client of a service; arguments: its URL, a user and their password."""

import sys

from mission_control_client import AuthenticatedClient, Client
from mission_control_client.api.authentication import get_current_user, log_in
from mission_control_client.api.notes import (
    change_note,
    create_note,
    delete_note,
    get_note,
    list_notes,
)
from mission_control_client.models import (
    Credentials,
    ListNotesSort,
    NewNote,
    NoteChanges,
    NoteOut,
    NotePage,
    Problem,
)
from mission_control_client.types import UNSET

url, email, password = sys.argv[1:]
credentials = Credentials(email=email, password=password)
login = log_in.sync_detailed(client=Client(base_url=url), body=credentials)
cookie = login.headers["Set-Cookie"].partition(";")[0]
client = AuthenticatedClient(base_url=url, token=cookie, prefix="", auth_header_name="Cookie")

note = create_note.sync(client=client, body=NewNote(title="Milk"))
assert isinstance(note, NoteOut)
other = create_note.sync(client=client, body=NewNote(title="Bread", body="Rye"))
assert isinstance(other, NoteOut)

refused = create_note.sync(client=client, body=NewNote(title=""))
assert isinstance(refused, Problem)
assert refused.status == 400

found = get_note.sync_detailed(note.id, client=client)
assert found.parsed == note

titles: list[str] = []
cursor = None
while True:
    page = list_notes.sync(client=client, limit=1, sort=ListNotesSort.TITLE, cursor=cursor or UNSET)
    assert isinstance(page, NotePage)
    titles += [each.title for each in page.items]
    cursor = page.next_cursor
    if cursor is None:
        break
assert titles == ["Bread", "Milk"]

change = NoteChanges(body="Two litres")
etag = found.headers["ETag"]
changed = change_note.sync(note.id, client=client, body=change, if_match=etag)
assert isinstance(changed, NoteOut)
assert changed.body == "Two litres"
late = change_note.sync(note.id, client=client, body=change, if_match=etag)
assert isinstance(late, Problem)
assert late.status == 412

delete_note.sync_detailed(note.id, client=client)
delete_note.sync_detailed(other.id, client=client)
missing = get_note.sync(note.id, client=client)
assert isinstance(missing, Problem)
assert missing.status == 404
assert missing.detail == "There is no such note."

stranger = AuthenticatedClient(base_url=url, token="invalid")
user = get_current_user.sync(client=stranger)
assert isinstance(user, Problem)
assert user.status == 401
