"""lab/memory.py: how much memory lab and suite use at their peak."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest

from lab import memory
from lab.memory import PeakMemory

MIB = 1024**2
HOLD = "import sys; held = b'x' * int(sys.argv[1]); print('held', flush=True); sys.stdin.read()"


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks often, so that a test need not last long."""
    monkeypatch.setattr(memory, "EVERY", 0.01)


@pytest.fixture
def child() -> Iterator[subprocess.Popen[str]]:
    """A process that holds 80 MiB."""
    command = [sys.executable, "-c", HOLD, str(80 * MIB)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        process.stdout.readline()
        yield process
        process.kill()


def peak(*roots: int) -> int:
    """What these use now."""
    looking = PeakMemory(roots)
    looking.start()
    for _ in range(1000):
        if looking.bytes:
            break
        psutil.Process().cpu_percent(0.01)
    looking.stop()
    return looking.bytes


def test_what_a_process_holds_is_counted(child: subprocess.Popen[str]) -> None:
    assert 80 * MIB < peak(child.pid) < 200 * MIB


def test_what_processes_have_started_is_counted_with_them(child: subprocess.Popen[str]) -> None:
    assert peak(os.getpid()) > 80 * MIB + peak(child.pid) / 2


def test_what_one_root_has_started_for_another_is_counted_once(child: subprocess.Popen[str]) -> None:
    assert peak(os.getpid(), child.pid) < peak(os.getpid()) + 40 * MIB


def test_the_peak_stays_when_what_was_held_is_given_back(child: subprocess.Popen[str]) -> None:
    looking = PeakMemory([child.pid])
    looking.start()
    while not looking.bytes:
        psutil.Process().cpu_percent(0.01)
    child.kill()
    child.wait()
    psutil.Process().cpu_percent(0.03)
    looking.stop()
    assert looking.bytes > 80 * MIB
