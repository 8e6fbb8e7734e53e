"""A certificate authority (CA) that exists for one run, and the certificates that it signs.

The key of the CA never leaves the memory of this process. The key of a certificate is written to a
private folder for a moment, because `ssl` reads keys from files only.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from aleph_contract.core.private_folder import PrivateFolder
from aleph_contract.errors import ArgumentError

if TYPE_CHECKING:
    import trustme

_MISSING = (
    "certificates need the package trustme; install it with pip install 'aleph-contract[intercept]'"
)


class Authority:
    """A new CA.

    Args:
        folder: Gets the file `ca.pem`, the certificate of the CA.

    Raises:
        ArgumentError: trustme is not installed.
    """

    def __init__(self, folder: PrivateFolder) -> None:
        self._ca = _create()
        self._folder = folder
        self.pem: bytes = self._ca.cert_pem.bytes()
        self.file = folder.write("ca.pem", self.pem)

    def server_context(self, *names: str) -> ssl.SSLContext:
        """Settings of a TLS server with a certificate for `names`, which speaks HTTP/1.1 only."""
        leaf = self._ca.issue_cert(*names)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with leaf.private_key_and_cert_chain_pem.tempfile(dir=str(self._folder.path)) as path:
            context.load_cert_chain(path)
        context.set_alpn_protocols(["http/1.1"])
        return context


def _create() -> trustme.CA:
    try:
        import trustme
    except ImportError:
        raise ArgumentError(_MISSING) from None
    return trustme.CA(organization_name="aleph-contract", organization_unit_name="one test run")
