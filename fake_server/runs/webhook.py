"""Background runs: the first reply, and the one POST that tells the result to a webhook.

One project saw `options: {"background": true, "webhookUrl": …}` answered with 202 and, when the run
ended, one POST that was not repeated (observed; withdrawn from the documentation). So the fake runs
in the background only if it is started with that option.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import uuid4

from aleph_contract.contract import Contract
from fake_server.replies.failures import Refused, compact

#: Seconds that the receiver has to accept the POST.
TIMEOUT = 5.0


@dataclass(slots=True, eq=False)
class Webhook:
    """A POST to send when a background run ends.

    Args:
        url: The address, on this machine.
        body: The JSON document.
    """

    url: Final[str]
    body: Final[bytes]


def webhook_url(options: Mapping[str, object]) -> str | None:
    """The webhook of a call; `None` if the call does not ask for a background run.

    Raises:
        Refused: The URL is missing, or is not an HTTP address of this machine: the fake sends
            nothing to other machines.
    """
    if options.get("background") is not True:
        return None
    url = options.get("webhookUrl")
    if not isinstance(url, str):
        raise Refused("field-missing", path="options.webhookUrl")
    with suppress(ValueError):
        parts = urlsplit(url)
        if parts.scheme == "http" and _is_loopback(parts.hostname or "") and parts.port != 0:
            return url
    raise Refused(
        "field-invalid",
        path="options.webhookUrl",
        detail="the fake calls only http URLs on a loopback host",
    )


def _is_loopback(host: str) -> bool:
    """Whether a host is `localhost` or a loopback address; a `ValueError` for any other name."""
    return host == "localhost" or ip_address(host).is_loopback


def start_run(url: str, bare: bytes, contract: Contract) -> tuple[bytes, Webhook]:
    """The body of the 202 that starts a background run, and the POST that ends it."""
    run_id = str(uuid4())
    reply: Any = json.loads(bare)
    ended = {
        "id": run_id,
        "state": reply.get("state"),
        "result": reply.get("result"),
        "error": None,
        "provider": contract.model.partition("/")[0],
        "model": contract.model,
        "usage": None,
    }
    started = {"result": {"runId": run_id, "state": "Running"}}
    return compact(started), Webhook(url, compact(ended))


async def send(webhook: Webhook, seconds: float) -> None:
    """Send the POST once, after `seconds`; a receiver that fails is not called again."""
    await asyncio.sleep(seconds)
    with suppress(OSError, asyncio.TimeoutError):
        await asyncio.wait_for(_post(webhook), TIMEOUT)


async def _post(webhook: Webhook) -> None:
    parts = urlsplit(webhook.url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port or 80)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    head = (
        f"POST {target} HTTP/1.1\r\nhost: {parts.netloc}\r\ncontent-type: application/json\r\n"
        f"content-length: {len(webhook.body)}\r\nconnection: close\r\n\r\n"
    )
    writer.write(head.encode("ascii", "replace") + webhook.body)
    try:
        await writer.drain()
        await reader.read(1)
    finally:
        writer.close()
