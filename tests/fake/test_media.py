"""The video behind result URLs is playable and served by RFC 9110."""

from __future__ import annotations

import json
import struct
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from programs import needed

from fake_server import media
from fake_server.media.files import KINDS, media_file

URL = media.path("7449093b-e574-41a5-8308-05e4692fa652")
FILE = media_file("mp4")
SIZE = len(FILE.body)


def fetch(method: str = "GET", url: str = URL, **headers: str) -> media.MediaResponse:
    sent = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return media.respond(method, url, sent)


def boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The boxes of an MP4 file (ISO 14496-12, 4.2), name and content."""
    while data:
        size, name = struct.unpack(">I4s", data[:8])
        yield name, data[8:size]
        data = data[size:]


def test_the_file_is_an_mp4_with_its_index_first() -> None:
    names = [name for name, _ in boxes(FILE.body)]
    assert names[0] == b"ftyp"
    assert names.index(b"moov") < names.index(b"mdat")


def test_the_file_is_h264_baseline_of_a_few_seconds_and_kilobytes() -> None:
    moov = dict(boxes(FILE.body))[b"moov"]
    header = dict(boxes(moov))[b"mvhd"]
    timescale, duration = struct.unpack(">II", header[12:20])
    configuration = moov[moov.index(b"avcC") + 4 :]
    assert 2 <= duration / timescale <= 5
    assert configuration[1] == 66, "profile_idc 66 is Baseline"
    assert SIZE < 10_000


def test_get_returns_the_whole_file() -> None:
    reply = fetch()
    assert reply.status == 200
    assert reply.body == FILE.body
    assert dict(reply.headers)[b"content-type"] == b"video/mp4"
    assert dict(reply.headers)[b"content-length"] == str(SIZE).encode()
    assert dict(reply.headers)[b"accept-ranges"] == b"bytes"


def test_head_has_the_same_headers_and_no_body() -> None:
    assert fetch("HEAD").body == b""
    assert fetch("HEAD").headers == fetch().headers
    assert fetch("HEAD", range="bytes=0-1").status == 200, "Range is for GET alone (RFC 9110, 14.2)"


@pytest.mark.parametrize(
    ("wanted", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=0-", 0, SIZE - 1),
        ("bytes=100-199", 100, 199),
        (f"bytes={SIZE - 1}-", SIZE - 1, SIZE - 1),
        (f"bytes=10-{SIZE + 5}", 10, SIZE - 1),
        ("bytes=-1", SIZE - 1, SIZE - 1),
        (f"bytes=-{SIZE * 2}", 0, SIZE - 1),
        ("bytes=0-" + "9" * 5000, 0, SIZE - 1),
        ("BYTES= 5-6 ", 5, 6),
    ],
)
def test_a_range_returns_that_part(wanted: str, first: int, last: int) -> None:
    reply = fetch(range=wanted)
    assert reply.status == 206
    assert reply.body == FILE.body[first : last + 1]
    assert dict(reply.headers)[b"content-range"] == f"bytes {first}-{last}/{SIZE}".encode()
    assert dict(reply.headers)[b"content-length"] == str(last - first + 1).encode()


@pytest.mark.parametrize("wanted", [f"bytes={SIZE}-", "bytes=-0", "bytes=" + "9" * 5000 + "-"])
def test_a_range_beyond_the_file_is_416(wanted: str) -> None:
    reply = fetch(range=wanted)
    assert reply.status == 416
    assert dict(reply.headers)[b"content-range"] == f"bytes */{SIZE}".encode()


@pytest.mark.parametrize(
    "wanted",
    [
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=a-b",
        "bytes=5-4",
        "items=0-1",
        "bytes=0-1,5-6",
        "bytes=٣-٤",
    ],
)
def test_an_invalid_range_returns_the_whole_file(wanted: str) -> None:
    assert fetch(range=wanted).status == 200
    assert fetch(range=wanted).body == FILE.body


def test_two_range_headers_return_the_whole_file() -> None:
    reply = media.respond("GET", URL, [(b"range", b"bytes=0-1"), (b"range", b"bytes=2-3")])
    assert reply.status == 200


def test_if_range_needs_the_etag_of_the_file() -> None:
    assert fetch(range="bytes=0-9", if_range=FILE.etag.decode()).status == 206
    assert fetch(range="bytes=0-9", if_range='"another"').status == 200
    assert fetch(range="bytes=0-9", if_range=f"W/{FILE.etag.decode()}").status == 200
    assert fetch(range="bytes=0-9", if_range="Mon, 15 Jun 2026 19:47:34 GMT").status == 200


@pytest.mark.parametrize("known", ["{}", "W/{}", '"a", {}', "*"])
def test_a_matching_if_none_match_is_304(known: str) -> None:
    reply = fetch(if_none_match=known.format(FILE.etag.decode()))
    assert (reply.status, reply.body) == (304, b"")
    assert dict(reply.headers)[b"etag"] == FILE.etag


def test_other_methods_are_405_with_allow() -> None:
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "BREW"):
        reply = fetch(method)
        assert reply.status == 405
        assert dict(reply.headers)[b"allow"] == b"GET, HEAD"


@pytest.mark.parametrize(
    "name",
    [
        "",
        "x.mp4",
        "../edited.mp4",
        "7449093b-e574-41a5-8308-05e4692fa652",
        "README.md",
        "\u0663" * 8,
    ],
)
def test_other_names_are_not_found(name: str) -> None:
    assert fetch(url=media.MEDIA_PATH + name).status == 404
    assert fetch("HEAD", url=media.MEDIA_PATH + name).body == b""


@given(st.uuids())
def test_any_uuid_names_the_video(name: uuid.UUID) -> None:
    assert fetch(url=media.path(str(name))).status == 200


def test_it_has_no_cors_header() -> None:
    reply = fetch(origin="https://example.com")
    assert not [name for name, _ in reply.headers if name.startswith(b"access-control")]


@given(st.text(alphabet="bytes=-0123456789, \t", max_size=30))
def test_every_range_header_gets_a_valid_response(wanted: str) -> None:
    reply = fetch(range=wanted)
    assert reply.status in (200, 206, 416)
    assert int(dict(reply.headers)[b"content-length"]) == len(reply.body)


#: The first bytes of each kind.
SIGNATURES = {
    "mp4": b"\0\0\0", "webm": b"\x1aE\xdf\xa3", "mov": b"\0\0\0", "png": b"\x89PNG\r\n\x1a\n",
    "jpg": b"\xff\xd8\xff", "webp": b"RIFF", "gif": b"GIF89a", "mp3": b"ID3", "wav": b"RIFF",
    "flac": b"fLaC", "ogg": b"OggS", "aac": b"\xff\xf1", "glb": b"glTF", "txt": b"Made",
    "json": b"{",
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_medium_is_what_its_name_says(kind: str) -> None:
    url = media.path("7449093b-e574-41a5-8308-05e4692fa652", kind)
    reply = fetch(url=url)
    assert dict(reply.headers)[b"content-type"] == KINDS[kind][0].encode()
    assert reply.body.startswith(SIGNATURES[kind])
    assert len(reply.body) < 10_000
    assert fetch(url=url, range="bytes=1-3").body == reply.body[1:4]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("glb", "txt", "json")])
def test_ffmpeg_decodes_every_frame_of_each_medium(kind: str, tmp_path: Path) -> None:
    file = tmp_path / f"medium.{kind}"
    file.write_bytes(media_file(kind).body)
    command = [needed("ffmpeg"), "-v", "error", "-xerror", "-i", str(file), "-f", "null", "-"]
    done = subprocess.run(command, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


def test_the_model_in_3d_is_a_binary_gltf_file_with_one_triangle() -> None:
    body = media_file("glb").body
    magic, version, length, size, kind = struct.unpack_from("<4sII I4s", body)
    assert (magic, version, length, kind) == (b"glTF", 2, len(body), b"JSON")
    scene = json.loads(body[20 : 20 + size])
    assert scene["accessors"][0]["count"] == 3
    assert len(body) == 20 + size + 8 + scene["buffers"][0]["byteLength"]
