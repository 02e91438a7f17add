"""Pages that links in mails open, in a real browser: light, dark and narrow."""

from __future__ import annotations

import email
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from email import policy
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
import yaml

from tests.fleet.browser import Browser
from tests.rendering import ROOT, render
from tools.ports import free_port

ANSWERS = ROOT / "tests" / "answers" / "parts" / "account_mails.yml"
USER = "ada@example.org"
OLD, NEW = "correct horse battery staple", "another horse battery staple"
PURPOSES = ("reset-password", "verify-email", "create-account", "leave-email", "change-email")
SECONDS = 30

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


class Service(NamedTuple):
    """A running service.

    Attributes:
        url: Its address.
        mailbox: Folder of the mails that it sends.
    """

    url: str
    mailbox: Path


@pytest.fixture
def service(template: Path, tmp_path: Path) -> Iterator[Service]:
    """A service with a user, run by `dev`."""
    project = render(template, tmp_path / "project", yaml.safe_load(ANSWERS.read_text()))
    # The service reads its version from the metadata of an installed package.
    metadata = project / "src" / "doorbell-0.1.0.dist-info" / "METADATA"
    metadata.parent.mkdir()
    metadata.write_text("Metadata-Version: 2.1\nName: doorbell\nVersion: 0.1.0\n")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    variables = {
        "DATABASE_URL": f"sqlite:///{tmp_path / 'service.db'}",
        "LINKS_URL": f"{url}/auth/links",
        "PATH": os.environ["PATH"],
        "PORT": str(port),
        "PYTHONPATH": str(project / "src"),
    }
    command = [sys.executable, "-m", "doorbell"]

    def run(*arguments: str, text: str = "") -> None:
        subprocess.run(
            [*command, *arguments],
            cwd=project,
            env=variables,
            input=text,
            text=True,
            check=True,
            capture_output=True,
        )

    run("db", "upgrade")
    run("admin", "create-user", USER, "--password-stdin", text=OLD)
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(
            [*command, "dev"], cwd=project, env=variables, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        wait_for(lambda: answers(url), lambda: (tmp_path / "log").read_text())
        yield Service(url, project / ".dev")
    finally:
        process.terminate()
        process.wait(SECONDS)


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health/ready", trust_env=False).is_success
    except httpx.TransportError:
        return False


def wait_for(happened: Callable[[], object], explain: Callable[[], str]) -> None:
    end = time.monotonic() + SECONDS
    while not happened():
        if time.monotonic() > end:
            pytest.fail(explain())
        time.sleep(0.1)


def post(service: Service, path: str, **body: str) -> httpx.Response:
    return httpx.post(f"{service.url}{path}", json=body, trust_env=False)


def errors(window: Browser) -> list[str]:
    """What went wrong in a page; the page cannot know the user that a password manager asks for."""
    return [each for each in window.messages() if "username fields" not in each]


def test_a_password_is_reset_on_a_page(window: Browser, service: Service) -> None:
    assert post(service, "/auth/password-reset", email=USER).status_code == 204
    wait_for(lambda: list(service.mailbox.rglob("*.eml")), lambda: "no mail came")
    [file] = service.mailbox.rglob("*.eml")
    mail = email.message_from_bytes(file.read_bytes(), policy=policy.default)
    body = mail.get_body(("plain",))
    assert body is not None
    link = next(word for word in body.get_content().split() if "#" in word)
    window.open(link)
    # The token has left the address bar.
    address = "return location.href"
    wait_for(lambda: "#" not in window.run(address), lambda: str(window.messages()))
    assert window.run(address) == link.partition("#")[0]
    window.type("#password", "short")
    window.click("button")
    assert window.run("return document.getElementById('password').validity.tooShort")
    window.click("#show")
    assert window.run("return document.getElementById('password').type") == "text"
    window.run("document.getElementById('password').value = ''")
    window.type("#password", NEW)
    window.click("button")
    said = "return document.getElementById('outcome').textContent"
    wait_for(lambda: window.run(said), lambda: "the page says nothing")
    assert window.run(said) == "Your password is changed. You can log in with it now."
    assert errors(window) == []
    assert post(service, "/auth/login", email=USER, password=NEW).status_code == 200
    assert post(service, "/auth/login", email=USER, password=OLD).status_code == 401
    # Opened again, the link says that it was used.
    window.open("about:blank")
    window.open(link)
    window.type("#password", NEW)
    window.click("button")
    wait_for(lambda: window.run(said), lambda: "the page says nothing")
    assert window.run(said).startswith("This link is invalid, was used, or has expired")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_pages_fit_and_can_be_read(
    window: Browser, service: Service, scheme: str, width: int, tmp_path: Path
) -> None:
    window.prefer(scheme)
    window.size(width, 700)
    for purpose in PURPOSES:
        window.open(f"{service.url}/auth/links/{purpose}#token")
        assert window.run("return document.documentElement.scrollWidth") <= width, purpose
        for selector in ("h1", ".service", "button", "#rule"):
            contrast = window.run(CONTRAST, selector)
            assert contrast >= 4.5, (purpose, selector, contrast)
        assert errors(window) == [], purpose
        (tmp_path / f"{purpose}.png").write_bytes(window.picture())


# WCAG 2.2, contrast ratio of an element's text to what is behind it.
CONTRAST = """
const parse = (colour) => colour.match(/[\\d.]+/g).map(Number);
const light = (colour) => parse(colour).slice(0, 3).map((value) => {
  const part = value / 255;
  return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
}).reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0);
const element = document.querySelector(arguments[0]);
let behind = element;
while (behind.parentElement && (parse(getComputedStyle(behind).backgroundColor)[3] ?? 1) === 0) {
  behind = behind.parentElement;
}
const found = [getComputedStyle(element).color, getComputedStyle(behind).backgroundColor];
const [low, high] = found.map(light).sort((a, b) => a - b);
return (high + 0.05) / (low + 0.05);
"""
