"""A headless Chromium for the tests, over its own protocol: no driver, no download.

What a person would see is asked of the page itself; what it asked of the network, what it logged
and what it threw is kept, so that a test can say there was none.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import pytest
from websockets.sync.client import ClientConnection, connect

#: Nothing of a browser's own business: no updates, no look-ups, no first-run page.
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--remote-debugging-port=0",
)

#: Seconds that anything on a page may take.
PATIENCE = 15.0


def chromium() -> str:
    """The browser; skips the test where there is none, and fails it in CI."""
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        absent("no Chromium is installed (Debian: apt-get install chromium)")
    return found


def absent(reason: str) -> NoReturn:
    """Skip a test for what is not installed; in CI everything is."""
    if os.environ.get("CI"):
        pytest.fail(f"{reason}; CI installs it")
    pytest.skip(reason)


#: Where the middle of an element is, once nothing covers it and it stays there for two frames.
_REST = """(async () => {
  const frame = () => new Promise(requestAnimationFrame);
  const element = document.querySelector(%s);
  const place = () => {
    const box = element?.getBoundingClientRect();
    return box?.width ? { x: box.x + box.width / 2, y: box.y + box.height / 2 } : undefined;
  };
  element?.scrollIntoView({ block: "center", behavior: "instant" });
  const before = place();
  await frame();
  await frame();
  const after = place();
  if (!before || before.x !== after?.x || before.y !== after?.y) return undefined;
  return element.contains(document.elementFromPoint(after.x, after.y)) ? after : undefined;
})()"""


class Browser:
    """One browser, in which every test opens a tab of its own."""

    def __init__(self, address: str) -> None:
        self._address = address

    @contextmanager
    def tab(self, **emulated: Any) -> Iterator[Tab]:
        """A fresh tab in a profile of its own.

        Args:
            **emulated: As `Tab.emulate` takes them.
        """
        request = urllib.request.Request(f"{self._address}/json/new?about:blank", method="PUT")  # noqa: S310 - our own
        with urllib.request.urlopen(request) as answer:  # noqa: S310
            target = json.load(answer)
        with connect(target["webSocketDebuggerUrl"], max_size=None, compression=None) as socket:
            tab = Tab(socket)
            tab.emulate(**emulated)
            try:
                yield tab
            finally:
                urllib.request.urlopen(f"{self._address}/json/close/{target['id']}").close()  # noqa: S310


class Tab:
    """One tab: what it shows, and what it did.

    Attributes:
        requested: Every URL it asked for.
        complaints: Everything it logged as error or warning, or threw.
    """

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._number = 0
        self.requested: list[str] = []
        self.complaints: list[str] = []
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **params: Any) -> Any:
        """Call a method of the protocol and return its result."""
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": params}))
        while True:
            message = json.loads(self._socket.recv(PATIENCE))
            if message.get("id") != self._number:
                self._note(message)
            elif "error" in message:
                raise AssertionError(f"{method}: {message['error']}")
            else:
                return message["result"]

    def emulate(self, *, width: int = 1400, height: int = 900, dark: bool = False) -> None:
        """A window of that size, and a reader's wish for dark."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=1, mobile=False)  # fmt: skip
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])

    def open(self, url: str) -> None:
        """Go to a page and wait until it is there, its scripts included."""
        self.call("Page.navigate", url=url)
        self.wait("document.readyState === 'complete' && location.href !== 'about:blank'")

    def ask(self, expression: str) -> Any:
        """The value of a JavaScript expression, awaited."""
        answer = self.call("Runtime.evaluate", expression=expression, awaitPromise=True,
                           returnByValue=True, userGesture=True)  # fmt: skip
        if "exceptionDetails" in answer:
            raise AssertionError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def wait(self, expression: str, seconds: float = PATIENCE) -> Any:
        """Wait until an expression is true, and return its value."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            value = self.ask(expression)
            if value not in (None, False, 0, ""):  # an element comes as {}
                return value
            time.sleep(0.02)
        raise AssertionError(f"after {seconds:g} s still not: {expression}")

    def press(self, key: str) -> None:
        """Press and release a key."""
        codes = {"Tab": 9, "Enter": 13, "Escape": 27, "ArrowUp": 38, "ArrowDown": 40}
        shared = {"key": key, "code": key, "windowsVirtualKeyCode": codes[key]}
        text = {"text": "\r"} if key == "Enter" else {}
        self.call("Input.dispatchKeyEvent", type="keyDown", **shared, **text)
        self.call("Input.dispatchKeyEvent", type="keyUp", **shared)

    def click(self, selector: str) -> None:
        """Click where an element is, once it has come to rest, with a real mouse."""
        place = self.wait(_REST % json.dumps(selector))
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, button="left", clickCount=1, **place)

    def screenshot(self, path: str | os.PathLike[str]) -> None:
        """Write what the window shows to a PNG file."""
        data = self.call("Page.captureScreenshot")["data"]
        Path(path).write_bytes(base64.b64decode(data))

    def _note(self, message: dict[str, Any]) -> None:
        params = message.get("params", {})
        match message.get("method"):
            case "Network.requestWillBeSent":
                self.requested.append(params["request"]["url"])
            case "Runtime.exceptionThrown":
                self.complaints.append(str(params["exceptionDetails"]))
            case "Runtime.consoleAPICalled" if params["type"] in ("error", "warning", "assert"):
                self.complaints.append(str(params["args"]))
            case "Log.entryAdded" if params["entry"]["level"] in ("error", "warning"):
                self.complaints.append(str(params["entry"]))


@contextmanager
def running_browser() -> Iterator[Browser]:
    """Start a browser with an empty profile; it ends with the block."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            [chromium(), *FLAGS, f"--user-data-dir={profile}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield Browser(f"http://127.0.0.1:{_port(process, Path(profile))}")
        finally:
            process.terminate()
            process.wait()


def _port(process: subprocess.Popen[bytes], profile: Path) -> str:
    told = profile / "DevToolsActivePort"
    until = time.monotonic() + 30
    while time.monotonic() < until and process.poll() is None:
        if told.exists() and (lines := told.read_text().splitlines()):
            return lines[0]
        time.sleep(0.02)
    raise AssertionError("Chromium does not start")
