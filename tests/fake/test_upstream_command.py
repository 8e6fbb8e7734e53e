"""`serve --upstream` and `serve --record` as commands: options, connection, capture."""

from __future__ import annotations

import json
import os
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from calling import HTTP, INPUT, PATIENCE, body, only, post
from test_serve_command import serving

from aleph_contract.cli import run
from aleph_contract.contract.contract_set import ContractSet
from aleph_contract.errors import ArgumentError, CouldNotRun
from aleph_contract.recordings.capture_writer import CaptureWriter
from aleph_contract.recordings.replay import load_replies
from fake_server.server import running
from fake_server.tls.serving import local_ca
from fake_server.upstream.target import UpstreamTarget

TOKEN = "Zt0ken-of-forty-characters-that-is-secret"


def call(base_url: str, content: bytes = body()) -> int:
    answer = HTTP.post(
        f"{base_url}/accounts/{'a' * 32}/ai/run",
        content=content,
        headers={"authorization": f"Bearer {TOKEN}", "content-type": "application/json"},
    )
    return answer.status_code


def test_a_full_disk_loses_lines_of_the_capture_and_no_run(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with running() as server:
        account = server.account()
        assert post(account).status_code == 200
        exchange = only(account)
    path = str(tmp_path / "runs.jsonl")
    with CaptureWriter(path) as writer, open("/dev/full", "wb") as full:  # noqa: PTH123 - a device
        writer.write(exchange)
        descriptor = writer._file.fileno()
        saved = os.dup(descriptor)
        os.dup2(full.fileno(), descriptor)
        writer.write(exchange)
        writer.write(exchange)
        os.dup2(saved, descriptor)
        os.close(saved)
        writer.write(exchange)
    assert caplog.messages == [
        f"aleph-contract: --record {path}: No space left on device",
        f"aleph-contract: --record {path}: 2 exchanges are missing",
    ]
    _, skipped = load_replies(Path(path), ContractSet.of())
    assert skipped == 0
    assert len([line for line in Path(path).read_text().splitlines() if line]) == 2


class TestOptions:
    """Combinations that cannot be meant end with exit code 2 and one sentence."""

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            (["--upstream", "http://127.0.0.1:1"], "--upstream needs --spend-cap USD"),
            (["--spend-cap", "5"], "belong to --upstream URL"),
            (["--allow-unknown-cost"], "belong to --upstream URL"),
            (
                ["--upstream", "http://127.0.0.1:1", "--spend-cap", "1", "--replay", "x.har"],
                "choose one of --upstream and --replay",
            ),
            (["--upstream", "127.0.0.1:1", "--spend-cap", "5"], "give a URL such as https://"),
            (["--upstream", "ftp://a.example", "--spend-cap", "5"], "give a URL such as https://"),
            (["--upstream", "https://u:p@a.example", "--spend-cap", "5"], "without user name"),
            (["--upstream", "http://a.example:99999", "--spend-cap", "5"], "Port out of range"),
            (["--upstream", "http://127.0.0.1:1", "--spend-cap", "-5"], "an amount in USD"),
            (["--upstream", "http://127.0.0.1:1", "--spend-cap", "nan"], "an amount in USD"),
            (["--record", "/nowhere/at/all.jsonl"], "--record /nowhere/at/all.jsonl: No such file"),
        ],
    )
    def test_wrong_options(
        self, options: list[str], message: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert run(["serve", "--port", "0", *options]) == 2
        captured = capsys.readouterr()
        assert message in captured.err
        assert captured.out == ""

    def test_a_capture_in_a_pipe(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe")
        (tmp_path / "pipe").chmod(0o640)
        with pytest.raises(ArgumentError, match="pipe: it is not a regular file"):
            CaptureWriter(str(tmp_path / "pipe"))
        assert stat.S_IMODE((tmp_path / "pipe").stat().st_mode) == 0o640

    def test_an_upstream_that_is_down(self, capsys: pytest.CaptureFixture[str]) -> None:
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        assert run(["serve", "--upstream", url, "--spend-cap", "5"]) == 3
        assert capsys.readouterr().err == (
            f"aleph-contract: --upstream {url}: no connection: Connection refused\n"
        )

    def test_the_extra_is_not_installed(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setitem(sys.modules, "httpx", None)
        assert run(["serve", "--upstream", "http://127.0.0.1:9", "--spend-cap", "5"]) == 2
        assert "pip install 'aleph-contract[upstream]'" in capsys.readouterr().err


class TestCertificates:
    """The certificate of the upstream is verified; a CA of the user's own can be named."""

    @pytest.fixture
    def secured(self) -> Iterator[tuple[str, Path]]:
        """An upstream with TLS, and the certificate of its CA."""
        with local_ca(()) as security, running(tls=security.context) as server:
            assert security.ca is not None
            yield server.base_url, security.ca

    def test_a_certificate_that_does_not_verify(self, secured: tuple[str, Path]) -> None:
        with pytest.raises(CouldNotRun, match=r"certificate does not verify: .*SSL_CERT_FILE"):
            UpstreamTarget.parse(secured[0]).check()

    def test_a_ca_of_the_user(
        self, secured: tuple[str, Path], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SSL_CERT_FILE", str(secured[1]))
        with serving("--upstream", secured[0], "--spend-cap", "5") as (_, ready):
            assert call(ready["base_url"]) == 200


class TestRecord:
    """`--record FILE`: one line for each exchange, which `judge` and `--replay` read."""

    def test_a_capture_holds_every_exchange_and_no_token(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        path = tmp_path / "runs.jsonl"
        violating = body({**INPUT, "seed": -1})
        with running() as upstream:
            options = (
                "--upstream",
                upstream.base_url,
                "--spend-cap",
                "3.36",
                "--record",
                str(path),
            )
            with serving(*options) as (_, ready):
                statuses = [
                    call(ready["base_url"], sent) for sent in (body(), violating, *[body()] * 2)
                ]
                assert statuses == [200, 400, 200, 402]
                lines = [json.loads(line) for line in path.read_text().splitlines()]
        assert [line["outcome"] for line in lines] == [
            "completed",
            "invalid",
            "completed",
            "spend-cap",
        ]
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert TOKEN not in path.read_text()
        replies, left_out = load_replies(path, ContractSet.of())
        assert (replies.count, left_out) == (3, 1), "the refusal of the cap is not the upstream's"
        assert run(["judge", str(path)]) == 1
        report = capsys.readouterr().out
        assert "request.valid" in report
        assert "BROKEN server." not in report

    def test_a_file_is_continued(self, tmp_path: Path) -> None:
        path = tmp_path / "runs.jsonl"
        for _ in range(2):
            with serving("--record", str(path)) as (_, ready):
                assert call(ready["base_url"]) == 200
            with path.open("a") as file:
                file.write('{"number": 9, "account": "cut')
        lines = path.read_text().splitlines()
        assert [line.startswith('{"number": 1,') for line in lines] == [True, False, True, False]

    def test_the_end_says_what_was_spent(self) -> None:
        with running() as upstream:
            options = ("--upstream", upstream.base_url, "--spend-cap", "5")
            with serving(*options) as (process, ready):
                assert call(ready["base_url"]) == 200
                process.terminate()
                _, err = process.communicate(timeout=PATIENCE)
        assert err.splitlines() == [
            f"aleph-contract: runs go to {upstream.base_url}, for up to 5 USD",
            f"aleph-contract: {upstream.base_url}: 1.680 of 5 USD spent or reserved",
        ]


def test_the_default_start_imports_no_http_client(tmp_path: Path) -> None:
    """The client of the upstream is loaded for an upstream only."""
    code = (
        "import sys; from fake_server.http.factory import create_app; create_app();"
        "print([n for n in ('httpx', 'fake_server.upstream', 'fake_server.runs.replay') "
        "if n in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stdout == "[]\n"
