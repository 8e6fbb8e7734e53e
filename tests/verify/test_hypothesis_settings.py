"""The private parts of Hypothesis that we replace: still there, replaced, and restored."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TypeVar
from unicodedata import category

import hypothesis
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.internal import charmap

from aleph_contract.verify import hypothesis_settings
from aleph_contract.verify.hypothesis_settings import PRIVATE_NAMES, isolated_hypothesis

T = TypeVar("T")


@pytest.mark.parametrize(("module", "name"), PRIVATE_NAMES)
def test_this_release_of_hypothesis_has_the_private_names(module: str, name: str) -> None:
    assert hasattr(import_module(module), name), (
        f"Hypothesis {hypothesis.__version__} has no {module}.{name}: find its new name and change"
        " aleph_contract/verify/hypothesis_settings.py, or bound the version in pyproject.toml"
    )


def test_the_names_are_replaced_inside_and_restored_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HYPOTHESIS_STORAGE_DIRECTORY", raising=False)
    replaced = PRIVATE_NAMES[:3]
    monkeypatch.setattr(import_module(replaced[0][0]), replaced[0][1], None)

    def current() -> list[object]:
        return [getattr(import_module(module), name) for module, name in replaced]

    before = current()
    with isolated_hypothesis():
        assert all(now is not old for now, old in zip(current(), before, strict=True))
    assert all(now is old for now, old in zip(current(), before, strict=True))


def test_a_release_without_the_private_names_still_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hypothesis_settings, "_CONSTANTS", "hypothesis.no_such_module")
    monkeypatch.setattr(hypothesis_settings, "_HOME", "no_such_name")
    with isolated_hypothesis():
        assert _draw(st.integers())


def test_no_table_of_characters_is_computed_for_given_characters(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("_charmap", "_categories"):
        monkeypatch.setattr(charmap, name, None)
    with isolated_hypothesis():
        assert set("".join(_draw(st.text("abc", min_size=1)))) <= set("abc")
        assert charmap._charmap is None
        assert all(map(str.isupper, _draw(st.characters(categories=["Lu"]))))
    assert charmap._categories is None


def test_the_categories_are_those_of_unicode() -> None:
    assert set(hypothesis_settings.CATEGORIES) == set(map(category, map(chr, range(0x110000))))


def _draw(strategy: st.SearchStrategy[T]) -> list[T]:
    drawn: list[T] = []

    @settings(max_examples=5, database=None, derandomize=True)
    @hypothesis.given(strategy)
    def collect(value: T) -> None:
        drawn.append(value)

    collect()
    return drawn
