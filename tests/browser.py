"""Chromium for tests, controlled by its debugging protocol over a pipe."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from select import select
from typing import Any

BROWSER = "chromium"

# A browser that does not respond for so long has failed.
_SECONDS = 60

# The shell gives the pipe the two file descriptors that Chromium expects.
_START = 'exec "$@" 3<&{reading} 4>&{writing}'
_OPTIONS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--remote-debugging-pipe")


class Tab:
    """A tab; it records errors on the console and the addresses that are requested."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._call(f"{domain}.enable")

    def show(self, address: str, *, width: int = 1280, scheme: str = "light", media: str = "screen") -> None:
        """Load a page in a window of a width, and wait until it is loaded."""
        self._browser.events.clear()
        self._call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self._call("Emulation.setEmulatedMedia", media=media, features=features)
        self._call("Page.navigate", url=address)
        self._browser.wait_for("Page.loadEventFired")

    def evaluate(self, script: str) -> Any:
        """Return the value of a JavaScript expression."""
        result = self._call("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def screenshot(self) -> bytes:
        """Return the whole page as PNG."""
        return base64.b64decode(self._call("Page.captureScreenshot", captureBeyondViewport=True)["data"])

    def print(self) -> bytes:
        """Return the printed page as PDF."""
        return base64.b64decode(self._call("Page.printToPDF", preferCSSPageSize=True)["data"])

    @property
    def errors(self) -> list[str]:
        """Return the errors and warnings on the console since the page was loaded."""
        entries = [event["params"]["entry"] for event in self._events("Log.entryAdded")]
        logged = [entry["text"] for entry in entries if entry["level"] in {"error", "warning"}]
        return logged + [str(event) for event in self._events("Runtime.exceptionThrown", "Runtime.consoleAPICalled")]

    @property
    def requests(self) -> list[str]:
        """Return the addresses that the page has requested, without data inside it."""
        addresses = [event["params"]["request"]["url"] for event in self._events("Network.requestWillBeSent")]
        return [address for address in addresses if not address.startswith("data:")]

    def _events(self, *methods: str) -> list[dict[str, Any]]:
        return [event for event in self._browser.events if event["method"] in methods]

    def _call(self, method: str, **parameters: Any) -> dict[str, Any]:
        return self._browser.call(method, self._session, **parameters)


class Browser:
    """A running Chromium: calls and their results, one at a time, and events."""

    def __init__(self, reading: int, writing: int) -> None:
        self.events: list[dict[str, Any]] = []
        self._input = os.fdopen(writing, "wb", buffering=0)
        self._reading = reading
        self._buffer = b""
        self._calls = 0

    def call(self, method: str, session: str = "", /, **parameters: Any) -> dict[str, Any]:
        """Return the result of a method; raises AssertionError for an error."""
        self._calls += 1
        message = {"id": self._calls, "method": method, "params": parameters}
        self._input.write(json.dumps(message | ({"sessionId": session} if session else {})).encode() + b"\0")
        while (answer := self._read()).get("id") != self._calls:
            self.events.append(answer)
        assert "error" not in answer, answer
        result: dict[str, Any] = answer["result"]
        return result

    def wait_for(self, method: str) -> None:
        """Read events until there is one of a method."""
        while not any(event["method"] == method for event in self.events):
            self.events.append(self._read())

    def close(self) -> None:
        """End the browser."""
        self.call("Browser.close")
        self._input.close()
        os.close(self._reading)

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            ready, _, _ = select([self._reading], [], [], _SECONDS)
            assert ready, f"the browser has not responded for {_SECONDS} seconds"
            block = os.read(self._reading, 65_536)
            assert block, "the browser has ended"
            self._buffer += block
        message, _, self._buffer = self._buffer.partition(b"\0")
        answer: dict[str, Any] = json.loads(message)
        return answer


@contextmanager
def browser(profile: Path) -> Iterator[Browser]:
    """Start Chromium with a profile in a folder, and end it."""
    to_browser, from_browser = os.pipe(), os.pipe()
    start = _START.format(reading=to_browser[0], writing=from_browser[1])
    words = ["bash", "-c", start, "bash", BROWSER, *_OPTIONS, f"--user-data-dir={profile}", "about:blank"]
    passed = (to_browser[0], from_browser[1])
    process = subprocess.Popen(words, pass_fds=passed, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for descriptor in passed:
        os.close(descriptor)
    try:
        opened = Browser(from_browser[0], to_browser[1])
        yield opened
        opened.close()
        process.wait(timeout=30)
    finally:
        process.kill()
        process.wait()
