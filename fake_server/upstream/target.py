"""The address of the upstream server, and a test of the connection to it."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit

from aleph_contract.errors import ArgumentError, CouldNotRun
from fake_server.control.origin_guard import is_loopback

#: The path that a base URL ends with.
_API = "/client/v4"

#: Seconds for a connection.
CONNECT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class UpstreamTarget:
    """The address of the upstream server.

    Args:
        base_url: The URL as given.
        root: The URL without the path of the API.
        scheme: `http` or `https`.
        host: Host name or address.
        port: Port.
    """

    base_url: str
    root: str
    scheme: str
    host: str
    port: int

    @classmethod
    def parse(cls, url: str) -> UpstreamTarget:
        """Parse a base URL such as `https://api.cloudflare.com/client/v4`.

        Raises:
            ArgumentError: It is not an http or https URL, or has a user name, query or fragment.
        """
        try:
            parts = urlsplit(url)
            port = parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)
        except ValueError as error:
            raise ArgumentError(f"--upstream {url}: {error}") from None
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ArgumentError(
                f"--upstream {url}: give a URL such as https://api.cloudflare.com{_API}"
            )
        if parts.username is not None or parts.query or parts.fragment:
            raise ArgumentError("--upstream: give a URL without user name, query and fragment")
        root = url.rstrip("/").removesuffix(_API)
        return cls(url, root, parts.scheme, parts.hostname, port)

    @property
    def in_clear(self) -> bool:
        """Whether the token goes to another machine without TLS."""
        return self.scheme == "http" and not is_loopback(self.host)

    def target(self, path: bytes, query: bytes) -> bytes:
        """The request target, at this server, of a request to the fake."""
        prefix = urlsplit(self.root).path.encode()
        return prefix + (path + b"?" + query if query else path)

    def check(self) -> None:
        """Connect once, without a request.

        Raises:
            CouldNotRun: No connection, or the certificate does not verify.
        """
        try:
            address = self.host, self.port
            with socket.create_connection(address, timeout=CONNECT_SECONDS) as connection:
                if self.scheme == "https":
                    context = ssl.create_default_context()
                    context.wrap_socket(connection, server_hostname=self.host).close()
        except (OSError, UnicodeError) as error:
            raise CouldNotRun(f"--upstream {self.base_url}: {reason(error)}") from None


def reason(error: BaseException) -> str:
    """The reason for a failed connection, with advice about a certificate that does not verify."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return (
                f"its certificate does not verify: {cause.verify_message}; for a CA of your own, "
                "set SSL_CERT_FILE to its certificate"
            )
        if isinstance(cause, ssl.SSLError):
            return f"the TLS connection failed: {cause.reason or cause}"
        if isinstance(cause, OSError) and (cause.strerror or isinstance(cause, TimeoutError)):
            return f"no connection: {cause.strerror or 'no answer in time'}"
        cause = cause.__cause__ or cause.__context__
    return f"no connection: {error or type(error).__name__}"
