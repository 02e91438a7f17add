"""A real browser: headless Chromium, controlled by the WebDriver protocol."""

from __future__ import annotations

import base64
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

_STARTED = re.compile(r"started successfully on port (\d+)")
_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


class NoBrowser(Exception):
    """Chromium is missing or does not start; the message says what to do."""


class Browser:
    """A window of a browser.

    Args:
        client: HTTP client of the window's WebDriver session.
    """

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def open(self, page: Path | str) -> None:
        """Open a file, or a URL."""
        self._post("url", {"url": page if isinstance(page, str) else page.as_uri()})

    def run(self, script: str, *arguments: Any) -> Any:
        """Run a script in the page, and return its result."""
        return self._post("execute/sync", {"script": script, "args": arguments})

    def find(self, selector: str) -> str:
        """Find an element by its CSS selector."""
        found = self._post("element", {"using": "css selector", "value": selector})
        return str(found[_ELEMENT])

    def click(self, selector: str) -> None:
        """Click on an element like a user."""
        self._post(f"element/{self.find(selector)}/click", {})

    def type(self, selector: str, keys: str) -> None:
        """Press keys while an element has the focus."""
        self._post(f"element/{self.find(selector)}/value", {"text": keys})

    def control(self, command: str, **parameters: Any) -> Any:
        """Send a command of the DevTools protocol."""
        return self._post("goog/cdp/execute", {"cmd": command, "params": parameters})

    def size(self, width: int, height: int) -> None:
        """Set the size of the page, in CSS pixels."""
        self.control(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )

    def prefer(self, scheme: str) -> None:
        """Prefer light or dark colours."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.control("Emulation.setEmulatedMedia", features=features)

    def messages(self) -> list[str]:
        """New messages of the console: errors, and violations of the content security policy."""
        return [str(each["message"]) for each in self._post("se/log", {"type": "browser"})]

    def picture(self) -> bytes:
        """A screenshot, as a PNG."""
        return base64.b64decode(self._value(self._client.get("screenshot")))

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        return self._value(self._client.post(path, json=body))

    @staticmethod
    def _value(response: httpx.Response) -> Any:
        value = response.json()["value"]
        if response.is_error:
            raise RuntimeError(value["message"])
        return value


@contextmanager
def browser(folder: Path) -> Iterator[Browser]:
    """Open a window.

    Args:
        folder: An empty folder for the browser's profile.

    Raises:
        NoBrowser: When there is none.
    """
    driver = shutil.which("chromedriver")
    if driver is None:
        raise NoBrowser("These tests need chromedriver and Chromium: install chromium-driver.")
    with subprocess.Popen(
        [driver, "--port=0"],
        env={**os.environ, "HOME": str(folder), "TMPDIR": str(folder)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            # Do not use a proxy from environment variables.
            with (
                httpx.Client(base_url=_address(process), timeout=120, trust_env=False) as client,
                _session(client, folder) as session,
            ):
                yield session
        finally:
            process.terminate()


def _address(process: subprocess.Popen[str]) -> str:
    output = ""
    for line in process.stdout or ():
        output += line
        if port := _STARTED.search(line):
            return f"http://127.0.0.1:{port[1]}"
    raise NoBrowser(f"chromedriver does not start: {output.strip()}")


@contextmanager
def _session(client: httpx.Client, folder: Path) -> Iterator[Browser]:
    arguments = [
        "--headless",
        "--disable-dev-shm-usage",
        "--hide-scrollbars",
        f"--user-data-dir={folder / 'profile'}",
        # The sandbox does not work as root, and the browser only opens pages of the tests.
        *(["--no-sandbox"] if os.geteuid() == 0 else []),
    ]
    wanted = {
        "goog:chromeOptions": {"args": arguments},
        "goog:loggingPrefs": {"browser": "ALL"},
    }
    response = client.post("/session", json={"capabilities": {"alwaysMatch": wanted}})
    value = response.json()["value"]
    if response.is_error:
        raise NoBrowser(f"Chromium does not start: {value['message']}")
    session = f"{client.base_url}/session/{value['sessionId']}"
    try:
        with httpx.Client(base_url=session, timeout=120, trust_env=False) as inner:
            yield Browser(inner)
    finally:
        # Close it first, because it would continue to run after its driver.
        client.delete(session).raise_for_status()
