"""The server to verify: its base URL, and the account and token that calls use."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from aleph_contract.core.exchange import SurfaceName
from aleph_contract.errors import ArgumentError
from fake_server.control.origin_guard import is_loopback

#: The token that is sent where the user names none; a server that checks tokens refuses it.
PLACEHOLDER_TOKEN = "any-token"  # noqa: S105 - no secret

#: The characters of a URL, and of one segment of its path (RFC 3986).
_URL = re.compile(r"[!-~]+")
_SEGMENT = re.compile(r"[\w.~%!$&'()*+,;=:@-]+", re.ASCII)

PLACEHOLDER_ACCOUNT = "0" * 32


@dataclass(frozen=True, slots=True)
class Target:
    """A server, parsed from its base URL.

    Args:
        base_url: As given, without a slash at the end; on REST it includes `/client/v4`.
        scheme: `http` or `https`.
        host: Name or address.
        port: Port.
        prefix: Path of the base URL.
        surface: Protocol of the calls.
        account_id: Account in the path of a REST call.
        token: API token; a placeholder if the user names none.
        checks_token: Whether the user gave a token, so that a wrong one must be refused.
        timeout: Seconds until a reply must be complete.
    """

    base_url: str
    scheme: str
    host: str
    port: int
    prefix: str
    surface: SurfaceName = "rest"
    account_id: str = PLACEHOLDER_ACCOUNT
    token: str = PLACEHOLDER_TOKEN
    checks_token: bool = False
    timeout: float = 30.0

    @property
    def loopback(self) -> bool:
        """Whether the server runs on this machine."""
        return is_loopback(self.host)

    @classmethod
    def parse(
        cls,
        url: str,
        *,
        surface: SurfaceName = "rest",
        account_id: str | None = None,
        token: str | None = None,
        timeout: float = 30.0,
    ) -> Target:
        """Parse a base URL such as `http://127.0.0.1:8790/client/v4`.

        Raises:
            ArgumentError: It is not an http or https URL, or holds a user name, query or fragment,
                or it or the account id holds a character that must be percent-encoded.
        """
        try:
            parts = urlsplit(url)
            port = parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)
        except ValueError as error:
            raise ArgumentError(f"BASE_URL {url}: {error}") from None
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ArgumentError(
                f"BASE_URL {url}: give a URL such as http://127.0.0.1:8790/client/v4"
            )
        if not _URL.fullmatch(url):
            raise ArgumentError(f"BASE_URL {url!r}: percent-encode every other character")
        if parts.username is not None or parts.query or parts.fragment:
            raise ArgumentError("BASE_URL: no user name, query or fragment; use --token-env")
        if account_id is not None and not _SEGMENT.fullmatch(account_id):
            raise ArgumentError(f"--account-id {account_id!r}: it is no segment of a URL")
        return cls(
            base_url=url.rstrip("/"),
            scheme=parts.scheme,
            host=parts.hostname,
            port=port,
            prefix=parts.path.rstrip("/"),
            surface=surface,
            account_id=account_id or PLACEHOLDER_ACCOUNT,
            token=token or PLACEHOLDER_TOKEN,
            checks_token=token is not None,
            timeout=timeout,
        )
