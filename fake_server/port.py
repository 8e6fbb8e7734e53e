"""The port that the fake listens on unless another is chosen."""

from __future__ import annotations

#: Not 8787 or 8788, the ports of `wrangler dev` and `wrangler pages dev`.
DEFAULT_PORT = 8790
