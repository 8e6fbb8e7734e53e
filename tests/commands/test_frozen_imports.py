"""What `frozen_imports` leaves behind."""

from __future__ import annotations

import gc
import subprocess
import sys

import pytest

from aleph_contract.commands.frozen_imports import frozen_imports


@pytest.fixture(autouse=True)
def _nothing_is_frozen() -> None:
    gc.unfreeze()


def test_no_garbage_is_collected_during_imports() -> None:
    with frozen_imports():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_imported_objects_are_excluded_from_collections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    with frozen_imports():
        import colorsys  # noqa: F401
    assert gc.get_freeze_count() > 0
    gc.unfreeze()


def test_hypothesis_does_not_warn_of_a_generator_that_is_excluded() -> None:
    """It warns of a generator that no object refers to, and sees none that is excluded."""
    program = (
        "import warnings; warnings.simplefilter('error')\n"
        "from aleph_contract.commands.frozen_imports import frozen_imports\n"
        "with frozen_imports(): import hypothesis.core\n"
        "test = hypothesis.given(hypothesis.strategies.none())(lambda value: None)\n"
        "hypothesis.seed(0)(test)()\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_without_an_import_nothing_is_excluded() -> None:
    with frozen_imports():
        pass
    assert gc.get_freeze_count() == 0


def test_a_caller_without_garbage_collection_keeps_it_so() -> None:
    gc.disable()
    try:
        with frozen_imports():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_collection_goes_on_after_an_import_that_fails() -> None:
    with pytest.raises(ImportError), frozen_imports():
        import no_such_module  # type: ignore[import-not-found]  # noqa: F401
    assert gc.isenabled()
