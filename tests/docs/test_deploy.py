"""The files in docs/deploy: their commands run as processes; the image itself is not built here."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import yaml  # type: ignore[import-untyped]
from calling import INPUT
from click.testing import CliRunner
from programs import needed

from aleph_contract.commands.serve import command
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


def test_the_container_is_healthy_serves_metrics_and_is_not_root() -> None:
    assert "\nUSER 10001\n" in CONTAINERFILE
    with container(*instruction("CMD")) as (_, ready):
        port = str(httpx.URL(ready["base_url"]).port)
        check = [word.replace("8790", port) for word in instruction("HEALTHCHECK")]
        subprocess.run([sys.executable, *check[1:]], check=True, timeout=20)
        metrics = httpx.get(local(ready["inspector"]) + "metrics").text
        assert "aleph_info" in metrics
        failing = [word.replace("8790", "9") for word in instruction("HEALTHCHECK")]
        assert subprocess.run([sys.executable, *failing[1:]], check=False).returncode != 0


def test_sigterm_lets_an_open_request_end() -> None:
    with container(*instruction("CMD"), "--latency", "4") as (process, ready):
        answers: list[int] = []

        def call() -> None:
            response = httpx.post(local(ready["base_url"]) + RUN, timeout=20, **CALL)
            answers.append(response.status_code)

        caller = threading.Thread(target=call)
        caller.start()
        time.sleep(2)  # of a busy machine; the request is open for four
        process.send_signal(signal.SIGTERM)
        caller.join(20)
        assert answers == [200]
        assert process.wait(20) == 0


def test_a_second_signal_ends_the_drain() -> None:
    with container("--drain", "60") as (process, ready):
        url = httpx.URL(ready["base_url"])
        with socket.create_connection(("127.0.0.1", url.port or 0)) as open_call:
            head = f"POST {url.path}{RUN} HTTP/1.1\r\nHost: localhost\r\n"
            token = "Authorization: Bearer fault-hang\r\nContent-Type: application/json\r\n"
            open_call.sendall(f"{head}{token}Content-Length: 2\r\n\r\n{{}}".encode())
            time.sleep(1)
            process.terminate()
            time.sleep(1)
            assert process.poll() is None
            process.terminate()
            assert process.wait(10) == 0


def documents() -> list[Any]:
    return list(yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text()))


def test_the_options_in_the_manifests_exist() -> None:
    described = CliRunner().invoke(command, ["--help"]).output
    pod = documents()[0]["spec"]["template"]["spec"]["containers"][0]
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    given = [*pod["args"], *services["fake-1"]["command"], *instruction("ENTRYPOINT")[2:]]
    options = {word for word in given if word.startswith("--")}
    assert len(options) >= 4
    assert not {option for option in options if option not in described}


def test_the_probes_call_the_health_route() -> None:
    pod = documents()[0]["spec"]["template"]["spec"]["containers"][0]
    probes = [probe for name, probe in pod.items() if name.endswith("Probe")]
    assert len(probes) == 3
    assert {probe["httpGet"]["path"] for probe in probes} == {f"{CONTROL_PATH}health"}
    assert pod["securityContext"]["runAsNonRoot"]


def free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


@contextlib.contextmanager
def balancer(folder: Path, ports: list[int]) -> Iterator[int]:
    """Start nginx with the configuration of the compose file, in front of fakes on these ports."""
    nginx, port = needed("nginx"), free_port()
    text = (DEPLOY / "nginx.conf").read_text().replace("listen 8790", f"listen 127.0.0.1:{port}")
    for number, fake in enumerate(ports, 1):
        text = text.replace(f"fake-{number}:8790", f"127.0.0.1:{fake}")
    places = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"  {place}_temp_path {folder}/{place};\n" for place in places)
    config = folder / "nginx.conf"
    config.write_text(f"pid {folder}/pid;\n" + text.replace("http {\n", "http {\n" + temporary))
    words = [nginx, "-p", str(folder), "-e", "stderr", "-c", str(config), "-g", "daemon off;"]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as process:
        try:
            deadline = time.monotonic() + 20
            while time.monotonic() < deadline and process.poll() is None:
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                    break
                time.sleep(0.05)
            assert process.poll() is None, process.stderr and process.stderr.read()
            yield port
        finally:
            process.terminate()


def test_the_balancer_loses_no_call_when_a_fake_is_lost(tmp_path: Path) -> None:
    with contextlib.ExitStack() as stack:
        fakes = [stack.enter_context(container()) for _ in range(3)]
        ports = [httpx.URL(ready["base_url"]).port or 0 for _, ready in fakes]
        port = stack.enter_context(balancer(tmp_path, ports))
        client = stack.enter_context(httpx.Client(timeout=20))
        url = f"http://127.0.0.1:{port}/client/v4{RUN}"
        before = [client.post(url, **CALL).status_code for _ in range(12)]
        os.kill(fakes[0][0].pid, signal.SIGKILL)
        fakes[0][0].wait()
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
