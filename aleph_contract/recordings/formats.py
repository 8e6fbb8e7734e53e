"""The formats of recordings: how each is recognised and read, and what none of its files shows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from aleph_contract.contract.contract_set import ContractSet
from aleph_contract.errors import RecordingError
from aleph_contract.recordings.capture import read_capture
from aleph_contract.recordings.gateway_log import read_gateway_log
from aleph_contract.recordings.har import read_har
from aleph_contract.recordings.journal import read_journal
from aleph_contract.recordings.recorded_call import Entry
from aleph_contract.recordings.source import open_bytes
from aleph_contract.recordings.vcr import read_vcr

#: Bytes of a file that are looked at to find its format.
_HEAD = 8192

_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Format:
    """One format of recordings.

    Args:
        title: Its name in messages.
        start: A pattern of the start of every file of the format.
        read: Reads the entries of a file.
        limits: What no file of the format shows, in sentences that name the rules concerned.
    """

    title: str
    start: re.Pattern[bytes]
    read: Callable[[Path, ContractSet], Iterator[Entry]]
    limits: tuple[str, ...] = ()


def _reader(
    read: Callable[[Path], Iterator[Entry]],
) -> Callable[[Path, ContractSet], Iterator[Entry]]:
    def entries(path: Path, contracts: ContractSet) -> Iterator[Entry]:  # noqa: ARG001 - see `Format`
        return read(path)

    return entries


_DECODED = (
    "request.content-type, server.content-type: bodies are decoded text, so a compression or a "
    "framing that is wrong is not seen"
)

_HAR = re.compile(
    rb'\{\s*"log"\s*:\s*\{\s*("(version|creator|browser|pages|entries|comment|_\w*)"|\})'
)

#: JSON, or YAML in which the list stands at the start of a line.
_VCR = re.compile(
    rb'\{\s*("version"\s*:\s*\d+\s*,\s*)?"interactions"\s*:|(?![\[{])(.*\n)*interactions\s*:'
)
_CAPTURE = re.compile(rb'\{("case"\s*:\s*"[^\n]*?,\s*)?"number"\s*:\s*\d+\s*,\s*"account"\s*:')

#: An entry, or an array or an answer of the API that holds one.
_GATEWAY_LOG = re.compile(
    rb'[\[{](?s:.)*?"(status_code|StatusCode|request_content_type|RequestBody|result_info|log)"\s*:'
)

_REPEATED_KEYS = (
    "request.valid, server.accepts, server.refuses: bodies are parsed JSON, so a key that an "
    "object held twice, and the spelling of a number, are not seen"
)

_QUERY = "request.envelope: a gateway log holds no URL, so a query in it is not seen"

FORMATS = {
    "har": Format("HAR 1.2", _HAR, _reader(read_har), (_DECODED,)),
    "vcr": Format("VCR cassette", _VCR, _reader(read_vcr), (_DECODED,)),
    "journal": Format("SQLite journal", re.compile(rb"SQLite format 3\0"), _reader(read_journal)),
    "capture": Format("capture", _CAPTURE, _reader(read_capture)),
    "gateway-log": Format(
        "AI Gateway log", _GATEWAY_LOG, read_gateway_log, (_REPEATED_KEYS, _QUERY)
    ),
}


def detect(path: Path) -> Format:
    """The format of a file, by its content.

    Raises:
        RecordingError: It is empty, or of no known format.
        OSError, EOFError: It cannot be read.
    """
    with open_bytes(path) as file:
        head = file.read(_HEAD).removeprefix(_BOM).lstrip()
    if not head:
        raise RecordingError(f"{path} is empty")
    for chosen in FORMATS.values():
        if chosen.start.match(head):
            return chosen
    known = ", ".join(f"{name} ({chosen.title})" for name, chosen in FORMATS.items())
    raise RecordingError(f"{path} is no recording of a known format; formats: {known}")
