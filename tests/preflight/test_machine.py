"""lab/preflight/machine.py: the checks of this machine, each with a limit that makes it fail."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from lab.preflight import machine
from lab.preflight.requirements import GIB, InotifyLimits
from lab.releases import Machine

HUGE = 10**9 * GIB


def test_insufficient_memory_is_an_error_with_both_numbers() -> None:
    [finding] = machine.check_memory(HUGE)
    assert finding.severity == "error"
    assert finding.problem.headline == "there is not enough memory"
    assert finding.problem.expected == "1000000000 GiB available"
    assert finding.problem.seen.endswith(" GiB")
    assert list(machine.check_memory(1)) == []


def test_insufficient_disk_space_is_an_error_with_both_numbers(tmp_path: Path) -> None:
    [finding] = machine.check_disk(tmp_path, HUGE)
    assert str(tmp_path) in finding.problem.headline
    assert finding.problem.expected == "1000000000 GiB free"
    assert finding.problem.seen.endswith(" GiB")
    assert "XDG_CACHE_HOME" in finding.problem.remedy


def test_disk_space_is_checked_before_the_directory_exists(tmp_path: Path) -> None:
    assert list(machine.check_disk(tmp_path / "does/not/exist", 1)) == []


def test_other_systems_than_linux_are_an_error_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(machine.check_kernel()) == []
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    [finding] = machine.check_kernel()
    assert finding.severity == "error"
    assert finding.problem.seen == "Darwin; Docker Desktop does not route to 172.20.0.13"


@pytest.mark.parametrize(("release", "warnings"), [("4.18.0-553.el8_10.x86_64", 1), ("4.19.0-27-amd64", 0), ("6.1", 0)])
def test_an_old_kernel_is_a_warning(release: str, warnings: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "release", lambda: release)
    findings = list(machine.check_kernel((4, 19)))
    assert [finding.severity for finding in findings] == ["warning"] * warnings


@pytest.mark.parametrize(
    ("minimum", "recommended", "severities"),
    [(1, 1, []), (1, 10**6, ["warning"]), (10**6, 10**6, ["error"])],
)
def test_a_small_machine_is_a_warning_or_an_error(minimum: int, recommended: int, severities: list[str]) -> None:
    cpus = Machine(min_cpus=minimum, min_memory_gib=1, recommended_cpus=recommended, recommended_memory_gib=1)
    memory = Machine(min_cpus=1, min_memory_gib=minimum, recommended_cpus=1, recommended_memory_gib=recommended)
    for size in (cpus, memory):
        findings = list(machine.check_size(size))
        assert [finding.severity for finding in findings] == severities
        assert all(f"{psutil.cpu_count()} CPUs" in finding.problem.seen for finding in findings)


def test_missing_programs_are_listed_in_one_error() -> None:
    [finding] = machine.check_programs(["sh", "no-such-tool", "no-such-shell"], "the embedded lab", "/bin:/usr/bin")
    assert finding.problem.headline == "programs are missing: no-such-tool, no-such-shell"
    assert finding.problem.expected.startswith("the embedded lab finds them")
    assert finding.problem.seen == "PATH is /bin:/usr/bin"


def write_limits(directory: Path, limits: InotifyLimits) -> Path:
    """Write files like those in which the kernel shows its limits."""
    (directory / "max_user_instances").write_text(f"{limits.max_user_instances}\n")
    (directory / "max_user_watches").write_text(f"{limits.max_user_watches}\n")
    return directory


def test_inotify_limits_below_the_minimum_are_an_error_with_the_consequence(tmp_path: Path) -> None:
    directory = write_limits(tmp_path, InotifyLimits(8, 1024))
    [finding] = machine.check_inotify(False, directory=directory)
    assert finding.severity == "error"
    assert "too many open files" in finding.problem.headline
    assert finding.problem.seen.splitlines()[:2] == [
        "fs.inotify.max_user_instances=8",
        "fs.inotify.max_user_watches=1024",
    ]
    assert "fs.inotify.max_user_instances=2280 fs.inotify.max_user_watches=1255360" in finding.problem.remedy


def test_inotify_limits_below_the_recommendation_are_a_warning_with_kubeflow(tmp_path: Path) -> None:
    directory, required = write_limits(tmp_path, InotifyLimits(8192, 524288)), InotifyLimits(1, 1)
    [finding] = machine.check_inotify(True, required, directory=directory)
    assert (finding.severity, finding.problem.seen) == ("warning", "fs.inotify.max_user_watches=524288")
    assert list(machine.check_inotify(False, required, directory=directory)) == []


def test_inotify_instances_that_are_in_use_count() -> None:
    """Runs in a user namespace of its own, because this user's other programs need their instances."""
    script = "from lab.preflight.machine import check_inotify\n"
    script += "[finding] = check_inotify(False)\nprint(finding.severity, finding.problem)"
    limited = 'echo 3 > /proc/sys/user/max_inotify_instances && exec "$@"'
    command = ["unshare", "--user", "--map-root-user", "sh", "-c", limited, "sh", sys.executable, "-c", script]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert output.startswith("error the inotify limits are too low")
    assert "3 instances of fs.inotify.max_user_instances=" in output


