"""Compare two catalog entries, or two folders of them."""

from __future__ import annotations

from pathlib import Path

from aleph_contract.contract import Contract
from aleph_contract.contract.contract_set import ContractSet
from aleph_contract.evolution.comparison import compare
from aleph_contract.evolution.records import Change, Comparison, Diff

_REMOVED = "the model is removed: a call of it is refused now"
_ADDED = "the model is new: no call of it worked before"


def compare_paths(old: str, new: str) -> Diff:
    """Compare two files, or the entries of two folders by model id.

    Two files are compared even if they hold different models.

    Raises:
        ContractError: A file, or a `*.json` file of a folder, is no entry that can be used.
    """
    if not (Path(old).is_dir() or Path(new).is_dir()):
        return Diff(old, new, (compare(Contract.load(old), Contract.load(new)),))
    before, after = (ContractSet.load([path], strict=True) for path in (old, new))
    models = dict.fromkeys((*before, *after))
    return Diff(old, new, tuple(_compare_model(model, before, after) for model in models))


def _compare_model(model: str, before: ContractSet, after: ContractSet) -> Comparison:
    if model not in after:
        witness = {"model": model}
        change = Change(
            "requests", "/model_id", model, None, False, True, "breaking", witness, _REMOVED
        )
        return Comparison(model, before[model].source, "", "breaking", None, (change,))
    if model not in before:
        change = Change(
            "requests", "/model_id", None, model, True, False, "compatible", None, _ADDED
        )
        return Comparison(model, "", after[model].source, "compatible", None, (change,))
    return compare(before[model], after[model])
