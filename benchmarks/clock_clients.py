"""Python clients with different time-outs and retries, for `clock.py`."""

from __future__ import annotations

import asyncio
import ssl
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as LateError
from typing import Any

import httpx

MODEL = "runwayml/aleph-2"

#: The fake is called by HTTP. An httpx client would load the certificates of all CAs, which takes
#: 50 ms: 5 s at 100.
NO_CA = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

Edit = dict[str, Any]


def _request(edit: Edit, base_url: str, account_id: str, api_token: str) -> dict[str, Any]:
    return {
        "url": f"{base_url}/accounts/{account_id}/ai/run",
        "headers": {"Authorization": f"Bearer {api_token}"},
        "json": {"model": MODEL, "input": edit},
    }


def _video(answer: Any) -> str:
    return str(answer["result"]["video"])


def httpx_60(edit: Edit, **call: str) -> str:
    """A time-out of 60 s for each read, no repetition."""
    reply = httpx.post(**_request(edit, **call), timeout=60, verify=NO_CA)
    return _video(reply.raise_for_status().json())


def httpx_patient(edit: Edit, **call: str) -> str:
    """Ten minutes, no repetition."""
    reply = httpx.post(**_request(edit, **call), timeout=600, verify=NO_CA)
    return _video(reply.raise_for_status().json())


async def asyncio_90(edit: Edit, **call: str) -> str:
    """A time-out of 90 s for the whole call, by asyncio."""
    async with httpx.AsyncClient(timeout=None, verify=NO_CA) as client:  # noqa: S113 - asyncio has the limit
        reply = await asyncio.wait_for(client.post(**_request(edit, **call)), 90)
    return _video(reply.raise_for_status().json())


async def asyncio_repeats(edit: Edit, **call: str) -> str:
    """A time-out of 50 s, and one repetition after 5 s."""
    try:
        return await _post(edit, call)
    except (httpx.HTTPError, asyncio.TimeoutError):
        await asyncio.sleep(5)
        return await _post(edit, call)


async def _post(edit: Edit, call: dict[str, str]) -> str:
    async with httpx.AsyncClient(timeout=50, verify=NO_CA) as client:
        reply = await client.post(**_request(edit, **call))
    return _video(reply.raise_for_status().json())


def thread_70(edit: Edit, **call: str) -> str:
    """A thread makes the call; its owner waits 70 s for it."""
    pool = ThreadPoolExecutor(1)
    try:
        return pool.submit(httpx_patient, edit, **call).result(timeout=70)
    except LateError as error:
        raise TimeoutError("no result within 70 s") from error
    finally:
        pool.shutdown(wait=False)
