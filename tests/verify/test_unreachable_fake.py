"""On a machine where no client can connect to the fake, there is no verdict."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from aleph_contract.cli import run


@pytest.mark.parametrize(
    "words",
    [
        ["verify", "client", "--python", "operator:itemgetter", "--run", "boundary/seed/*"],
        ["exec", "--", "true"],
    ],
    ids=["verify client", "exec"],
)
def test_a_machine_without_a_loopback_interface_is_told(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As in a sandbox: `unshare -rn aleph-contract exec -- true`."""

    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(101, "Network is unreachable")

    monkeypatch.setattr(socket, "create_connection", refuse)
    assert run(words) == 3
    shown = "".join(capsys.readouterr())
    assert "Network is unreachable; start the loopback interface" in shown
    assert "DOES NOT CONFORM" not in shown
