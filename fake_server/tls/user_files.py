"""TLS with a certificate and key of the user."""

from __future__ import annotations

import ssl
from pathlib import Path

from aleph_contract.errors import ArgumentError


def server_context(cert: str, key: str) -> ssl.SSLContext:
    """Settings of a TLS server with the user's certificate chain and key, in PEM files.

    Raises:
        ArgumentError: A file cannot be read, holds no PEM, is encrypted, or the two do not match.
    """
    for option, path in (("--cert", cert), ("--key", key)):
        _check_readable(option, path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(cert, key, password=_no_password)
    except ssl.SSLError as error:
        raise ArgumentError(_reason(error, cert, key)) from None
    context.set_alpn_protocols(["http/1.1"])
    return context


def _check_readable(option: str, path: str) -> None:
    try:
        Path(path).read_bytes()
    except OSError as error:
        raise ArgumentError(f"{option} {path} cannot be read: {error.strerror}") from None


def _no_password() -> str:
    """Refuse an encrypted key; without this function OpenSSL asks for the password."""
    raise ArgumentError("--key holds an encrypted key; write it decrypted: openssl pkey -in KEY")


def _reason(error: ssl.SSLError, cert: str, key: str) -> str:
    if error.reason == "KEY_VALUES_MISMATCH":
        return f"--key {key} is not the key of the certificate in --cert {cert}"
    return (
        f"--cert {cert} and --key {key} cannot be used"
        f" ({(error.reason or 'no PEM').lower().replace('_', ' ')});"
        " each must be a PEM file: the certificate with its chain, and its private key"
    )
