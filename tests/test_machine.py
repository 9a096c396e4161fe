"""lab/machine.py: what of this machine is missing, seen where it can be made to be so."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from lab import machine
from lab.releases import Machine
from tests.conftest import REPOSITORY


def test_too_little_space_says_how_much_is_needed_and_how_much_there_is(tmp_path: Path) -> None:
    [finding] = machine.space(tmp_path, 10**9 * machine.GIB)
    assert str(tmp_path) in finding.problem.what
    assert finding.problem.expected == "1000000000 GiB free"
    assert finding.problem.seen.endswith(" GiB")
    assert "XDG_CACHE_HOME" in finding.problem.remedy


def test_space_is_that_of_the_file_system_where_the_folder_will_be(tmp_path: Path) -> None:
    assert list(machine.space(tmp_path / "not/there/yet", 1)) == []


def test_linux_is_asked_for_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(machine.of_linux()) == []
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    [finding] = machine.of_linux()
    assert finding.severity == "error"
    assert finding.problem.seen == "Darwin; Docker Desktop does not route to 172.20.0.13"


@pytest.mark.parametrize(("release", "warnings"), [("4.18.0-553.el8_10.x86_64", 1), ("4.19.0-27-amd64", 0), ("6.1", 0)])
def test_an_old_kernel_is_a_warning(release: str, warnings: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "release", lambda: release)
    found = list(machine.of_linux())
    assert [finding.severity for finding in found] == ["warning"] * warnings


@pytest.mark.parametrize(
    ("least", "advised", "severities"),
    [(1, 1, []), (1, 10**6, ["warning"]), (10**6, 10**6, ["error"])],
)
def test_what_pods_ask_for_is_needed_and_more_is_advised(least: int, advised: int, severities: list[str]) -> None:
    cpus = Machine(least_cpus=least, least_memory_gib=1, advised_cpus=advised, advised_memory_gib=1)
    memory = Machine(least_cpus=1, least_memory_gib=least, advised_cpus=1, advised_memory_gib=advised)
    for wanted in (cpus, memory):
        found = list(machine.size(wanted))
        assert [finding.severity for finding in found] == severities
        assert all(f"{psutil.cpu_count()} CPUs" in finding.problem.seen for finding in found)


def test_programs_that_are_missing_are_named_together() -> None:
    [finding] = machine.programs(["sh", "lamp-of-nobody", "bulb-of-nobody"], "the lamp")
    assert finding.problem.what == "programs are missing: lamp-of-nobody, bulb-of-nobody"
    assert finding.problem.expected.startswith("the lamp finds them")


def inotify_limits(folder: Path, **limits: int) -> Path:
    """Limits as the kernel tells them."""
    for name, number in limits.items():
        (folder / name).write_text(f"{number}\n")
    return folder


def test_limits_that_are_too_low_are_an_error_that_says_what_pods_would(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "INOTIFY", inotify_limits(tmp_path, max_user_instances=8, max_user_watches=1024))
    [finding] = machine.inotify(whole_kubeflow=False)
    assert finding.severity == "error"
    assert "too many open files" in finding.problem.what
    assert finding.problem.seen.splitlines()[:2] == [
        "fs.inotify.max_user_instances=8",
        "fs.inotify.max_user_watches=1024",
    ]
    assert "fs.inotify.max_user_instances=2280 fs.inotify.max_user_watches=1255360" in finding.problem.remedy


def test_limits_lower_than_advised_are_a_warning_where_all_of_kubeflow_is_to_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "INOTIFY", inotify_limits(tmp_path, max_user_instances=8192, max_user_watches=524288))
    monkeypatch.setattr(machine, "INOTIFY_NEEDED", {machine.INSTANCES: 1, machine.WATCHES: 1})
    [finding] = machine.inotify(whole_kubeflow=True)
    assert (finding.severity, finding.problem.seen) == ("warning", "fs.inotify.max_user_watches=524288")
    assert list(machine.inotify(whole_kubeflow=False)) == []


def test_instances_that_others_have_used_up_are_counted() -> None:
    """In a user namespace of its own, since this user's other programs need theirs."""
    script = "from lab import machine; [finding] = machine.inotify(False); print(finding.severity, finding.problem)"
    limited = 'echo 3 > /proc/sys/user/max_inotify_instances && exec "$@"'
    command = ["unshare", "--user", "--map-root-user", "sh", "-c", limited, "sh", sys.executable, "-c", script]
    printed = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
    assert printed.startswith("error too little is left of inotify")
    assert "3 instances of fs.inotify.max_user_instances=" in printed


MEMORY_OF_V1 = "#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpu\t1\t13\t1\nmemory\t4\t5767\t{enabled}\n"


@pytest.mark.parametrize(
    ("version_2", "version_1", "errors"),
    [
        ("cpuset cpu io memory hugetlb pids", None, 0),
        ("cpuset cpu io hugetlb pids", None, 1),
        (None, MEMORY_OF_V1.format(enabled=1), 0),
        (None, MEMORY_OF_V1.format(enabled=0), 1),
        (None, "#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpu\t1\t13\t1\n", 1),
    ],
)
def test_a_kernel_that_does_not_limit_memory_is_an_error(
    version_2: str | None, version_1: str | None, errors: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for constant, text in (("CGROUP_2", version_2), ("CGROUP_1", version_1)):
        monkeypatch.setattr(machine, constant, file := tmp_path / constant)
        if text is not None:
            file.write_text(text)
    found = list(machine.memory_controller())
    assert [finding.severity for finding in found] == ["error"] * errors
    assert all("failed to find memory cgroup" in finding.problem.what for finding in found)
