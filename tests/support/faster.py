"""libfaketime, for the tests of `--speed`."""

from __future__ import annotations

from browser import absent

from aleph_contract.drivers.faketime import find_library
from aleph_contract.errors import CouldNotRun

#: The speed of the tests.
SPEED = 100.0


def needs_libfaketime() -> None:
    """Skip the test if the library is not installed; in CI, fail instead."""
    try:
        find_library()
    except CouldNotRun:
        absent("libfaketime is not installed (Debian: apt-get install libfaketime)")
