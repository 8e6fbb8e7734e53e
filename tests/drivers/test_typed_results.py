"""A returned object is read as the data that it holds, never as its repr."""

from __future__ import annotations

import enum
from collections import OrderedDict, namedtuple
from dataclasses import dataclass
from pathlib import PurePosixPath
from types import MappingProxyType, SimpleNamespace
from typing import Any

import attrs
import httpx
import pydantic
import pytest

from aleph_contract.drivers.typed_results import UnreadableResultError, to_json

URL = "https://example.com/a.mp4?b=c&d=%20#e"
WHOLE = {"video": URL}


class Model(pydantic.BaseModel):
    """A pydantic model."""

    video: str
    link: pydantic.HttpUrl | None = None


@dataclass
class Record:
    """A dataclass."""

    video: str


@attrs.frozen
class Slotted:
    """An attrs class."""

    video: str


class Plain:
    """An object with an attribute."""

    def __init__(self) -> None:
        self.video = URL
        self._http = object()


class Lazy:
    """An object with a property."""

    @property
    def video(self) -> str:
        return URL


class Kind(enum.Enum):
    """An enumeration of URLs."""

    URL = URL


@pytest.mark.parametrize(
    ("value", "data"),
    [
        (WHOLE, WHOLE),
        (Model(video=URL), {"video": URL, "link": None}),
        (Record(URL), WHOLE),
        (Slotted(URL), WHOLE),
        (Plain(), WHOLE),
        (Lazy(), WHOLE),
        (SimpleNamespace(video=URL), WHOLE),
        (namedtuple("Named", "video")(URL), WHOLE),  # noqa: PYI024 - the kind under test
        (OrderedDict(WHOLE), WHOLE),
        (MappingProxyType(WHOLE), WHOLE),
        (httpx.Response(200, json={"result": WHOLE}), {"result": WHOLE}),
        (httpx.Response(200, text="<html>"), "<html>"),
        (httpx.URL(URL), URL),
        (PurePosixPath("a/b"), "a/b"),
        (Kind.URL, URL),
        (b"raw", "raw"),
        (b"ID3\xff\x00", "SUQz/wA="),
        (memoryview(bytearray(b"\xff")), "/w=="),
        ({"audio": b"\xff"}, {"audio": "/w=="}),
        (httpx.Response(200, content=b"\xff\xfb"), "//s="),
        (("a", 1.5), ["a", 1.5]),
        ([Record(URL), None], [WHOLE, None]),
        (float("nan"), "NaN"),
        ("cut \ud83d", "cut ?"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_returned_value_is_read_as_its_data(value: Any, data: Any) -> None:
    assert to_json(value) == data


def _endless() -> Any:
    endless: list[Any] = []
    endless.append(endless)
    return endless


@pytest.mark.parametrize(
    "value",
    [object(), object, print, iter(()), {"x": object()}, _endless()],
    ids=lambda value: type(value).__name__,
)
def test_an_object_without_data_is_unreadable_and_the_message_says_what_to_return(
    value: Any,
) -> None:
    with pytest.raises(UnreadableResultError, match="return the result's URL"):
        to_json(value)
