"""Public names that are imported on first use."""

from __future__ import annotations

import importlib

import pytest

import aleph_contract
import fake_server
from aleph_contract import rules
from aleph_contract.core.lazy_names import lazy_names

PACKAGES = [aleph_contract, rules, fake_server]


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.__name__)
def test_every_public_name_of_a_package_is_found(package: object) -> None:
    names = package.__all__  # type: ignore[attr-defined]  # each of them has one
    assert dir(package) == sorted(names)
    assert all(getattr(package, name) is not None for name in names)


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.__name__)
def test_another_name_is_an_error_that_says_so(package: object) -> None:
    name = package.__name__  # type: ignore[attr-defined]  # a module has a name
    with pytest.raises(AttributeError, match=f"^module '{name}' has no attribute 'nothing'$"):
        package.nothing  # type: ignore[attr-defined]  # noqa: B018 - the access is the test


def test_a_name_is_that_of_its_module_or_a_module_of_the_package() -> None:
    found = lazy_names("json", {"loads": "json", "scanner": "json"}, {"decoder"})
    assert found("loads") is importlib.import_module("json").loads
    assert found("decoder") is importlib.import_module("json.decoder")
