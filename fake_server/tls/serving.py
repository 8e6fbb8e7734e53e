"""TLS of a server: a certificate of a CA that exists for this run, or the user's own."""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from aleph_contract.core.private_folder import PrivateFolder
from fake_server.tls import user_files
from fake_server.tls.authority import Authority

#: Names of this machine that a certificate is made for.
LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class ServerTls:
    """Settings of TLS, and the certificate of the CA; `None` for a certificate of the user."""

    context: ssl.SSLContext
    ca: Path | None = None

    @property
    def advice(self) -> str:
        """What a client has to trust."""
        if self.ca is None:
            return "clients must trust the CA that signed the certificate in --cert"
        return (
            f"clients must trust {self.ca}, the CA of this run, such as with curl --cacert "
            f"{self.ca}, SSL_CERT_FILE={self.ca} (Python, Go) or NODE_EXTRA_CA_CERTS={self.ca}"
        )


@contextmanager
def local_ca(names: Iterable[str]) -> Iterator[ServerTls]:
    """A certificate for this machine and for `names`; the CA is removed after the `with` block.

    Raises:
        ArgumentError: trustme is not installed.
    """
    with PrivateFolder() as folder:
        authority = Authority(folder)
        context = authority.server_context(*dict.fromkeys((*LOCAL_NAMES, *names)))
        yield ServerTls(context, authority.file)


@contextmanager
def user_certificate(cert: str, key: str) -> Iterator[ServerTls]:
    """The certificate and key of the user.

    Raises:
        ArgumentError: See `user_files.server_context`.
    """
    yield ServerTls(user_files.server_context(cert, key))
