"""The mailbox of a generated service in a real browser: light, dark and narrow."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import httpx
import pytest

from tests.fleet.browser import Browser
from tests.rendering import render
from tools.ports import free_port

NAME = "1800000000000000000-0123abcd"
HTML = (
    "<p id='shown'>mail</p><script>document.title = 'canary'</script>"
    "<img src='http://127.0.0.1:9/pixel.png'>"
)

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


@pytest.fixture
def mailbox(template: Path, tmp_path: Path) -> Iterator[str]:
    """URL of the mailbox of a service, with one mail."""
    project = render(template, tmp_path / "project", {"preset": "minimal", "mail": "smtp"})
    # The service reads its version from the metadata of an installed package.
    metadata = project / "src" / "orbit-0.1.0.dist-info" / "METADATA"
    metadata.parent.mkdir()
    metadata.write_text("Metadata-Version: 2.1\nName: orbit\nVersion: 0.1.0\n")
    mail = EmailMessage()
    mail["Subject"] = "<b>Subject</b> " + "long" * 60
    mail["From"], mail["To"] = "orbit@example.org", "ada@example.org"
    mail["Date"] = "Tue, 01 Dec 2026 12:00:00 +0000"
    mail.set_content("text " * 100 + "long" * 100)
    mail.add_alternative(HTML, subtype="html")
    folder = tmp_path / "mail"
    folder.mkdir()
    (folder / f"{NAME}.eml").write_bytes(mail.as_bytes())
    port = free_port()
    variables = {"MAILBOX_FOLDER": str(folder), "PORT": str(port), "PATH": os.environ["PATH"]}
    command = [sys.executable, "-m", "orbit", "web"]
    with subprocess.Popen(
        command, cwd=project / "src", env=variables, stdout=subprocess.DEVNULL
    ) as service:
        try:
            url = f"http://127.0.0.1:{port}/mailbox"
            wait_for(url)
            yield url
        finally:
            service.terminate()


def wait_for(url: str) -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            httpx.get(url, trust_env=False).raise_for_status()
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"{url} does not answer")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_the_mailbox_fits_and_follows_the_colours_of_the_system(
    window: Browser, mailbox: str, scheme: str, width: int
) -> None:
    window.size(width, 900)
    window.prefer(scheme)
    for url in (mailbox, f"{mailbox}/mails/{NAME}"):
        window.open(url)
        assert window.run("return document.documentElement.scrollWidth") <= width, url
        canvas = window.run(
            "const probe = document.createElement('p'); document.body.append(probe);"
            "probe.style.color = 'CanvasText'; return getComputedStyle(probe).color"
        )
        assert canvas == ("rgb(255, 255, 255)" if scheme == "dark" else "rgb(0, 0, 0)"), url
        assert window.messages() == [] or url != mailbox


def test_a_mail_runs_no_scripts_and_loads_nothing(window: Browser, mailbox: str) -> None:
    window.open(mailbox)
    window.click("li a")
    assert window.run("return document.querySelector('pre').innerText").startswith("text text")
    window.open(f"{mailbox}/mails/{NAME}/html")
    assert window.run("return document.getElementById('shown').innerText") == "mail"
    assert window.run("return document.title") != "canary"
    said = " ".join(window.messages())
    assert "Blocked script execution" in said or "script" in said
    assert "violates" in said
    assert "img-src" in said
