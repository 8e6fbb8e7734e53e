"""`serve --tls` and `serve --cert --key`: https, what to trust, and files that cannot be used."""

from __future__ import annotations

import ssl
import tempfile
from pathlib import Path

import httpx
import pytest
import trustme
from calling import CONTRACT, PATIENCE, post
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from test_serve_command import serving

from aleph_contract.cli import run
from fake_server.server import running
from fake_server.tls.serving import local_ca

PATH = f"/accounts/{'0' * 32}/ai/run"


def call(base_url: str, ca: Path) -> httpx.Response:
    """A run that is answered by a video of the fake's own, over TLS that trusts `ca`."""
    value = {"prompt": "p", "video_uri": "https://example.com/v.mp4"}
    context = ssl.create_default_context(cafile=str(ca))
    with httpx.Client(verify=context, trust_env=False, timeout=PATIENCE) as client:
        response = client.post(
            base_url + PATH,
            json={"model": CONTRACT.model, "input": value},
            headers={"authorization": "Bearer any"},
        )
        video = client.get(response.json()["result"]["video"])
        assert video.headers["content-type"] == "video/mp4"
    return response


def test_a_ca_for_the_run_is_named_and_removed() -> None:
    with serving("--tls") as (process, ready):
        assert ready["base_url"].startswith("https://127.0.0.1:")
        assert ready["inspector"].startswith("https://127.0.0.1:")
        ca = Path(ready["ca"])
        assert call(ready["base_url"], ca).status_code == 200
        named = ready["base_url"].replace("127.0.0.1", "localhost")
        assert call(named, ca).json()["result"]["video"].startswith("https://localhost:")
        process.terminate()
        process.wait(PATIENCE)
        assert process.stderr is not None
        assert f"clients must trust {ca}" in process.stderr.read()
    assert not ca.parent.exists()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificates of the user: `a` and `b`, each with its key, and the encrypted key of `a`."""
    folder = tmp_path_factory.mktemp("tls")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    for name in ("a", "b"):
        leaf = authority.issue_cert("localhost", "127.0.0.1")
        leaf.cert_chain_pems[0].write_to_path(folder / f"{name}.pem")
        leaf.private_key_pem.write_to_path(folder / f"{name}.key")
    key = load_pem_private_key((folder / "a.key").read_bytes(), None)
    sealed = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x"))
    (folder / "sealed.key").write_bytes(sealed)
    return folder


def test_a_certificate_of_the_user_is_served(files: Path) -> None:
    options = ("--cert", str(files / "a.pem"), "--key", str(files / "a.key"))
    with serving(*options) as (_, ready):
        assert "ca" not in ready
        assert call(ready["base_url"], files / "ca.pem").status_code == 200


@pytest.mark.parametrize(
    ("cert", "key", "reason"),
    [
        ("none.pem", "a.key", "--cert {}/none.pem cannot be read: No such file or directory"),
        ("a.pem", "none.key", "--key {}/none.key cannot be read: No such file or directory"),
        ("a.pem", "b.key", "--key {0}/b.key is not the key of the certificate in --cert {0}/a.pem"),
        ("a.pem", "sealed.key", "--key holds an encrypted key"),
        ("a.key", "a.key", "each must be a PEM file"),
    ],
)
def test_files_that_cannot_be_used_are_named(
    files: Path, cert: str, key: str, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["serve", "--cert", str(files / cert), "--key", str(files / key)]) == 2
    message = capsys.readouterr().err
    assert reason.format(files) in message
    assert len(message.splitlines()) == 1


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--cert", "a.pem"], "go together"),
        (["--tls", "--cert", "a.pem", "--key", "a.key"], "choose one"),
    ],
)
def test_options_that_exclude_each_other_are_refused(
    options: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["serve", *options]) == 2
    assert reason in capsys.readouterr().err


def test_the_port_of_another_server_is_refused_and_no_folder_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with running() as server:
        port = server.binding_address.rpartition(":")[2]
        assert run(["serve", "--tls", "--port", port]) == 2
    assert "Address already in use" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_redirect_leads_to_another_name_over_tls() -> None:
    with local_ca(()) as tls, running(tls=tls.context) as server:
        account = server.account()
        account.scenario([{"fault": "redirect-302"}])
        reply = post(account)
    assert reply.headers["location"].startswith("https://localhost:")
