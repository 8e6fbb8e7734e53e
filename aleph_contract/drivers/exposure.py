"""See where the processes of a command expose the token: in arguments and in new variables.

Arguments of a process are shown by `ps` to every user of the machine. Linux only, and a sample: a
process that ends within `INTERVAL` seconds may be missed. The longer the command runs, the rarer it
looks: a command that waits minutes for a run would keep a processor busy.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

#: Seconds between the first two looks at the processes; by what factor the next ones are apart, and
#: how far at most.
INTERVAL = 0.003
GROWTH = 1.1
MAX_INTERVAL = 0.05

#: The variable in which the command itself gets the token.
OWN_VARIABLE = "CLOUDFLARE_API_TOKEN"

_PROC = Path("/proc")


@contextmanager
def watch(pid: int, token: str) -> Iterator[dict[str, None]]:
    """Look at a process and its descendants within a `with` block; collects the places, in order.

    Args:
        pid: The process of the command.
        token: The token that it was given.
    """
    places: dict[str, None] = {}
    ended = threading.Event()

    def look() -> None:
        interval = INTERVAL
        while not ended.wait(interval):
            interval = min(interval * GROWTH, MAX_INTERVAL)
            for each in _family(pid):
                places.update(dict.fromkeys(_exposures(each, token.encode())))

    thread = threading.Thread(target=look, name="token-watch", daemon=True)
    thread.start()
    try:
        yield places
    finally:
        ended.set()
        thread.join()


def _family(pid: int) -> Iterator[int]:
    """A process and its descendants, as far as they can be read."""
    yield pid
    with suppress(OSError):
        for task in (_PROC / str(pid) / "task").iterdir():
            for child in (task / "children").read_text().split():
                yield from _family(int(child))


def _exposures(pid: int, token: bytes) -> Iterator[str]:
    """The places in which one process exposes the token, such as `the arguments of curl`."""
    with suppress(OSError):
        folder = _PROC / str(pid)
        arguments = (folder / "cmdline").read_bytes()
        program = (folder / "comm").read_text(errors="replace").strip()
        if token in arguments:
            yield f"the arguments of {program}"
        for entry in (folder / "environ").read_bytes().split(b"\0"):
            name, _, value = entry.partition(b"=")
            if token in value and name != OWN_VARIABLE.encode():
                yield f"the variable {name.decode(errors='replace')} of {program}"
