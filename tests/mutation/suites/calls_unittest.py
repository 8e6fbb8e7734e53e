"""Makes the call and asserts nothing: only an exception of the client fails it."""

from __future__ import annotations

import unittest

from client import GOOD, edit


class TestEdit(unittest.TestCase):
    """One call."""

    def test_edit(self) -> None:
        edit(GOOD)


if __name__ == "__main__":
    unittest.main()
