"""The URLs in replies that lead back to the fake: of result files, and at its other host name."""

from __future__ import annotations

import re

from aleph_contract.core.exchange import ELSEWHERE
from fake_server import media
from fake_server.runs.decision import Surface
from fake_server.runs.request import RequestHead
from fake_server.state.accounts import Account

_HOST = re.compile(rb"([a-z0-9.-]+|\[[0-9a-f:.]+\])(:[0-9]+)?", re.IGNORECASE)
_MAX_ORIGINS = 1000


class OwnUrls:
    """Makes the URLs of one fake, at the host that the client called.

    `scheme` is `https` if the fake listens with TLS. `aliases` maps a `Host` to the address that
    URLs name instead, for a host that only an interceptor leads to the fake.
    """

    def __init__(self) -> None:
        self.scheme = b"http"
        self.aliases: dict[bytes, bytes] = {}
        self._origins: dict[object, bytes] = {}

    def result_files(self, head: RequestHead, surface: Surface) -> bytes:
        """The URL of a result up to its file name."""
        key = head.by_name.get(b"host") if surface.name == "rest" else head.server
        origin = self._origins.get(key)
        if origin is None:
            if len(self._origins) > _MAX_ORIGINS:
                self._origins.clear()
            origin = self._url(self.authority(head, surface), media.MEDIA_PATH)
            self._origins[key] = origin
        return origin

    def elsewhere(self, head: RequestHead, surface: Surface, account: Account, path: str) -> bytes:
        """The URL that stands for `path` on another host: this fake's other host name."""
        host = _HOST.fullmatch(self.authority(head, surface))
        name, port = host.groups(b"") if host else (b"", b"")
        other = b"127.0.0.1" if name.lower() == b"localhost" else b"localhost"
        return self._url(other + port, f"{ELSEWHERE}/{account.id}{path}")

    def authority(self, head: RequestHead, surface: Surface) -> bytes:
        """Host and port from the Host header; those of the listening socket if it has none.

        Calls through the binding have the Host `workers-binding.ai`, where no file can be fetched.
        """
        host = head.by_name.get(b"host")
        if surface.name == "rest" and host is not None and _HOST.fullmatch(host):
            return self.aliases.get(host.lower(), host)
        address, port = head.server or ("localhost", 80)
        name = f"[{address}]" if ":" in address else address
        return f"{name}:{port}".encode()

    def _url(self, authority: bytes, path: str) -> bytes:
        return b"%b://%b%b" % (self.scheme, authority, path.encode())
