"""The port that the fake listens on, and the variables that name one elsewhere."""

from __future__ import annotations

#: The highest port of TCP: 16 bits.
MAX_PORT = 65_535

#: Not 8787 or 8788, the ports of `wrangler dev` and `wrangler pages dev`.
DEFAULT_PORT = 8790

#: Environment variable with the token that callers of the control API on other machines need.
ADMIN_TOKEN_VARIABLE = "ALEPH_CONTRACT_ADMIN_TOKEN"  # noqa: S105 - the name of a variable

#: Environment variable with the URL of a fake that runs elsewhere.
FAKE_VARIABLE = "ALEPH_CONTRACT_FAKE_URL"
