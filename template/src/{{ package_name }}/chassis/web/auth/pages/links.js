// Sends the secret of the link, and the new password if the page asks for one.
"use strict";

const form = document.getElementById("form");
const fields = form.querySelector("fieldset");
const password = document.getElementById("password");
const show = document.getElementById("show");
const button = form.querySelector("button");
const outcome = document.getElementById("outcome");
const token = location.hash.slice(1);

// Out of the address bar, the history and screenshots.
history.replaceState(null, "", location.pathname);

function tell(text, kind) {
  outcome.textContent = text;
  outcome.className = kind;
}

function finish(text) {
  form.hidden = true;
  document.getElementById("text").hidden = true;
  tell(text, "good");
}

async function send() {
  const body = fields.disabled ? { token } : { token, password: password.value };
  const answer = await fetch(form.dataset.action, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  const content = answer.status === 204 ? {} : await answer.json();
  if (!answer.ok) {
    tell(content.detail, "problem");
    return;
  }
  finish(content.changed ? form.dataset.changed : form.dataset.done);
}

show.addEventListener("change", () => {
  password.type = show.checked ? "text" : "password";
});

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  button.disabled = true;
  tell("", "");
  try {
    await send();
  } catch {
    tell("The service could not be reached: try again.", "problem");
  } finally {
    button.disabled = false;
  }
});

if (!token) {
  form.hidden = true;
  tell("This link is incomplete: open it from the mail again.", "problem");
}
