"""plugins/preflight.py: the lock of the lab and the preflight checks, before the first scenario."""

from __future__ import annotations

from pathlib import Path

from lab.config.exit_status import ExitStatus
from lab.config.paths import Paths
from lab.host.lock import hold_lab
from tests.small_suite import CACHE, PLUGINS, run

FEATURE = """@network
Feature: The nginx site
  Scenario: nginx is running
    Given nginx is running
"""
STEPS = """
import signal

@given("nginx is running")
def check_nginx():
    print("SIGTERM interrupts:", signal.getsignal(signal.SIGTERM) is signal.default_int_handler)
"""
CONFTEST = f"""
pytest_plugins = {(*PLUGINS, "plugins.preflight")!r}

import plugins.preflight
from lab.preflight import findings

def run_checks(context, tags, extra_check, **others):
    print("tags:", sorted(tags))
    return [findings.{{severity}}("there is no default StorageClass", remedy="run `kubectl get storageclass`")]

plugins.preflight.run_checks = run_checks
"""


def test_error_prevents_run(tmp_path: Path) -> None:
    conftest = CONFTEST.format(severity="error")
    finished = run(tmp_path, FEATURE, STEPS, "--lab=k3d", conftest=conftest)
    assert finished.exit_status == ExitStatus.PREFLIGHT_FAILED, finished.output
    assert "preflight failed, nothing was changed. Fix 1 problem:" in finished.output
    assert "what to do: run `python -m lab exec -- kubectl get storageclass`" in finished.output
    assert "SIGTERM" not in finished.output
    assert not finished.latest.exists()


def test_warning_is_printed_before_run(tmp_path: Path) -> None:
    conftest = CONFTEST.format(severity="warning")
    finished = run(tmp_path, FEATURE, STEPS, "--lab=k3d", conftest=conftest)
    assert finished.exit_status == ExitStatus.PASSED, finished.output
    before, _, after = finished.output.partition("SIGTERM interrupts: True")
    assert "tags: ['network']" in before
    assert "1 warning:\n\nthere is no default StorageClass\n" in before
    assert "what to do: run `python -m lab exec -- kubectl get storageclass`" in before
    assert "StorageClass" not in after


def test_second_run_is_rejected(tmp_path: Path) -> None:
    conftest = CONFTEST.format(severity="warning")
    with hold_lab(Paths.from_environment({"XDG_CACHE_HOME": str(tmp_path / CACHE)})):
        finished = run(tmp_path, FEATURE, STEPS, "--lab=k3d", conftest=conftest)
    assert finished.exit_status == ExitStatus.PREFLIGHT_FAILED, finished.output
    assert "another run is using the lab, nothing was changed" in finished.output
    assert "tags:" not in finished.output


def test_collection_needs_neither_lock_nor_checks(tmp_path: Path) -> None:
    conftest, options = CONFTEST.format(severity="error"), ("--lab=k3d", "--collect-only")
    with hold_lab(Paths.from_environment({"XDG_CACHE_HOME": str(tmp_path / CACHE)})):
        finished = run(tmp_path, FEATURE, STEPS, *options, conftest=conftest)
    assert finished.exit_status == ExitStatus.PASSED, finished.output
    assert "tags:" not in finished.output
