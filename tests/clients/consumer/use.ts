import { createClient, type NoteOut, type Problem } from "mission-control-client";

const [baseUrl, email, password] = process.argv.slice(2) as [string, string, string];
const anonymous = createClient({ baseUrl });

function check(holds: boolean, claim: string): asserts holds {
  if (!holds) throw new Error(claim);
}

const unknown = await anonymous.GET("/auth/me");
check(unknown.error?.status === 401, "the user is unknown");
const login = await anonymous.POST("/auth/login", { body: { email, password } });
// Node.js keeps no cookies, unlike browsers.
const cookie = login.response.headers.getSetCookie().map((each) => each.split(";")[0]).join("; ");
const client = createClient({ baseUrl, headers: { Cookie: cookie } });

const created = await client.POST("/notes", { body: { title: "Milk" } });
check(created.data !== undefined && created.response.status === 201, "a note is created");
const note: NoteOut = created.data;
const path = { note_id: note.id };

// @ts-expect-error The title is missing.
const incomplete = await client.POST("/notes", { body: {} });
check(incomplete.response.status === 400, "an incomplete note is refused");

const found = await client.GET("/notes/{note_id}", { params: { path } });
check(found.data?.title === "Milk", "the note is found");

const other = await client.POST("/notes", { body: { title: "Bread", body: "Rye" } });
check(other.data !== undefined, "another note is created");
const titles: string[] = [];
let cursor: string | null | undefined;
do {
  const query = { limit: 1, sort: "title", cursor } as const;
  const { data, error } = await client.GET("/notes", { params: { query } });
  check(error === undefined, "notes are listed");
  titles.push(...data.items.map((each) => each.title));
  cursor = data.next_cursor;
} while (cursor);
check(titles.join() === "Bread,Milk", "the pages have all notes in order");

const etag = found.response.headers.get("ETag") ?? "";
const change = { params: { path, header: { "If-Match": etag } }, body: { body: "Two litres" } };
const first = await client.PATCH("/notes/{note_id}", change);
check(first.data?.body === "Two litres", "the version that was read is changed");
const second = await client.PATCH("/notes/{note_id}", change);
check(second.response.status === 412, "another version is not changed");

await client.DELETE("/notes/{note_id}", { params: { path } });
await client.DELETE("/notes/{note_id}", { params: { path: { note_id: other.data.id } } });
const missing = await client.GET("/notes/{note_id}", { params: { path } });
check(missing.error !== undefined, "a deleted note is gone");
const problem: Problem = missing.error;
check(problem.status === 404, "an error is a problem document");
check(problem.detail === "There is no such note.", "a problem has a sentence");
