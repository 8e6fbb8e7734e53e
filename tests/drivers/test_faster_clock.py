"""The faster clock of a client: libfaketime, the keeper and the probes."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from faster import SPEED, needs_libfaketime
from programs import needed
from waiting import PATIENCE

from aleph_contract.core.clock import WALL_CLOCK
from aleph_contract.drivers import clock_probe, clock_watch, faketime, faster_clock, processes
from aleph_contract.drivers.clock_probe import check_program
from aleph_contract.drivers.clock_watch import INTERVAL, ClockWatch
from aleph_contract.drivers.faster_clock import FasterClock
from aleph_contract.errors import ArgumentError, CouldNotRun

#: Waits of a Python client that CPython does not do with functions that libfaketime intercepts.
WAITS = """
import os, queue, threading, time
from concurrent.futures import ThreadPoolExecutor, TimeoutError
def took(wait):
    begun = time.monotonic()
    try:
        wait()
    except (queue.Empty, TimeoutError):
        pass
    return time.monotonic() - begun
pool = ThreadPoolExecutor(1)
future = pool.submit(time.sleep, 1000)
thread = threading.Thread(target=time.sleep, args=(1000,))
thread.start()
print(*map(took, (
    lambda: threading.Event().wait(20),
    lambda: queue.Queue().get(timeout=20),
    lambda: future.result(timeout=20),
    lambda: thread.join(20),
)), flush=True)
os._exit(0)
"""


@pytest.fixture(scope="module")
def faster() -> Iterator[FasterClock]:
    needs_libfaketime()
    with FasterClock(SPEED) as clock:
        yield clock


def python(faster: FasterClock, code: str, **variables: str) -> str:
    """The output of a Python client on the clock."""
    environment = {**os.environ, **faster.environment, **variables}
    return subprocess.run(
        (sys.executable, "-c", code),
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE,
    ).stdout


def test_every_process_has_the_time_that_the_fake_tells(faster: FasterClock) -> None:
    for _ in range(2):
        before = faster.clock.now()
        told = float(python(faster, "import time; print(time.time())"))
        assert before - 5 < told < faster.clock.now() + 5


def test_a_child_of_the_client_has_the_same_clock(faster: FasterClock) -> None:
    code = "import subprocess; print(subprocess.check_output(['date', '+%s']).decode())"
    before = faster.clock.now()
    assert before - 5 < float(python(faster, code)) < faster.clock.now() + 5


def test_timed_waits_of_threads_end_on_the_clock(faster: FasterClock) -> None:
    # A wait that is not on the clock takes 20 s of the machine, which are 2000 s of the client.
    assert all(19 < float(took) < 1000 for took in python(faster, WAITS).split())


def test_the_users_own_sitecustomize_still_runs(faster: FasterClock, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("print('ran')\n", encoding="utf-8")
    path = f"{faster.environment['PYTHONPATH']}{os.pathsep}{tmp_path}"
    assert python(faster, "", PYTHONPATH=path) == "ran\n"


@pytest.mark.parametrize("program", [sys.executable, "sh"])
def test_an_interpreter_that_runs_on_the_clock_passes_its_probe(
    faster: FasterClock, program: str
) -> None:
    faster.check((program,), os.environ)


def test_an_interpreter_that_does_not_is_refused(faster: FasterClock) -> None:
    stripped = {k: v for k, v in os.environ.items() if k != "LD_PRELOAD"}
    with pytest.raises(CouldNotRun, match=r"has no effect on the client: .*sh waits longer"):
        check_program("sh", faster.clock, faster.library, stripped)


def test_a_busy_machine_does_not_look_like_an_interpreter_that_is_not_on_the_clock(
    faster: FasterClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []

    def late(argv: tuple[str, ...], *_: object) -> float:
        waits.append(float(argv[2].split()[2].rstrip(";")) / SPEED)
        return waits[-1] + 1.0

    monkeypatch.setattr(clock_probe, "_slowest_wait", late)
    faster.check(("sh",), os.environ)
    assert waits == pytest.approx([0.1, 0.2, 0.8])


def test_another_program_is_asked_for_its_libraries(faster: FasterClock) -> None:
    faster.check(("env",), os.environ)
    with pytest.raises(CouldNotRun, match="does not load"):
        check_program("env", faster.clock, faster.library, {"PATH": os.environ["PATH"]})


def test_nothing_is_left_behind() -> None:
    needs_libfaketime()
    with FasterClock(SPEED) as clock:
        shared = clock.environment["FAKETIME_SHARED"]
        names = [faketime.SHARED_FOLDER / name for name in (
            f"sem.{shared.split()[0][1:]}", shared.split()[1][1:]
        )]  # fmt: skip
        if sys.platform == "linux":
            assert all(path.exists() for path in names)
    assert not any(path.exists() for path in names)


def test_what_a_killed_run_left_is_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faketime, "SHARED_FOLDER", tmp_path)
    ended = subprocess.Popen(("true",))
    ended.wait()
    stale = tmp_path / f"faketime_shm_{ended.pid}"
    alive = tmp_path / f"sem.faketime_sem_{os.getpid()}"
    other = tmp_path / "faketime_shm_x"
    for path in (stale, alive, other):
        path.touch()
    faketime.remove_stale()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted((alive.name, other.name))


def test_without_the_library_the_message_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(faketime.LIBRARY_VARIABLE, "/nowhere/lib.so")
    with pytest.raises(
        CouldNotRun, match=r"not found at /nowhere/lib\.so: `apt install libfaketime`"
    ):
        FasterClock(SPEED).__enter__()


@pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc")
def test_another_library_in_its_place_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    maps = Path("/proc/self/maps").read_text(encoding="utf-8").split()
    monkeypatch.setenv(faketime.LIBRARY_VARIABLE, next(p for p in maps if "/libc.so" in p))
    monkeypatch.setattr(faster_clock, "_SPEED_WAITS", (0.05, 0.05))
    with pytest.raises(CouldNotRun, match=r"should run 100 times faster ran 1\.?\d* times"):
        FasterClock(SPEED).__enter__()


def test_another_system_cannot_have_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(CouldNotRun, match="needs Linux or macOS"):
        faketime.find_library()


def test_speed_1_needs_no_library_and_starts_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(faketime.LIBRARY_VARIABLE, "/nowhere/lib.so")
    with FasterClock(1) as clock:
        assert (clock.clock, clock.environment, clock.note) == (WALL_CLOCK, {}, "")
        clock.check(("/no/such/program",), {})


def test_a_speed_below_1_is_refused() -> None:
    with pytest.raises(ArgumentError, match="from 1"):
        FasterClock(0.5)


@pytest.mark.parametrize(("jitter", "speed"), [(1e-4, 100), (0.01, 100), (0.02, 50), (0.4, 2)])
def test_auto_is_the_highest_speed_at_which_waits_end_in_time(jitter: float, speed: int) -> None:
    clock = FasterClock()
    clock.jitter = jitter
    assert clock.safe_speed() == speed


def test_auto_gives_up_on_a_machine_that_is_too_busy() -> None:
    clock = FasterClock()
    clock.jitter = 0.9
    with pytest.raises(CouldNotRun, match=r"too busy, waits end up to 0\.9 s late"):
        clock.safe_speed()


def test_a_program_that_cannot_be_read_gets_no_verdict(
    faster: FasterClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreadable(program: str) -> Path:
        raise PermissionError(13, "Permission denied", program)

    monkeypatch.setattr("aleph_contract.drivers.clock_probe.interpreter", unreadable)
    with pytest.raises(CouldNotRun, match="cannot be checked: secret: Permission denied"):
        faster.check(("secret",), os.environ)


def hanging(folder: Path) -> Path:
    """A program that looks as if it had tcmalloc in it, which hangs with libfaketime."""
    path = Path(shutil.copy(needed("sleep"), folder / "hangs"))
    with path.open("ab") as program:
        program.write(b"tcmalloc.per_cpu_caches_active")
    return path


@pytest.mark.skipif(sys.platform != "linux", reason="the watch reads /proc")
@pytest.mark.parametrize("on_the_clock", [True, False])
def test_a_process_that_hangs_because_of_the_library_is_ended(
    faster: FasterClock, tmp_path: Path, on_the_clock: bool
) -> None:
    environment = {**os.environ, **faster.environment} if on_the_clock else None
    words = ("sh", "-c", f"{hanging(tmp_path)} 3000; echo $?")
    watch = ClockWatch((), faster.library)
    with subprocess.Popen(words, env=environment, stdout=subprocess.PIPE) as process:
        try:
            if not on_the_clock:
                time.sleep(2 * INTERVAL)
                watch.check()
                assert process.poll() is None
                return
            assert process.stdout is not None
            assert process.stdout.read() == b"137\n"  # 128 and SIGKILL
            with pytest.raises(CouldNotRun, match=r"hangs allocates memory with tcmalloc, and"):
                watch.check()
        finally:
            watch.close()
            processes.end(process)


def test_a_program_that_would_hang_is_refused(faster: FasterClock, tmp_path: Path) -> None:
    with pytest.raises(CouldNotRun, match="tcmalloc, and hangs at its start"):
        faster.check((str(hanging(tmp_path)),), os.environ)


@pytest.mark.skipif(sys.platform != "linux", reason="the watch reads /proc")
def test_the_program_of_a_client_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading 100 MB of Node.js at each connection made the fake late by 100 ms."""
    read: list[Path] = []

    def reading(program: Path, library: Path) -> str:  # noqa: ARG001
        read.append(program)
        return ""

    monkeypatch.setattr(clock_watch, "why_not_loadable", reading)
    code = """
import socket, sys
for port in sys.stdin:
    opened = socket.create_connection(("127.0.0.1", int(port)))
"""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        watch = ClockWatch((port,), Path(__file__))
        words = (sys.executable, "-u", "-c", code)
        with subprocess.Popen(words, stdin=subprocess.PIPE, text=True) as client:
            for _ in range(2):
                print(port, file=client.stdin, flush=True)
                with listener.accept()[0]:
                    watch.look()
            watch.close()
            client.kill()
    assert len(read) == 1
