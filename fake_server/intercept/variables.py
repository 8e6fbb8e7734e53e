"""The environment variables that lead a client through the interceptor and make it trust the CA.

`VARIABLES` is the whole table; the reference page shows it. Each variable keeps what the user set:
a CA bundle keeps the CAs of the user's own bundle, and options are appended to the user's options.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from aleph_contract.core.private_folder import PrivateFolder
from fake_server.tls.authority import Authority
from fake_server.tls.bundles import java_trust_store, read_bundle, system_bundle

#: Module that leads Node through the proxy, for versions that read no proxy variable.
NODE_MODULE = Path(__file__).with_name("node_proxy.cjs")

#: Hosts that a client calls without the proxy.
LOCAL_HOSTS = ("127.0.0.1", "localhost", "::1")


class Trust:
    """The files that hold the CA of this run, made for the environment of the user.

    Args:
        folder: Gets the files.
        authority: The CA of this run.
        environment: The user's environment variables.
    """

    def __init__(
        self, folder: PrivateFolder, authority: Authority, environment: Mapping[str, str]
    ) -> None:
        self._folder = folder
        self._authority = authority
        self._environment = environment
        self._files: dict[bytes, Path] = {}

    def bundle(self, variable: str) -> Path:
        """A bundle for a variable that replaces the CAs a program trusts."""
        own = self._environment.get(variable)
        return self._file(read_bundle(own) if own else system_bundle())

    def addition(self, variable: str) -> Path:
        """A bundle for a variable that adds to the CAs a program trusts."""
        own = self._environment.get(variable)
        return self._file(read_bundle(own) if own else b"")

    def java(self) -> Path:
        """A trust store for Java."""
        store = java_trust_store(system_bundle() + self._authority.pem)
        return self._folder.write("trust.p12", store)

    def _file(self, others: bytes) -> Path:
        if others not in self._files:
            name = f"bundle-{len(self._files)}.pem"
            self._files[others] = self._folder.write(name, others + self._authority.pem)
        return self._files[others]


@dataclass(frozen=True, slots=True)
class Route:
    """What the value of a variable is made of.

    Args:
        host: Address of the proxy.
        port: Its port.
        local: Hosts that a client calls without the proxy.
        trust: The files that hold the CA.
        environment: The user's environment variables.
    """

    host: str
    port: int
    local: tuple[str, ...]
    trust: Trust
    environment: Mapping[str, str]

    def appended(self, variable: str, options: str) -> str:
        """The user's options in a variable, then `options`."""
        return " ".join(filter(None, (self.environment.get(variable), options)))


def _proxy(_: str, route: Route) -> str:
    return f"http://{route.host}:{route.port}"


def _none(_: str, route: Route) -> str:  # noqa: ARG001 - one signature for all
    """Hide the user's proxy: httpx refuses a SOCKS proxy, even where HTTPS_PROXY names another."""
    return ""


def _no_proxy(_: str, route: Route) -> str:
    return ",".join(dict.fromkeys((*LOCAL_HOSTS, *route.local)))


def _bundle(name: str, route: Route) -> str:
    return str(route.trust.bundle(name))


def _addition(name: str, route: Route) -> str:
    return str(route.trust.addition(name))


def _switch(_: str, route: Route) -> str:  # noqa: ARG001 - one signature for all
    return "1"


def _node_options(name: str, route: Route) -> str:
    path = str(NODE_MODULE).replace("\\", "\\\\").replace('"', '\\"')
    return route.appended(name, f'--require "{path}"')


def _java_options(name: str, route: Route) -> str:
    options = (
        f"-Dhttps.proxyHost={route.host} -Dhttps.proxyPort={route.port} "
        f'-Djavax.net.ssl.trustStore="{route.trust.java()}" -Djavax.net.ssl.trustStoreType=PKCS12'
    )
    return route.appended(name, options)


@dataclass(frozen=True, slots=True)
class Variable:
    """An environment variable.

    Args:
        name: Its name.
        names: What it tells a client: the `proxy`, the `CA` of this run, or both; `nothing` if it
            is empty.
        read_by: The programs that read it.
        value: Makes its value.
    """

    name: str
    names: str
    read_by: str
    value: Callable[[str, Route], str]


_PROXY_READERS = (
    "curl, Python (urllib, requests, httpx; aiohttp only with trust_env), Go, Ruby, .NET, Deno, Bun"
)
_CA_READERS = (
    "OpenSSL and programs that use it: Python (ssl, httpx), Ruby; also Go, .NET and "
    "Rust (rustls-native-certs)"
)

VARIABLES: tuple[Variable, ...] = (
    Variable("HTTPS_PROXY", "proxy", _PROXY_READERS, _proxy),
    Variable("https_proxy", "proxy", "the same, and wget, which reads lower case only", _proxy),
    Variable("ALL_PROXY", "nothing", "curl; Python: requests, httpx", _none),
    Variable("all_proxy", "nothing", "the same", _none),
    Variable("NO_PROXY", "proxy", "programs that read HTTPS_PROXY", _no_proxy),
    Variable("no_proxy", "proxy", "programs that read https_proxy", _no_proxy),
    Variable("SSL_CERT_FILE", "CA", _CA_READERS, _bundle),
    Variable("REQUESTS_CA_BUNDLE", "CA", "Python: requests, pip", _bundle),
    Variable("CURL_CA_BUNDLE", "CA", "curl; Python: requests", _bundle),
    Variable("AWS_CA_BUNDLE", "CA", "botocore and the AWS SDKs", _bundle),
    Variable("NODE_EXTRA_CA_CERTS", "CA", "Node.js, Bun", _addition),
    Variable("NODE_USE_ENV_PROXY", "proxy", "Node.js 22.21 and 24.5 or newer", _switch),
    Variable("NODE_OPTIONS", "proxy", "Node.js: loads a module for fetch and https", _node_options),
    Variable("DENO_CERT", "CA", "Deno", _addition),
    Variable("JAVA_TOOL_OPTIONS", "proxy and CA", "Java: java.net.http, HttpsURLConnection",
             _java_options),
)  # fmt: skip


def names(what: str) -> str:
    """The variables that tell a client `what`, `proxy` or `CA`, for a sentence."""
    told = (v.name for v in VARIABLES if what in v.names and v.name.isupper())
    return ", ".join(name for name in told if name != "NO_PROXY")


def variables(route: Route) -> dict[str, str]:
    """The value of every variable for one route."""
    return {variable.name: variable.value(variable.name, route) for variable in VARIABLES}
