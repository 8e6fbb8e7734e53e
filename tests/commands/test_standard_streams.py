"""Standard streams that are closed or full, or whose reader ends early."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

VALID = '{"prompt": "a", "video_uri": "https://example.com/a.mp4"}'
CLIENT = Path(__file__).parents[2] / "fixtures" / "clients" / "urllib_client.py"
ONE_CASE = f"verify client -q --python {CLIENT}:run --run example/simple-video-edit"


def shell(line: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a line in a shell, in which `A` is this program."""
    return subprocess.run(
        ["sh", "-c", f'A() {{ "{sys.executable}" -m aleph_contract "$@"; }}; {line}'],
        capture_output=True,
        text=True,
        env={**os.environ, **variables},
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("A check <&-", 2),
        ("A judge - <&-", 2),
        (f"echo '{VALID}' | A check >&-", 0),
        ("echo '{}' | A check >&-", 1),
        (f"A {ONE_CASE} <&- >&- 2>&-", 0),
        ("A exec -- sh -c 'echo from the command >&2' <&- >&-", 3),
        ("A no-such-command 2>&-", 2),
    ],
)
def test_a_closed_stream_is_the_null_device(line: str, code: int) -> None:
    done = shell(line)
    assert (done.returncode, "Traceback" in done.stderr) == (code, False), done.stderr


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("cases --json", 0),
        ("verify server http://127.0.0.1:9 --plan", 0),
        ("check -", 1),
        ("check --json - /dev/null", 2),
    ],
)
def test_a_reader_that_ends_early_changes_no_exit_code(command: str, code: int) -> None:
    done = shell(f"echo '{{}}' | (sleep 0.1; A {command}; echo $? >&3) 3>&2 | true")
    assert done.stderr.splitlines()[-1] == str(code), done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("command", "code"), [("no-such-command", 2), ("verify server nonsense", 2), ("check", 2)]
)
def test_an_error_without_a_reader_keeps_its_exit_code(
    command: str, code: int, tmp_path: Path
) -> None:
    kept = tmp_path / "code"
    shell(f"(sleep 0.1; A {command} </dev/null; echo $? >'{kept}') 2>&1 | true")
    assert kept.read_text() == f"{code}\n"


def test_a_stream_without_an_end_is_not_read_for_ever() -> None:
    done = shell("A check - </dev/zero")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith("standard input cannot be read: File too large\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize(
    ("command", "code", "unbuffered"),
    [
        ("rules", 3, ""),
        ("rules", 3, "1"),
        (ONE_CASE, 3, ""),
        ("exec -- true", 3, "1"),
        ("serve --port 0", 3, ""),
        ("check /dev/null", 2, "1"),
    ],
)
def test_a_full_disk_is_one_sentence(command: str, code: int, unbuffered: str) -> None:
    done = shell(f"A {command} >/dev/full", PYTHONUNBUFFERED=unbuffered)
    assert (done.returncode, "Traceback" in done.stderr) == (code, False), done.stderr
