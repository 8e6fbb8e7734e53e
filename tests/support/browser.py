"""A headless Chromium for the tests, controlled over the DevTools protocol, without a driver.

A tab records its requests, log entries and exceptions, so that a test can assert that there are
none.
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

#: Headless, and without updates, background requests and a first-run page.
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

#: Seconds to wait for a reply of the browser, or for a condition on a page.
PATIENCE = 60.0


def chromium() -> str:
    """Path of the browser; without one, the test is skipped, or fails in CI.

    The headless shell comes first: without the windows of a desktop, it uses a third of the CPU.
    Debian's script of that name in /usr/bin would end without the browser that it starts.
    """
    shell = "/usr/lib/chromium/chromium-headless-shell"
    names = (shell, "chromium", "chromium-browser", "google-chrome")
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        absent("no Chromium is installed (Debian: apt-get install chromium-headless-shell)")
    return found


def absent(reason: str) -> NoReturn:
    """Skip the test because a program is not installed; in CI, fail instead."""
    if os.environ.get("CI"):
        pytest.fail(f"{reason}; CI installs it")
    pytest.skip(reason)


#: The centre of an element; undefined while it moves or another element covers it.
_CENTRE = """(async () => {
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
    """A running browser; each test opens its own tab."""

    def __init__(self, address: str) -> None:
        self._address = address

    @contextmanager
    def tab(self, **emulated: Any) -> Iterator[Tab]:
        """Open a tab, and close it after the block.

        Args:
            **emulated: Arguments of `Tab.emulate`.
        """
        request = urllib.request.Request(f"{self._address}/json/new?about:blank", method="PUT")  # noqa: S310 - local
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
    """One tab, and a record of its requests and errors.

    Attributes:
        requested: Each URL that it has requested.
        complaints: Each logged error and warning, and each exception.
    """

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._number = 0
        self.requested: list[str] = []
        self.complaints: list[str] = []
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **params: Any) -> Any:
        """Call a method of the DevTools protocol and return its result."""
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
        """Set the size of the window, and the preference for a dark page."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=1, mobile=False)  # fmt: skip
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])

    def open(self, url: str) -> None:
        """Open a page and wait until it has loaded, with its scripts."""
        self.call("Page.navigate", url=url)
        self.wait("document.readyState === 'complete' && location.href !== 'about:blank'")

    def ask(self, expression: str) -> Any:
        """The value of a JavaScript expression; a promise is awaited."""
        answer = self.call("Runtime.evaluate", expression=expression, awaitPromise=True,
                           returnByValue=True, userGesture=True)  # fmt: skip
        if "exceptionDetails" in answer:
            raise AssertionError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def wait(self, expression: str, seconds: float = PATIENCE) -> Any:
        """Wait until an expression is truthy, and return its value."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            value = self.ask(expression)
            if value not in (None, False, 0, ""):  # an element is returned as {}
                return value
            time.sleep(0.02)
        raise AssertionError(f"after {seconds:g} s still false: {expression}")

    def press(self, key: str) -> None:
        """Press and release a key."""
        codes = {"Tab": 9, "Enter": 13, "Escape": 27, "ArrowUp": 38, "ArrowDown": 40}
        code = codes.get(key) or ord(key.upper())
        shared = {"key": key, "code": key, "windowsVirtualKeyCode": code}
        typed = key if len(key) == 1 else "\r" if key == "Enter" else ""
        text = {"text": typed} if typed else {}
        self.call("Input.dispatchKeyEvent", type="keyDown", **shared, **text)
        self.call("Input.dispatchKeyEvent", type="keyUp", **shared)

    def click(self, selector: str) -> None:
        """Click the centre of an element with mouse events, once it has stopped moving."""
        place = self.wait(_CENTRE % json.dumps(selector))
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, button="left", clickCount=1, **place)

    def screenshot(self, path: str | os.PathLike[str]) -> None:
        """Write a screenshot of the window to a PNG file."""
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
    """Start a browser with an empty profile, and end it after the block."""
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
    port_file = profile / "DevToolsActivePort"
    until = time.monotonic() + 30
    while time.monotonic() < until and process.poll() is None:
        if port_file.exists() and (lines := port_file.read_text().splitlines()):
            return lines[0]
        time.sleep(0.02)
    raise AssertionError("Chromium did not start within 30 s")
