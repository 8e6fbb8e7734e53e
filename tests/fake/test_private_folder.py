"""Private folders: removed at the end and after a kill, and never anything else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from aleph_contract.core.private_folder import PREFIX, PrivateFolder, remove_abandoned


def test_a_folder_is_for_this_user_only_and_is_removed(tmp_path: Path) -> None:
    with PrivateFolder(tmp_path) as folder:
        assert folder.path.stat().st_mode & 0o777 == 0o700
        assert folder.write("a", b"content").read_bytes() == b"content"
    assert not list(tmp_path.iterdir())


def test_the_folder_of_a_living_process_stays(tmp_path: Path) -> None:
    with PrivateFolder(tmp_path) as first, PrivateFolder(tmp_path) as second:
        remove_abandoned(tmp_path)
        assert first.path.exists()
        assert second.path.exists()


def test_an_abandoned_folder_is_removed_with_its_files(tmp_path: Path) -> None:
    abandoned = tmp_path / f"{PREFIX}abandoned"
    abandoned.mkdir(0o700)
    (abandoned / "ca.pem").write_text("certificate")
    remove_abandoned(tmp_path)
    assert not abandoned.exists()


@pytest.mark.parametrize("kind", ["link", "link-inside", "open", "file", "other-name"])
def test_what_is_not_ours_stays(tmp_path: Path, kind: str) -> None:
    victim = tmp_path / "victim"
    victim.mkdir(0o700)
    (victim / "precious").write_text("kept")
    found = tmp_path / f"{PREFIX}found"
    if kind == "link":
        found.symlink_to(victim)
    elif kind == "link-inside":
        found.mkdir(0o700)
        (found / "link").symlink_to(victim)
    elif kind == "open":
        found.mkdir()
        found.chmod(0o770)
    elif kind == "file":
        found.write_text("a file")
    remove_abandoned(tmp_path)
    assert (victim / "precious").read_text() == "kept"
    assert os.path.lexists(found) is (kind in ("link", "open", "file"))


def test_a_folder_of_another_user_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = tmp_path / f"{PREFIX}other"
    other.mkdir(0o700)
    monkeypatch.setattr(os, "geteuid", lambda: other.stat().st_uid + 1)
    remove_abandoned(tmp_path)
    assert other.exists()
