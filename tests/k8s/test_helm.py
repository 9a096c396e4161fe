"""lab/k8s/helm.py: installing charts, with a fake helm that lists one release and logs its arguments."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from lab.errors import LabError, PermissionDeniedError, ProgramError
from lab.k8s.helm import HelmRelease
from lab.releases import Chart
from lab.run.shell import Shell
from tests.conftest import WriteProgram

CHART = Chart(repository="http://127.0.0.1:8000/charts/metallb", version="0.13.9")
Deploy = Callable[..., None]


@pytest.fixture
def release(shell: Shell) -> HelmRelease:
    """Return the Helm release of MetalLB."""
    return HelmRelease(shell, "metallb", "metallb-system", CHART)


@pytest.fixture
def deploy(write_program: WriteProgram, programs: Path) -> Deploy:
    """Return a function that lets helm list a release, or none."""

    def deploy_releases(*releases: dict[str, str]) -> None:
        (programs / "releases.json").write_text(json.dumps(releases))
        list_releases = f'[ "$1" = list ] && exec cat {programs}/releases.json'
        write_program("helm", f'echo "$@" >> {programs}/helm.log\n{list_releases}\nexit 0')

    return deploy_releases


def read_commands(programs: Path) -> list[str]:
    """Return the arguments of the commands that helm has run, without `helm list`."""
    lines = (programs / "helm.log").read_text().splitlines()
    return [line for line in lines if not line.startswith("list")]


def test_release_at_the_pinned_version_has_no_problem(release: HelmRelease, deploy: Deploy) -> None:
    deploy({"chart": "metallb-0.13.9", "status": "deployed"})
    assert release.problem() is None


@pytest.mark.parametrize(
    ("chart", "status"),
    [("metallb-0.13.10", "deployed"), ("metallb-0.13.9", "failed"), ("metallb-0.13.9", "pending-install")],
)
def test_other_version_or_status_is_a_problem(release: HelmRelease, deploy: Deploy, chart: str, status: str) -> None:
    deploy({"chart": chart, "status": status})
    assert release.problem() == f"Helm release metallb is {status} with {chart}, not deployed with metallb-0.13.9"


def test_missing_release_is_a_problem(release: HelmRelease, deploy: Deploy, programs: Path) -> None:
    deploy()
    assert release.problem() == "no Helm release metallb in metallb-system"
    assert "--namespace metallb-system --filter=^metallb$" in (programs / "helm.log").read_text()


def test_install_from_the_repository_at_the_pinned_version(
    release: HelmRelease, deploy: Deploy, programs: Path
) -> None:
    deploy()
    release.prepare()
    release.install()
    add, update, install = read_commands(programs)
    assert add == f"repo add --force-update metallb {CHART.repository}"
    assert update == "repo update metallb"
    assert install.startswith("upgrade --install --namespace metallb-system --create-namespace metallb metallb/metallb")
    assert "--version 0.13.9" in install
    assert "--values" not in install


def test_release_of_an_interrupted_installation_is_removed(
    release: HelmRelease, deploy: Deploy, programs: Path
) -> None:
    deploy({"chart": "metallb-0.13.9", "status": "pending-install"})
    release.prepare()
    assert read_commands(programs)[-1] == "uninstall --namespace metallb-system metallb"


def test_install_with_values(shell: Shell, deploy: Deploy, programs: Path, tmp_path: Path) -> None:
    deploy()
    HelmRelease(shell, "metallb", "metallb-system", CHART, tmp_path / "values.yaml").install()
    assert f"--values {tmp_path}/values.yaml" in (programs / "helm.log").read_text()


def test_error_names_an_unreachable_repository(release: HelmRelease, write_program: WriteProgram) -> None:
    write_program("helm", '[ "$1" = repo ] && { echo "looks like it is not a valid chart repository" >&2; exit 1; }')
    with pytest.raises(LabError) as caught:
        release.prepare()
    assert CHART.repository in caught.value.remedy
    assert "not a valid chart repository" in caught.value.seen


def test_existing_namespace_is_not_created(shell: Shell, deploy: Deploy, programs: Path) -> None:
    deploy()
    HelmRelease(shell, "ingress-nginx", "kube-system", CHART).install()
    assert "--create-namespace" not in (programs / "helm.log").read_text()


def test_missing_permission_to_list_secrets_is_named(release: HelmRelease, write_program: WriteProgram) -> None:
    """Helm keeps its releases in Secrets."""
    denial = 'User "ada" cannot list resource "secrets" in API group "" in the namespace "metallb-system"'
    write_program("helm", f"echo 'Error: list: failed to list: secrets is forbidden: {denial}' >&2; exit 1")
    with pytest.raises(PermissionDeniedError, match="list secrets in metallb-system"):
        release.problem()
    write_program("helm", "echo 'Error: Kubernetes cluster unreachable' >&2; exit 1")
    with pytest.raises(ProgramError, match="helm failed: helm list"):
        release.problem()
