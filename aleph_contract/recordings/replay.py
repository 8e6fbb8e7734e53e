"""Read a recording for `serve --replay`: the replies of the service, by run."""

from __future__ import annotations

from pathlib import Path

from aleph_contract.contract.contract_set import ContractSet
from aleph_contract.errors import RecordingError
from aleph_contract.recordings import (
    BadEntry,
    ForeignCall,
    Recorded,
    choose,
    read_recording,
    secrets_of,
)
from aleph_contract.rules.parsed_exchange import read_reply, read_request
from aleph_contract.rules.traffic import is_judged
from fake_server.replies.outcomes import NOT_ANSWERED
from fake_server.runs.outside_reply import OutsideReply, end_to_end
from fake_server.runs.replay import REPLAY_HEADER, RecordedReplies

#: Headers that describe the bytes on the wire, where a recording holds the decoded body, or the
#: time of the recording.
_NOT_REPLAYED = (b"content-encoding", b"date", REPLAY_HEADER)

#: Outcomes of exchanges without a whole reply of the service to a run.
_NOT_REPLIES = NOT_ANSWERED | {"cut", "elsewhere"}


def load_replies(
    path: Path, contracts: ContractSet, name: str = "auto"
) -> tuple[RecordedReplies, int]:
    """The replies of a recording, and the number of calls without one that can be replayed.

    Calls to other routes and other servers do not count.

    Args:
        path: The recording.
        contracts: The contracts that are served.
        name: Its format; a key of `FORMATS`, or `auto`.

    Raises:
        RecordingError: The file cannot be read to its end, or holds no reply to a run.
        ArgumentError: The replies need too much memory.
    """
    chosen = choose(path, name)
    secrets = secrets_of(path, contracts, chosen)
    replies, left_out = RecordedReplies(str(path), secrets.hide), 0
    for found in read_recording(path, contracts, chosen, secrets):
        if isinstance(found, ForeignCall):
            continue
        if isinstance(found, BadEntry):
            left_out += 1
        elif is_judged(found.exchange):
            left_out += not _add(replies, found)
    if not replies.count:
        raise RecordingError(f"{path} holds no complete reply to a run")
    return replies, left_out


def _add(replies: RecordedReplies, found: Recorded) -> bool:
    """Add the reply of an exchange; `False` if there is none, or it is not about the run."""
    exchange = found.exchange
    if exchange.status is None or not found.has_reply or exchange.method != "POST":
        return False
    if exchange.credential in ("missing", "refused") or exchange.outcome in _NOT_REPLIES:
        return False
    if read_reply(exchange).kind == "cut":
        return False
    headers = ((_raw(name), _raw(value)) for name, value in exchange.response_headers)
    body = exchange.response_body
    reply = OutsideReply(exchange.status, end_to_end(headers, *_NOT_REPLAYED), body)
    return replies.add(exchange.surface, read_request(exchange), reply)


def _raw(text: str) -> bytes:
    return text.encode("latin-1", "replace")
