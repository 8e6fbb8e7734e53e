"""CA bundles: the CAs that the user trusts, and the CA of this run."""

from __future__ import annotations

import ssl
import warnings
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from aleph_contract.errors import ArgumentError

if TYPE_CHECKING:
    from cryptography import x509

#: CA bundles of operating systems: Debian, Fedora, macOS and Alpine.
SYSTEM_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
)

_END = b"-----END CERTIFICATE-----"


def system_bundle() -> bytes:
    """The CAs that programs trust on this machine; empty if no bundle is found."""
    own = ssl.get_default_verify_paths().openssl_cafile
    for path in (own, *SYSTEM_BUNDLES):
        if content := read_bundle(path):
            return content
    return b""


def read_bundle(path: str) -> bytes:
    """The content of a bundle, with a line feed at its end; empty if it cannot be read."""
    try:
        content = Path(path).read_bytes()
    except OSError:
        return b""
    return content if content.endswith(b"\n") else content + b"\n"


def java_trust_store(bundle: bytes) -> bytes:
    """The certificates of a bundle as a PKCS #12 trust store, which Java reads without a password.

    Java does not read PEM files. A certificate that `cryptography` refuses is left out.

    Raises:
        ArgumentError: The installed version of `cryptography` makes no trust stores.
    """
    from cryptography.hazmat.primitives.serialization import NoEncryption

    try:
        from cryptography.hazmat.primitives.serialization.pkcs12 import (
            PKCS12Certificate,
            serialize_java_truststore,
        )
    except ImportError:
        raise ArgumentError(
            "a trust store for Java needs cryptography 45 or newer; install it with "
            "pip install 'aleph-contract[intercept]'"
        ) from None
    entries = [
        PKCS12Certificate(certificate, b"ca-%d" % number)
        for number, certificate in enumerate(_certificates(bundle))
    ]
    return serialize_java_truststore(entries, NoEncryption())


def _certificates(bundle: bytes) -> Iterator[x509.Certificate]:
    from cryptography import x509

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some CAs have serial numbers that RFC 5280 forbids
        for block in bundle.split(_END)[:-1]:
            with suppress(ValueError):
                yield x509.load_pem_x509_certificate(block + _END)
