"""A server in a thread: `running`, account handles, stopping."""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from calling import PATIENCE, body, connect, head, only, post

from aleph_contract.errors import ArgumentError, ContractError
from fake_server.account_handle import wait_until
from fake_server.server import running

SERVE = [sys.executable, "-m", "aleph_contract", "serve"]
SHIPPED = Path(__file__).parents[2] / "aleph_contract/contract/entries/runwayml__aleph-2.json"

#: Seconds of a request in flight that a server does not wait for when it stops.
LONG = 60.0


class TestThread:
    """`running(...)`."""

    def test_it_takes_the_path_of_a_contract(self) -> None:
        with running(str(SHIPPED)) as server:
            assert post(server.account()).status_code == 200
        with pytest.raises(ContractError), running("/no/such/file"):
            pass

    def test_an_account_has_its_environment(self) -> None:
        with running() as server:
            account = server.account()
            assert account.env == {
                "CLOUDFLARE_BASE_URL": server.base_url,
                "CLOUDFLARE_ACCOUNT_ID": account.id,
                "CLOUDFLARE_API_TOKEN": account.token,
            }
            assert server.base_url == f"{server.origin}/client/v4"
            assert server.inspector == f"{server.origin}/__aleph__/"
            assert server.origin == f"http://{server.binding_address}"

    @pytest.mark.parametrize("host", ["localhost", "::1"])
    def test_it_listens_on_the_given_host(self, host: str) -> None:
        if host == "::1" and not _has_ipv6():
            pytest.skip("this machine has no IPv6 loopback address")
        with running(host=host) as server:
            assert post(server.account()).status_code == 200

    def test_a_busy_port_is_an_error(self) -> None:
        with running() as server:
            port = int(server.binding_address.rpartition(":")[2])
            with pytest.raises(ArgumentError, match="Address already in use"), running(port=port):
                pass

    def test_a_server_that_does_not_start_closes_its_journal(self, tmp_path: Path) -> None:
        journal = f"sqlite:{tmp_path / 'journal.db'}"
        with pytest.raises(ArgumentError, match="port"), running(port=-1, journal=journal):
            pass
        with running(journal=journal) as server:
            assert post(server.account()).status_code == 200

    def test_a_host_that_others_reach_needs_expose(self) -> None:
        with pytest.raises(ArgumentError, match="expose"), running(host="0.0.0.0"):
            pass
        with running(host="0.0.0.0", expose=True) as server:
            assert post(server.account()).status_code == 200

    def test_a_port_is_free_again_at_once(self) -> None:
        with running() as server:
            post(server.account())
            port = int(server.binding_address.rpartition(":")[2])
        with running(port=port) as server:
            assert post(server.account()).status_code == 200

    @pytest.mark.parametrize("flight", ["hang", "drip", "delayed", "half a head", "half a body",
                                        "idle", "control stream"])  # fmt: skip
    def test_it_stops_with_requests_in_flight(self, flight: str) -> None:
        with running() as server:
            account = server.account()
            connection = connect(server)
            if flight in ("hang", "drip", "delayed"):
                account.scenario([{"fault": flight, "delay": LONG}])
                connection.sendall(head(account, len(body())) + body())
            elif flight == "half a head":
                connection.sendall(head(account, 10)[:30])
            elif flight == "half a body":
                connection.sendall(head(account, 10) + b"x")
            elif flight == "control stream":
                connection.sendall(b"GET /__aleph__/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
                assert connection.recv(100).startswith(b"HTTP/1.1 200")
            post(server.account())
            begun = time.monotonic()
        assert time.monotonic() - begun < LONG / 2
        with connection, contextlib.suppress(ConnectionResetError):
            while connection.recv(65536):
                pass
        if flight in ("hang", "drip", "delayed", "half a body"):
            assert only(account).outcome == "cut"

    def test_a_response_in_progress_is_completed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("fake_server.server.STOP_GRACE", PATIENCE)
        with running(latency=0.05) as server:
            account = server.account()
            connection = connect(server)
            connection.sendall(head(account, len(body())) + body())
            while not account._account.in_flight:
                time.sleep(0.001)
        with connection:
            assert connection.recv(15) == b"HTTP/1.1 200 OK"

    def test_twenty_servers_at_once(self) -> None:
        with contextlib.ExitStack() as stack:
            servers = [stack.enter_context(running()) for _ in range(20)]
            assert all(post(server.account()).status_code == 200 for server in servers)
        assert "aleph-contract" not in {thread.name for thread in threading.enumerate()}

    def test_it_leaves_no_open_descriptor(self) -> None:
        with running() as server:
            post(server.account())
        before = _open_descriptors()
        for _ in range(3):
            with running() as server:
                post(server.account())
        assert _open_descriptors() <= before


class TestAccountHandle:
    """An account as a test uses it."""

    def test_it_waits_for_exchanges_and_a_timeout_lists_those_seen(self) -> None:
        with running() as server:
            account = server.account()
            thread = threading.Timer(0.05, post, [account])
            thread.start()
            assert len(account.wait_for(1, PATIENCE)) == 1
            with pytest.raises(TimeoutError, match="1: 200 completed"):
                account.wait_for(2, timeout=0.05)
            thread.join()

    def test_it_settles_once_nothing_is_in_flight(self) -> None:
        with running() as server:
            account = server.account()
            assert account.settle(0)
            account.scenario([{"fault": "hang"}])
            with connect(server) as connection:
                connection.sendall(head(account, len(body())) + body())
                while account.settle(0):
                    time.sleep(0.001)
                assert not account.settle(0.05)
            assert account.settle(PATIENCE)
            assert only(account).fault == "hang"

    def test_a_stall_of_the_process_does_not_end_a_wait(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """After it, the thread that serves must get its turn."""
        looks = iter([False, False, True])
        monkeypatch.setattr(time, "sleep", lambda _: stalls.append(3600.0))
        stalls: list[float] = []
        monotonic = time.monotonic
        monkeypatch.setattr(time, "monotonic", lambda: monotonic() + sum(stalls))
        assert wait_until(lambda: next(looks), 1.0)
        assert not wait_until(lambda: False, 0.01)
        assert len(stalls) == 12

    def test_forget_removes_account_and_exchanges(self) -> None:
        with running() as server:
            account = server.account()
            post(account)
            account.forget()
            assert account.exchanges == ()
            assert server.app.accounts.find(account.id) is None

    def test_the_server_has_the_exchanges_of_all_accounts(self) -> None:
        with running() as server:
            accounts = [server.account() for _ in range(3)]
            for account in accounts:
                post(account)
            assert [e.account for e in server.exchanges] == [account.id for account in accounts]


def _open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def _has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


def test_running_takes_every_option_of_the_application() -> None:
    options: dict[str, Any] = {"profile": "live", "tokens": ["a"], "credits": 1, "max_body": 10_000}
    with running(**options) as server:
        assert server.app.accounts.profile == "live"
        assert server.app.accounts.tokens == {"a"}
        assert server.app.max_body == 10_000
