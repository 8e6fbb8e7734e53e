"""The files in docs/deploy: their commands run as processes; the image itself is not built here."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import yaml  # type: ignore[import-untyped]
from calling import INPUT
from click.testing import CliRunner
from ports import free_port
from programs import needed
from waiting import PATIENCE

from aleph_contract.cli import cli
from aleph_contract.contract import Contract
from fake_server.http.app import CONTROL_PATH

DEPLOY = Path(__file__).parents[2] / "docs/deploy"
CONTAINERFILE = (DEPLOY / "Containerfile").read_text()
PROGRAM = str(Path(sys.executable).parent / "aleph-contract")
CALL: Any = {
    "json": {"model": Contract.load().model, "input": INPUT},
    "headers": {"Authorization": "Bearer any-token"},
}
RUN = "/accounts/" + "a" * 32 + "/ai/run"


def instruction(name: str) -> list[str]:
    """The words of an instruction in exec form."""
    line = next(line for line in CONTAINERFILE.splitlines() if line.startswith(f"{name} "))
    words: list[str] = json.loads(line[line.index("[") :])
    return words


@contextlib.contextmanager
def container(*options: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """The process of the container, on a free port, and its ready line."""
    words = [PROGRAM, *instruction("ENTRYPOINT")[1:], *options, "--port", "0"]
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            assert process.stdout is not None
            yield process, json.loads(process.stdout.readline())
        finally:
            process.kill()


def local(url: str) -> str:
    """The URL on the loopback address: other addresses of this machine may be filtered."""
    return f"http://127.0.0.1:{httpx.URL(url).port}{httpx.URL(url).path}"


@contextlib.contextmanager
def open_call(ready: dict[str, Any], length: int) -> Iterator[socket.socket]:
    """A connection with a call whose body of `length` bytes the fake waits for."""
    url = httpx.URL(ready["base_url"])
    with socket.create_connection(("127.0.0.1", url.port or 0), 20) as connection:
        connection.sendall(
            f"POST {url.path}{RUN} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer any\r\n"
            f"Content-Type: application/json\r\nContent-Length: {length}\r\n"
            "Expect: 100-continue\r\n\r\n".encode()
        )
        assert connection.recv(1000).startswith(b"HTTP/1.1 100 ")
        yield connection


def drain(process: subprocess.Popen[str], ready: dict[str, Any]) -> None:
    """Send SIGTERM, and wait until the fake accepts no connection."""
    process.terminate()
    deadline = time.monotonic() + PATIENCE
    with contextlib.suppress(ConnectionRefusedError):
        while True:
            socket.create_connection(("127.0.0.1", httpx.URL(ready["base_url"]).port or 0)).close()
            assert time.monotonic() < deadline
            time.sleep(0.02)


def test_the_container_is_healthy_serves_metrics_and_is_not_root() -> None:
    assert "\nUSER 10001\n" in CONTAINERFILE
    with container(*instruction("CMD")) as (_, ready):
        port = str(httpx.URL(ready["base_url"]).port)
        check = [word.replace("8790", port) for word in instruction("HEALTHCHECK")]
        subprocess.run([sys.executable, *check[1:]], check=True, timeout=PATIENCE)
        metrics = httpx.get(local(ready["inspector"]) + "metrics").text
        assert "aleph_info" in metrics
        failing = [word.replace("8790", "9") for word in instruction("HEALTHCHECK")]
        assert subprocess.run([sys.executable, *failing[1:]], check=False).returncode != 0


def test_sigterm_lets_an_open_request_end() -> None:
    sent = json.dumps(CALL["json"]).encode()
    with container(*instruction("CMD")) as (process, ready), open_call(ready, len(sent)) as call:
        drain(process, ready)
        assert process.poll() is None
        call.sendall(sent)
        assert call.recv(1000).startswith(b"HTTP/1.1 200 ")
        assert process.wait(PATIENCE) == 0


def test_a_second_signal_ends_the_drain() -> None:
    with container("--drain", "600") as (process, ready), open_call(ready, 2):
        drain(process, ready)
        assert process.poll() is None
        process.terminate()
        assert process.wait(PATIENCE) == 0


def documents() -> list[Any]:
    return list(yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text()))


def test_the_options_in_the_manifests_exist() -> None:
    described = CliRunner().invoke(cli, ["serve", "--help"]).output
    pod = documents()[0]["spec"]["template"]["spec"]["containers"][0]
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    given = [*pod["args"], *services["fake-1"]["command"], *instruction("ENTRYPOINT")[2:]]
    options = {word for word in given if word.startswith("--")}
    assert len(options) >= 4
    assert not {option for option in options if option not in described}


_PROBES = {"startupProbe": "health", "readinessProbe": "ready", "livenessProbe": "health"}


def test_the_probes_restart_a_dead_fake_and_take_an_unready_one_out() -> None:
    pod = documents()[0]["spec"]["template"]["spec"]["containers"][0]
    assert [name for name in pod if name.endswith("Probe")] == [*_PROBES]
    paths = {name: probe["httpGet"]["path"] for name, probe in pod.items() if name in _PROBES}
    assert paths == {name: CONTROL_PATH + path for name, path in _PROBES.items()}
    assert pod["securityContext"]["runAsNonRoot"]


@contextlib.contextmanager
def balancer(folder: Path, ports: list[int], *, drain: bool = False) -> Iterator[int]:
    """Start nginx with the configuration of the compose file, in front of fakes on these ports.

    With `drain`, `drain.sh` runs beside it.
    """
    nginx, port = needed("nginx"), free_port()
    text = (DEPLOY / "nginx.conf").read_text().replace("listen 8790", f"listen 127.0.0.1:{port}")
    for number, fake in enumerate(ports, 1):
        text = text.replace(f"fake-{number}:8790", f"127.0.0.1:{fake}")
    places = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"  {place}_temp_path {folder}/{place};\n" for place in places)
    config = folder / "nginx.conf"
    config.write_text(f"pid {folder}/pid;\n" + text.replace("http {\n", "http {\n" + temporary))
    base = [nginx, "-p", str(folder), "-e", "stderr", "-c", str(config)]
    with contextlib.ExitStack() as stack:
        words = [*base, "-g", "daemon off;"]
        process = stack.enter_context(subprocess.Popen(words, stderr=subprocess.PIPE, text=True))
        try:
            deadline = time.monotonic() + PATIENCE
            while time.monotonic() < deadline and process.poll() is None:
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                    break
                time.sleep(0.05)
            assert process.poll() is None, process.stderr and process.stderr.read()
            if drain:
                stack.enter_context(draining(config, base))
            yield port
        finally:
            process.terminate()


@contextlib.contextmanager
def draining(config: Path, nginx: list[str]) -> Iterator[None]:
    """Run `drain.sh` on a copy of the configuration; it asks ten times a second."""
    template = config.with_name("template.conf")
    template.write_text(config.read_text())
    words = ["sh", str(DEPLOY / "drain.sh"), str(template), str(config)]
    sleep = config.with_name("bin") / "sleep"
    sleep.parent.mkdir()
    sleep.write_text(f"#!/bin/sh\nexec {shutil.which('sleep')} 0.1\n")
    sleep.chmod(0o755)
    path = f"{sleep.parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "NGINX": shlex.join(nginx), "PATH": path}
    with subprocess.Popen(words, env=environment, stderr=subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            process.kill()


#: nginx closes the connections that it kept when it is reloaded.
NO_KEEP_ALIVE = httpx.Limits(max_keepalive_connections=0)


class Stub(ThreadingHTTPServer):
    """A fake that says whether it is ready, and counts its probes and runs."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), StubHandler)
        self.ready, self.asked, self.runs = True, 0, 0
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()


