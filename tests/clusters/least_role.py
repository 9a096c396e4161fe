"""`python -m tests.clusters.least_role`: verifies a kept lab with exactly the permissions that are in the data.

A user of the cluster gets the roles of docs/reference.md and nothing else. All scenarios of a run with
`--lab existing --read-only` must pass. Then each permission is withdrawn on its own: preflight must report it, and the
role that it prints, applied as it is, must restore it. With `--creates`, the user gets the permissions of all scenarios
instead, and those that create objects must pass.
"""

from __future__ import annotations

import argparse
import re
import secrets
import shutil
import sys
import tempfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import yaml

from lab.config.exit_status import ExitStatus
from lab.context import Lab
from lab.errors import LabError
from lab.k8s.client import Kube
from lab.k8s.permissions import Permission, render_roles
from lab.layers.temporary_objects import PREFIX
from lab.preflight.findings import Finding
from lab.preflight.permissions import CREATES, Scope, check_permissions, list_permissions, list_tags
from lab.run.waiting import poll, wait_until
from tools import REPORTS
from tools.existing_cluster import build_environment
from tools.features import run_features
from tools.kept_lab import run_on_lab

LOGS = REPORTS / "least-role"
NAMESPACE = "default"
READ_ONLY = Scope(list_tags(creates=False))
RUN_TIMEOUT = 900
GRANT_TIMEOUT = 20
"""Seconds until the API server has noticed a changed role."""
YAML_IN_REMEDY = re.compile(r"<<'END'`.*?\n(?P<roles>.*)END", re.DOTALL)


def main(arguments: Sequence[str]) -> int:
    """Run the trial on the kept lab, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.clusters.least_role")
    parser.add_argument("--creates", action="store_true", help="try the scenarios that create objects")
    attempt = _try_creating if parser.parse_args(arguments).creates else _try_read_only
    problems: list[str] = []
    status = run_on_lab(lambda lab: problems.extend(attempt(lab)), LOGS)
    for problem in problems:
        print(f"FAILED: {problem}", flush=True)
    return ExitStatus.FAILED if problems else status


@contextmanager
def create_user(lab: Lab, permissions: Collection[Permission], directory: Path) -> Iterator[tuple[str, Path]]:
    """Create a user with permissions, who is deleted at the end; yield the user's name and kubeconfig.

    Args:
        lab: The lab, whose kubeconfig is that of an administrator.
        permissions: The permissions.
        directory: The directory for the kubeconfig.
    """
    name = f"{PREFIX}reader-{secrets.token_hex(3)}"
    user = f"system:serviceaccount:{NAMESPACE}:{name}"
    _kubectl(lab, "create", "serviceaccount", name, f"--namespace={NAMESPACE}")
    roles = render_roles(permissions, user, name)
    try:
        _kubectl(lab, "apply", "-f", "-", stdin=roles)
        token = _kubectl(lab, "create", "token", name, f"--namespace={NAMESPACE}", "--duration=4h").strip()
        kubeconfig = directory / name
        shutil.copy(lab.state.environment["KUBECONFIG"], kubeconfig)
        content = yaml.safe_load(kubeconfig.read_text())
        content["users"] = [{"name": name, "user": {"token": token}}]
        content["contexts"][0]["context"]["user"] = name
        kubeconfig.write_text(yaml.safe_dump(content))
        yield user, kubeconfig
    finally:
        _kubectl(lab, "delete", "--ignore-not-found", "-f", "-", stdin=roles)
        _kubectl(lab, "delete", "serviceaccount", name, f"--namespace={NAMESPACE}")


def _try_creating(lab: Lab) -> Iterator[str]:
    """Yield what is not as expected of the scenarios that create objects."""
    permissions = list_permissions(Scope(list_tags(creates=True)))
    with tempfile.TemporaryDirectory() as directory, create_user(lab, permissions, Path(directory)) as (_, config):
        environment = build_environment(lab, [config], Path(directory, "cache"))
        log_file = LOGS / "creates.log"
        outcome = run_features(log_file, lab, "-m", CREATES, environment=environment, timeout=RUN_TIMEOUT)
        print(f"-m {CREATES} with {len(permissions)} permissions: {outcome.passed} passed, {outcome.seconds:.0f} s")
        if not outcome.is_green:
            yield f"the run is red: {[failed.message for failed in outcome.failed]}"


def _try_read_only(lab: Lab) -> Iterator[str]:
    """Yield what is not as expected of a read-only run."""
    permissions = list_permissions(READ_ONLY)
    with tempfile.TemporaryDirectory() as directory, create_user(lab, permissions, Path(directory)) as (user, config):
        values = {"read_only": "1"}
        environment = build_environment(lab, [config], Path(directory, "cache"), values)
        outcome = run_features(LOGS / "read-only.log", lab, environment=environment, timeout=RUN_TIMEOUT)
        print(f"--read-only with {len(permissions)} permissions: {outcome.passed} passed, {outcome.seconds:.0f} s")
        if not outcome.is_green:
            yield f"the run is red: {[failed.message for failed in outcome.failed]}"
        kube = Kube(config, lab.journal)
        for permission in permissions:
            problem = _withdraw(permission, permissions, kube, user, lab)
            print(f"without {permission}: {problem or 'reported, and restored by the printed role'}", flush=True)
            if problem:
                yield f"{permission}: {problem}"


def _withdraw(permission: Permission, permissions: Collection[Permission], kube: Kube, user: str, lab: Lab) -> str:
    """Withdraw one permission, and return what is not as expected; restore it."""
    name = user.rpartition(":")[2]
    others = [each for each in permissions if each != permission]
    try:
        _kubectl(lab, "apply", "-f", "-", stdin=render_roles(others, user, name))
        if permission.namespace and not any(each.namespace == permission.namespace for each in others):
            _kubectl(lab, "delete", "role", name, f"--namespace={permission.namespace}")
        error = _wait_for_error(kube, lab, is_expected=True)
        assert error
        if error.seen.partition(": for ")[0] != str(permission) or "\n" in error.seen:
            return f"preflight reports {error.seen}"
        found = YAML_IN_REMEDY.search(error.remedy)
        if not found:
            return f"preflight prints no role: {error.remedy}"
        _kubectl(lab, "apply", "-f", "-", stdin=found["roles"])
        try:
            _wait_for_error(kube, lab, is_expected=False)
        finally:
            _kubectl(lab, "delete", "-f", "-", stdin=found["roles"])
    except LabError as problem:
        return str(problem)
    finally:
        _kubectl(lab, "apply", "-f", "-", stdin=render_roles(permissions, user, name))
    return ""


def _wait_for_error(kube: Kube, lab: Lab, *, is_expected: bool) -> LabError | None:
    """Wait until preflight reports missing permissions, or none, and return the error."""

    def find_error() -> Finding | None:
        findings = check_permissions(kube, READ_ONLY, timeout=30)
        return next((finding for finding in findings if finding.severity == "error"), None)

    finding = wait_until(
        poll(find_error, every=0.2),
        satisfied=lambda found: bool(found) == is_expected,
        describe=lambda found: str(found.problem) if found else "no permission is reported as missing",
        timeout=GRANT_TIMEOUT,
        waiting_for="preflight to report the withdrawn permission" if is_expected else "preflight to report none",
        journal=lab.journal,
        remedy="read the roles of the user: `kubectl get clusterroles,roles -A`",
    )
    return finding.problem if finding else None


def _kubectl(lab: Lab, *arguments: str, stdin: str | None = None) -> str:
    return lab.shell.run("kubectl", *arguments, stdin=stdin).output


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
