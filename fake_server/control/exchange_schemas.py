"""Pydantic models of exchanges in the control API.

`exchange_json` builds the document of an exchange without its model, because a response may hold
thousands of exchanges.
"""

from __future__ import annotations

import base64
import codecs
from typing import Annotated, Any

from pydantic import Field

from aleph_contract.core.body_start import BodyStart, length_of
from aleph_contract.core.exchange import Credential, Exchange, SurfaceName, as_json
from fake_server.control.schemas import Amount, ControlModel

_DECODER = codecs.getincrementaldecoder("utf-8")

Headers = Annotated[list[tuple[str, str]], Field(description="Name and value, in order.")]


class BodyModel(ControlModel):
    """A request or response body; of one over 64 KiB the beginning, unless all is asked for."""

    text: Annotated[str | None, Field(description="The body as text; `null` if it is not UTF-8.")]
    base64: Annotated[str, Field(description="The exact bytes of the body.")]
    length: Annotated[int, Field(description="Bytes of the whole body.")]
    sha256: Annotated[
        str | None, Field(description="Hash of the whole body, if only its beginning is listed.")
    ]


class ExchangeModel(ControlModel):
    """One request as it arrived and the response that was sent, with the token redacted."""

    number: Annotated[int, Field(description="Counts from 1 in each account, in order of arrival.")]
    account: str
    surface: SurfaceName
    method: str
    target: str
    host: str
    request_headers: Headers
    request_body: BodyModel
    request_complete: Annotated[bool, Field(description="Whether the whole body arrived.")]
    credential: Credential
    token_leaked: Annotated[
        bool, Field(description="Whether the URL, the body or another header held the token.")
    ]
    token_fingerprint: Annotated[
        str, Field(description="Tells calls with different tokens apart; empty without a token.")
    ]
    status: Annotated[int | None, Field(description="`null` if no response was sent.")]
    response_headers: Headers
    response_body: BodyModel
    outcome: str
    fault: str | None
    billed: Annotated[bool, Field(description="Whether the service may have charged for it.")]
    billed_seconds: Amount | None
    cost_usd: Amount
    received_at: Annotated[float, Field(description="Unix time in seconds.")]
    seconds: Annotated[float, Field(description="Seconds until the response was sent.")]


class ExchangesModel(ControlModel):
    """Exchanges of one account, in the order of their numbers."""

    account: str
    total: Annotated[int, Field(description="Exchanges since the account began or was cleared.")]
    dropped: Annotated[int, Field(description="Exchanges deleted from a full journal.")]
    timed_out: Annotated[bool, Field(description="Whether `wait_for` ended by its timeout.")]
    exchanges: list[ExchangeModel]


def exchange_json(exchange: Exchange) -> dict[str, Any]:
    """The document of an exchange, in the shape of `ExchangeModel`."""
    document = as_json(exchange, body_json)
    return document | {"token_fingerprint": exchange.token_fingerprint}


def body_json(raw: bytes) -> dict[str, str | int | None]:
    """The document of a body, in the shape of `BodyModel`."""
    sha256 = raw.sha256 if isinstance(raw, BodyStart) else None
    try:
        text = _DECODER().decode(raw, final=sha256 is None)  # the beginning may end in a character
    except UnicodeDecodeError:
        text = None
    encoded = base64.b64encode(raw).decode()
    return {"text": text, "base64": encoded, "length": length_of(raw), "sha256": sha256}
