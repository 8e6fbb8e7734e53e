"""The seed decides what a verification draws."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


def test_draws_depend_on_the_seed_alone_and_leave_no_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "likes.py").write_text(f"LIKED = {[*range(1000, 1200)]}", encoding="utf-8")

    def drawn(loads: str) -> list[str]:
        code = f"""
import json, sys, {loads}
from aleph_contract.drivers.python import PythonDriver
from aleph_contract.verify.runner import Settings, verify_client

def call(given, **_):
    print(json.dumps(given), file=sys.__stderr__)
    raise ValueError("seen")

verify_client(PythonDriver(call), settings=Settings(run=("property/valid",)))
"""
        argv = [sys.executable, "-B", "-c", code]
        done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=True)
        return done.stderr.splitlines()

    monkeypatch.delenv("HYPOTHESIS_STORAGE_DIRECTORY", raising=False)
    first = drawn("json")
    assert len(first) > 40
    assert drawn("likes") == first
    assert [path.name for path in tmp_path.iterdir()] == ["likes.py"]
