"""lab/host/memory.py: the memory of a lab's cgroup and of the suite; on plain files, because cgroups need root."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lab.host.memory import MemoryPeaks, MemoryRecorder, find_cgroup, get_engine_cgroup, measure_programs

LAB = "kubeflow-lab-test"
MIB = 2**20
LONG = 1000
"""An interval of which none ends in a test."""


def write_v1(root: Path, usage: int, inactive: int, peak: int) -> Path:
    """Write the files of the lab's cgroup in version 1, and return its directory."""
    directory = root / "memory" / LAB
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "memory.usage_in_bytes").write_text(f"{usage}\n")
    (directory / "memory.max_usage_in_bytes").write_text(f"{peak}\n")
    (directory / "memory.stat").write_text(f"cache 9\ninactive_file 0\ntotal_inactive_file {inactive}\n")
    return directory


def write_v2(root: Path, usage: int, inactive: int, peak: int | None) -> Path:
    """Write the files of the lab's cgroup in version 2, and return its directory; None for a kernel without peaks."""
    directory = root / LAB
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "memory.current").write_text(f"{usage}\n")
    if peak is not None:
        (directory / "memory.peak").write_text(f"{peak}\n")
    (directory / "memory.stat").write_text(f"file 9\ninactive_file {inactive}\nactive_file 7\n")
    return directory


def test_working_set_excludes_inactive_files_in_v1(tmp_path: Path) -> None:
    write_v1(tmp_path, usage=900, inactive=300, peak=1500)
    recorder = MemoryRecorder(LAB, tmp_path, LONG)
    with recorder.record():
        pass
    assert recorder.peaks == MemoryPeaks(lab=600, lab_with_cache=1500, suite=0)


@pytest.mark.parametrize(("peak", "expected"), [(1500, 1500), (None, 900)])
def test_working_set_excludes_inactive_files_in_v2(peak: int | None, expected: int, tmp_path: Path) -> None:
    write_v2(tmp_path, usage=900, inactive=300, peak=peak)
    recorder = MemoryRecorder(LAB, tmp_path, LONG)
    with recorder.record():
        pass
    assert recorder.peaks == MemoryPeaks(lab=600, lab_with_cache=expected, suite=0)


def test_highest_sample_is_kept(tmp_path: Path) -> None:
    write_v1(tmp_path, usage=900, inactive=100, peak=900)
    recorder = MemoryRecorder(LAB, tmp_path, LONG)
    with recorder.record():
        pass
    write_v1(tmp_path, usage=500, inactive=0, peak=900)
    with recorder.record():
        pass
    assert recorder.peaks == MemoryPeaks(lab=800, lab_with_cache=900, suite=0)


def test_samples_are_taken_during_the_block(tmp_path: Path) -> None:
    write_v1(tmp_path, usage=900, inactive=0, peak=900)
    recorder = MemoryRecorder(LAB, tmp_path, interval=0.01)
    with recorder.record():
        end = time.monotonic() + 10
        while not (recorder.peaks and recorder.peaks.suite) and time.monotonic() < end:
            pass
    assert recorder.peaks
    assert recorder.peaks.lab == 900
    assert recorder.peaks.suite > MIB


def test_a_lab_without_cgroup_has_no_peaks(tmp_path: Path) -> None:
    recorder = MemoryRecorder(LAB, tmp_path, LONG)
    with recorder.record():
        pass
    assert recorder.peaks is None


def test_only_a_cgroup_with_a_memory_controller_is_found(tmp_path: Path) -> None:
    (tmp_path / "cpu" / LAB).mkdir(parents=True)
    (tmp_path / LAB).mkdir()
    assert find_cgroup(LAB, tmp_path) is None
    directory = write_v2(tmp_path, usage=1, inactive=0, peak=1)
    assert find_cgroup(LAB, tmp_path) == directory


def test_engine_has_a_cgroup_below_that_of_the_lab(tmp_path: Path) -> None:
    assert get_engine_cgroup(LAB, tmp_path) == tmp_path / LAB / "engine"
    (tmp_path / "memory").mkdir()
    assert get_engine_cgroup(LAB, tmp_path) == tmp_path / "memory" / LAB / "engine"


def test_programs_are_measured_with_their_parent() -> None:
    code = f"memory = bytearray({64 * MIB}); print('ready', flush=True); input()"
    before = measure_programs(os.getpid(), LAB)
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as program:
        assert program.stdin
        assert program.stdout
        program.stdout.readline()
        during = measure_programs(os.getpid(), LAB)
        program.stdin.close()
    assert during - before > 60 * MIB


@pytest.mark.parametrize(
    ("cgroup", "expected"),
    [
        (f"0::/{LAB}/engine", 0),
        (f"9:memory:/{LAB}\n1:name=systemd:/", 0),
        ("0::/", 3 * MIB),
        (f"0::/{LAB}-of-another-project", 3 * MIB),
    ],
)
def test_programs_in_the_cgroup_of_the_lab_are_not_measured(tmp_path: Path, cgroup: str, expected: int) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as program:
        directory = tmp_path / str(program.pid)
        directory.mkdir()
        (directory / "cgroup").write_text(f"{cgroup}\n")
        (directory / "smaps_rollup").write_text(f"Rss: 9 kB\nPss:   {3 * 1024} kB\n")
        assert measure_programs(program.pid, LAB, tmp_path) == expected
        program.communicate(b"\n")
