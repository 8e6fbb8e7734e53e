"""Selection by name: the same cases as a filter of the whole catalogue, without building it."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sample_cases import ENTRIES, load

from aleph_contract.cases import cases
from aleph_contract.cases.catalogue import CatalogueBuilder
from aleph_contract.cases.constraints import Constraint
from aleph_contract.cases.name_globs import NameGlobs
from aleph_contract.contract import Contract

GLOBS = (
    "boundary/seed/maximum/above",
    "boundary/*/maximum/*",
    "boundary/[a-p]*",
    "probe/*",
    "example/*",
    "combination/only/*",
    "*/seed/*",
    "nothing",
)


@pytest.mark.parametrize("glob", GLOBS)
@pytest.mark.parametrize(
    "path", [None, ENTRIES["cartograph__segment-2"], ENTRIES["foundry__mesh-2"]]
)
def test_selected_cases_equal_those_of_the_whole_catalogue(glob: str, path: Path | None) -> None:
    contract = load(path)
    expected = [case for case in cases(contract) if fnmatchcase(case.name, glob)]
    selected = cases(contract, names=[glob])
    assert list(selected) == expected
    assert [case.certificate for case in selected] == [case.certificate for case in expected]


def test_several_globs_select_the_union_in_catalogue_order() -> None:
    found = cases(names=["boundary/seed/maximum/*", "example/t*"])
    assert [case.name for case in found] == [
        "example/timed-keyframe-edit",
        "boundary/seed/maximum/on",
        "boundary/seed/maximum/above",
    ]


def test_one_case_is_built_without_the_other_constraints(monkeypatch: pytest.MonkeyPatch) -> None:
    built = []
    boundary = CatalogueBuilder.boundary

    def counted(self: CatalogueBuilder, constraint: Constraint, steps: float) -> object:
        built.append(constraint.key)
        return boundary(self, constraint, steps)

    monkeypatch.setattr(CatalogueBuilder, "boundary", counted)
    contract = Contract.load(ENTRIES["pixelworks__canvas-3"])
    (case,) = cases(contract, names=["boundary/width/minimum/on"])
    assert case.name == "boundary/width/minimum/on"
    assert built == ["width/minimum"]


_parts = st.text("ab/*?[]!", max_size=6)


@given(glob=_parts, name=_parts, cut=st.integers(0, 6))
@example(glob="a[", name="a[b", cut=2)
@example(glob="a/*", name="a/b", cut=3)
def test_a_prefix_of_a_matching_name_is_never_ruled_out(glob: str, name: str, cut: int) -> None:
    globs = NameGlobs((glob,))
    if globs.match(name):
        assert globs.may_match_below(name[:cut])


def test_a_prefix_is_ruled_out_by_the_start_of_a_glob() -> None:
    globs = NameGlobs(("boundary/seed/*", "fault/none"))
    assert not globs.may_match_below("boundary/prompt/")
    assert not globs.may_match_below("probe/")
    assert globs.may_match_below("boundary/")
    assert globs.may_match_below("fault/")