class StubHandler(BaseHTTPRequestHandler):
    """Answers for a `Stub`."""

    server: Stub

    def do_GET(self) -> None:  # the name is that of the base class
        assert self.path == f"{CONTROL_PATH}ready"
        self.server.asked += 1
        self._answer(200 if self.server.ready else 503)

    def do_POST(self) -> None:
        self.server.runs += 1
        self.rfile.read(int(self.headers["content-length"]))
        self._answer(200)

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Log nothing."""


def test_a_fake_that_is_not_ready_gets_no_runs(tmp_path: Path) -> None:
    needed("curl")
    with contextlib.ExitStack() as stack:
        stubs = [stack.enter_context(Stub()) for _ in range(3)]
        ports = [stub.server_address[1] for stub in stubs]
        port = stack.enter_context(balancer(tmp_path, ports, drain=True))
        client = stack.enter_context(httpx.Client(timeout=PATIENCE, limits=NO_KEEP_ALIVE))

        def served() -> list[bool]:
            """Which stubs get some of a dozen runs."""
            before = [stub.runs for stub in stubs]
            for _ in range(12):
                assert client.post(f"http://127.0.0.1:{port}{RUN}", content=b"{}").is_success
            return [stub.runs > count for stub, count in zip(stubs, before, strict=True)]

        every = [True] * 3
        for ready in (every, [False, True, True], [False] * 3, [True, True, False], every):
            for stub, state in zip(stubs, ready, strict=True):
                stub.ready = state
            expected, deadline = ready if any(ready) else every, time.monotonic() + PATIENCE
            while served() != expected:
                assert time.monotonic() < deadline


def test_a_reload_that_fails_is_tried_again(tmp_path: Path) -> None:
    """When the containers start, `drain.sh` may be faster than nginx."""
    needed("curl")
    nginx = tmp_path / "nginx.sh"
    nginx.write_text(f"echo >>{tmp_path}/tries; test $(wc -l <{tmp_path}/tries) -gt 1")
    with contextlib.ExitStack() as stack:
        stubs = [stack.enter_context(Stub()) for _ in range(2)]
        stubs[1].ready = False
        servers = [f"server 127.0.0.1:{stub.server_address[1]} max_fails=0;\n" for stub in stubs]
        config = tmp_path / "nginx.conf"
        config.write_text("".join(servers))
        stack.enter_context(draining(config, ["sh", str(nginx)]))
        deadline = time.monotonic() + PATIENCE
        while not (tmp_path / "tries").exists() or len((tmp_path / "tries").read_text()) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert config.read_text() == servers[0] + servers[1].replace(";", " down;")
        later = stubs[1].asked + 3
        while stubs[1].asked < later:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert len((tmp_path / "tries").read_text()) == 2, "it is reloaded only after a change"


@contextlib.contextmanager
def three_fakes(
    folder: Path,
) -> Iterator[tuple[list[subprocess.Popen[str]], list[int], httpx.Client, str]]:
    """Three fakes behind nginx: their processes and ports, a client, and the URL of a run."""
    with contextlib.ExitStack() as stack:
        fakes = [stack.enter_context(container()) for _ in range(3)]
        ports = [httpx.URL(ready["base_url"]).port or 0 for _, ready in fakes]
        port = stack.enter_context(balancer(folder, ports))
        client = stack.enter_context(httpx.Client(timeout=PATIENCE))
        url = f"http://127.0.0.1:{port}/client/v4{RUN}"
        yield [process for process, _ in fakes], ports, client, url


def test_the_balancer_loses_no_call_to_scripted_resets_or_when_a_fake_is_lost(
    tmp_path: Path,
) -> None:
    with three_fakes(tmp_path) as (processes, ports, client, url):
        scripted = {**CALL, "headers": {"Authorization": "Bearer fault-reset-after"}}
        assert {client.post(url, **scripted).status_code for _ in range(8)} == {502}
        before = [client.post(url, **CALL).status_code for _ in range(12)]
        os.kill(processes[0].pid, signal.SIGKILL)
        processes[0].wait()
        after = [client.post(url, **CALL).status_code for _ in range(12)]
        assert before == after == [200] * 12
        fake = "http://127.0.0.1:{}" + f"{CONTROL_PATH}accounts/{'a' * 32}/exchanges"
        counts = [client.get(fake.format(port)).json()["total"] for port in ports[1:]]
        assert sum(counts) >= 12
        assert all(counts), "each fake got calls"


def test_the_command_in_the_documentation_names_the_files() -> None:
    text = (DEPLOY / "README.md").read_text()
    assert [path.name for path in DEPLOY.iterdir() if f"]({path.name})" not in text] == [
        "README.md"
    ]
    commands = [
        line for line in text.splitlines() if line.startswith(("podman", "docker", "kubectl"))
    ]
    named = [word for line in commands for word in shlex.split(line) if word.startswith("docs/")]
    assert named
    assert all((DEPLOY.parents[1] / word).is_file() for word in named)
