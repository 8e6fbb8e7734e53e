"""`serve --media FILE`: result URLs return the user's own files."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest
from calling import HTTP

from aleph_contract.core import reading
from aleph_contract.errors import ArgumentError
from fake_server import media
from fake_server.media import samples
from fake_server.media.samples import read_samples
from fake_server.server import running

NAME = str(UUID(int=0x4000_8000_0000_0000_0001))


def test_result_urls_return_the_file_of_their_family(tmp_path: Path) -> None:
    video = tmp_path / "my video.MOV"
    video.write_bytes(b"0123456789")
    with running(samples=[video]) as server:
        url = f"{server.origin}{media.path(NAME)}"
        whole, part = HTTP.get(url), HTTP.get(url, headers={"range": "bytes=2-4"})
        image = HTTP.get(f"{server.origin}{media.path(NAME, 'png')}")
    assert (whole.content, whole.headers["content-type"]) == (b"0123456789", "video/quicktime")
    assert (part.status_code, part.content) == (206, b"234")
    assert image.headers["content-type"] == "image/png"
    assert image.content.startswith(b"\x89PNG")


def test_files_that_cannot_be_served_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(samples, "MAX_SAMPLE", 3)
    monkeypatch.setattr(reading, "MAX_FILE", 3)
    (tmp_path / "endless.mp4").symlink_to("/dev/zero")
    for name, content in (("a.mp4", b"abc"), ("b.mov", b"abc"), ("c.doc", b""), ("d.png", b"long")):
        (tmp_path / name).write_bytes(content)

    def message(*names: str) -> str:
        with pytest.raises(ArgumentError) as raised:
            read_samples(tmp_path / name for name in names)
        return str(raised.value)

    assert "another file is the video already" in message("a.mp4", "b.mov")
    assert "ends in one of mp4, webm" in message("c.doc")
    assert "at most 3 fit" in message("d.png")
    assert message("endless.mp4").endswith("endless.mp4: File too large")
    assert message("e.png").endswith("e.png: No such file or directory")
