"""The variables of an interceptor: each keeps what the user set."""

from __future__ import annotations

import shlex
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.request import getproxies_environment

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import pkcs12

from aleph_contract.core.private_folder import PrivateFolder
from fake_server.intercept.variables import NODE_MODULE, VARIABLES, Route, Trust, variables
from fake_server.tls.authority import Authority
from fake_server.tls.bundles import system_bundle

Made = Callable[..., dict[str, str]]


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Made]:
    """The variables that are made from an environment; `CA` is that of the run."""
    with PrivateFolder(tmp_path) as folder:
        authority = Authority(folder)

        def make(**environment: str) -> dict[str, str]:
            trust = Trust(folder, authority, environment)
            return variables(Route("127.0.0.1", 8080, ("172.17.0.1",), trust, environment))

        yield make


def own_ca(variables: dict[str, str]) -> bytes:
    return (Path(variables["DENO_CERT"]).parent / "ca.pem").read_bytes()


def test_each_variable_is_named_once_and_set(made: Made) -> None:
    names = [variable.name for variable in VARIABLES]
    assert len(set(names)) == len(names)
    assert list(made()) == names
    assert [n for n, value in made().items() if not value] == ["ALL_PROXY", "all_proxy"]


def test_no_proxy_of_the_user_is_used(made: Made) -> None:
    company = "socks5://proxy.company.example:1080"
    found = made(HTTPS_PROXY=company, https_proxy=company, ALL_PROXY=company, all_proxy=company)
    assert found["HTTPS_PROXY"] == found["https_proxy"] == "http://127.0.0.1:8080"
    with pytest.MonkeyPatch.context() as patch:
        for name, value in found.items():
            patch.setenv(name, value)
        with httpx.Client() as client:  # it would refuse a SOCKS proxy
            assert client.trust_env
        assert "all" not in getproxies_environment()


def test_without_a_bundle_of_the_user_the_cas_of_the_system_are_kept(made: Made) -> None:
    found = made()
    bundle = Path(found["SSL_CERT_FILE"]).read_bytes()
    assert bundle == system_bundle() + own_ca(found)


def test_the_bundle_of_the_user_is_kept_for_the_variable_that_names_it(
    made: Made, tmp_path: Path
) -> None:
    own = tmp_path / "company.pem"
    own.write_bytes(b"company")
    found = made(REQUESTS_CA_BUNDLE=str(own), NODE_EXTRA_CA_CERTS=str(own))
    for name in ("REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"):
        assert Path(found[name]).read_bytes() == b"company\n" + own_ca(found)
    assert b"company" not in Path(found["SSL_CERT_FILE"]).read_bytes()


def test_a_variable_that_adds_cas_holds_no_others(made: Made) -> None:
    found = made()
    assert Path(found["DENO_CERT"]).read_bytes() == own_ca(found)


def test_a_bundle_that_cannot_be_read_is_left_out(made: Made) -> None:
    found = made(SSL_CERT_FILE="/no/such/file")
    assert Path(found["SSL_CERT_FILE"]).read_bytes() == own_ca(found)


def test_options_of_the_user_come_first(made: Made) -> None:
    found = made(NODE_OPTIONS="--no-warnings", JAVA_TOOL_OPTIONS="-Xmx64m")
    assert shlex.split(found["NODE_OPTIONS"]) == ["--no-warnings", "--require", str(NODE_MODULE)]
    assert found["JAVA_TOOL_OPTIONS"].startswith("-Xmx64m -Dhttps.proxyHost=127.0.0.1 ")


def test_this_machine_and_the_host_of_the_fake_need_no_proxy(made: Made) -> None:
    found = made(NO_PROXY="api.cloudflare.com,intranet.example")
    assert found["NO_PROXY"] == found["no_proxy"] == "127.0.0.1,localhost,::1,172.17.0.1"


def test_the_trust_store_of_java_holds_every_certificate(made: Made) -> None:
    found = made()
    store = Path(found["DENO_CERT"]).with_name("trust.p12").read_bytes()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some CAs have serial numbers that RFC 5280 forbids
        certificates = pkcs12.load_pkcs12(store, None).additional_certs
    assert len(certificates) == system_bundle().count(b"BEGIN CERTIFICATE") + 1
