"""A secret is found in every form in which software writes it, and in no other text."""

from __future__ import annotations

import re
from base64 import b64encode, urlsafe_b64encode
from binascii import hexlify
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aleph_contract.core import secret as module
from aleph_contract.core.secret import Secret, fixed_forms

TOKEN = b"aB3+tok-en~/%41;"
SECRET = Secret(TOKEN)


def percent(code: int) -> bytes:
    return b"%%%02X" % code


def json_escape(code: int) -> bytes:
    return b"\\u%04x" % code


def json_in_json(code: int) -> bytes:
    return b"\\\\\\\\u%04x" % code


def html_hex(code: int) -> bytes:
    return b"&#x00%x;" % code


def html_decimal(code: int) -> bytes:
    return b"&#0%d;" % code


def plain(code: int) -> bytes:
    return bytes([code])


WRITTEN = (plain, percent, json_escape, json_in_json, html_hex, html_decimal)


@pytest.mark.parametrize("write", WRITTEN)
@pytest.mark.parametrize("only", [*range(len(TOKEN)), None])
def test_each_byte_may_be_escaped(write: Callable[[int], bytes], only: int | None) -> None:
    text = b"".join(
        write(code) if only in (None, at) else plain(code) for at, code in enumerate(TOKEN)
    )
    assert SECRET.hide(b"%4" + text + b"&#9;") == b"%4REDACTED&#9;"


@pytest.mark.parametrize("encode", [b64encode, urlsafe_b64encode, hexlify])
@pytest.mark.parametrize("shift", range(3))
def test_encoded_forms(encode: Callable[[bytes], bytes], shift: int) -> None:
    assert SECRET.is_in(encode(b"x" * shift + TOKEN + b"yz"))
    assert not SECRET.is_in(encode(b"x" * shift + TOKEN[:-2] + b"yz"))


@pytest.mark.parametrize("padding", [b"x", b"%x\\", "é".encode()])
@pytest.mark.parametrize("token", [TOKEN, b"[a](b)^$*{2}|c", bytes(range(16)), b"\xff" * 9])
def test_each_form_is_found_in_a_large_text(token: bytes, padding: bytes) -> None:
    secret = Secret(token)
    around = padding * module._LARGE
    assert not secret.is_in(around + token[:-1] + around)
    escaped = (b"".join(map(write, token)) for write in (percent, json_escape))
    for form in (*fixed_forms(token), *escaped):
        assert secret.is_in(around + form + around)
        for inside in (1, len(form) // 2, len(form) - 1):  # of the first piece that is searched
            assert secret.is_in(around[: module._LARGE - inside] + form + around)


@given(
    st.lists(
        st.sampled_from([write(code) for write in WRITTEN for code in b"abc%;u0"]), max_size=30
    ).map(b"".join),
    st.sampled_from([b"ab%cu", b"abcu0"]),
)
def test_the_short_search_finds_what_the_pattern_finds(text: bytes, token: bytes) -> None:
    pattern = re.compile(b"".join(map(module._character, token)))
    assert Secret(token).hide(text) == pattern.sub(b"REDACTED", text.replace(token, b"REDACTED"))


def test_a_text_with_many_escapes_is_searched_too() -> None:
    escaped = b"".join(map(percent, TOKEN))
    assert SECRET.hide(b"%20" * 5_000 + escaped).endswith(b"%20REDACTED")


@pytest.mark.parametrize("text", [b"a%20b \\u00e9 &#39; %", b"%61%62 \\\\u0063 &#48;1&#999;"])
def test_no_pattern_is_compiled_for_escapes_that_do_not_spell_the_secret(text: bytes) -> None:
    secret = Secret(b"0123456789abcdef")
    assert not secret.is_in(text)
    assert "_escaped" not in vars(secret)