CGROUPS_V1 = "#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpu\t1\t13\t1\nmemory\t4\t5767\t{enabled}\n"


@pytest.mark.parametrize(
    ("v2", "v1", "errors"),
    [
        ("cpuset cpu io memory hugetlb pids", None, 0),
        ("cpuset cpu io hugetlb pids", None, 1),
        (None, CGROUPS_V1.format(enabled=1), 0),
        (None, CGROUPS_V1.format(enabled=0), 1),
        (None, "#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpu\t1\t13\t1\n", 1),
    ],
)
def test_a_kernel_that_cannot_limit_memory_is_an_error(
    v2: str | None, v1: str | None, errors: int, tmp_path: Path
) -> None:
    files = {tmp_path / "v2": v2, tmp_path / "v1": v1}
    for file, text in files.items():
        if text is not None:
            file.write_text(text)
    findings = list(machine.check_memory_controller(*files))
    assert [finding.severity for finding in findings] == ["error"] * errors
    assert all("failed to find memory cgroup" in finding.problem.headline for finding in findings)


HANDLER = "enabled\ninterpreter {program}\nflags: OCF\noffset 0\nmagic 7f454c4602010100000000000000000002003e00\n"
"""The kernel's description of a handler for programs for x86-64, shortened."""


@pytest.mark.parametrize(
    ("architecture", "is_embedded", "with_upstream_images", "severities"),
    [
        ("x86_64", True, False, []),
        ("x86_64", False, True, []),
        ("aarch64", True, False, ["warning"]),
        ("riscv64", True, False, ["error"]),
        ("aarch64", False, True, ["error"]),
        ("aarch64", False, False, []),
    ],
)
def test_other_architectures_are_a_finding_where_something_is_missing(
    architecture: str,
    is_embedded: bool,
    with_upstream_images: bool,
    severities: list[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: architecture)
    findings = list(
        machine.check_architecture(
            is_embedded=is_embedded, with_upstream_images=with_upstream_images, handlers=tmp_path / "none"
        )
    )
    assert [finding.severity for finding in findings] == severities
    assert all(architecture in finding.problem.seen for finding in findings)


@pytest.mark.parametrize(
    ("handler", "severity"),
    [
        (HANDLER, "warning"),
        (HANDLER.replace("enabled", "disabled"), "error"),
        (HANDLER.replace("02003e00", "0200b700"), "error"),
    ],
)
def test_emulated_images_are_a_warning(
    handler: str, severity: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    handlers = tmp_path / "binfmt_misc"
    handlers.mkdir()
    (handlers / "status").write_text("enabled")
    (handlers / "qemu-x86_64").write_text(handler)
    [finding] = machine.check_architecture(is_embedded=False, with_upstream_images=True, handlers=handlers)
    assert finding.severity == severity


def test_wsl_1_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(platform, "release", lambda: "4.4.0-19041-Microsoft")
    [finding] = machine.check_wsl(tmp_path)
    assert finding.severity == "error"
    assert "4.4.0-19041-Microsoft" in finding.problem.seen


@pytest.mark.parametrize(("file_system", "errors"), [("9p", 1), ("ext4", 0)])
def test_a_cache_on_a_drive_of_windows_is_an_error(
    file_system: str, errors: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(platform, "release", lambda: "5.15.167.4-microsoft-standard-WSL2")
    mounts = [("/", "ext4"), (str(tmp_path), file_system)]
    partitions = [SimpleNamespace(mountpoint=directory, fstype=kind) for directory, kind in mounts]
    monkeypatch.setattr(psutil, "disk_partitions", lambda all: partitions)
    findings = list(machine.check_wsl(tmp_path / "kubeflow-lab"))
    assert [finding.severity for finding in findings] == ["error"] * errors


def test_a_machine_without_wsl_has_no_findings(tmp_path: Path) -> None:
    assert list(machine.check_wsl(tmp_path)) == []
