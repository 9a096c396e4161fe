"""lab/helm.py: charts, with a program in Helm's place that has one release and notes what it is told."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from lab.errors import LabError
from lab.helm import HelmRelease
from lab.releases import Chart
from lab.terminal import Terminal
from tests.conftest import WriteProgram

CHART = Chart(repository="http://127.0.0.1:8000/charts/metallb", version="0.13.9")


@pytest.fixture
def release(terminal: Terminal) -> HelmRelease:
    """MetalLB's."""
    return HelmRelease(terminal, "metallb", "metallb-system", CHART)


@pytest.fixture
def deploy(write_program: WriteProgram, programs: Path) -> Callable[..., None]:
    """Has Helm list a release, or none."""

    def deployed(*releases: dict[str, str]) -> None:
        (programs / "releases.json").write_text(json.dumps(releases))
        listed = f'[ "$1" = list ] && exec cat {programs}/releases.json'
        write_program("helm", f'echo "$@" >> {programs}/helm.log\n{listed}\nexit 0')

    return deployed


def test_a_release_at_the_pinned_version_is_right(release: HelmRelease, deploy: Callable[..., None]) -> None:
    deploy({"chart": "metallb-0.13.9", "status": "deployed"})
    assert release.wrong() is None


@pytest.mark.parametrize(
    ("chart", "status"),
    [("metallb-0.13.10", "deployed"), ("metallb-0.13.9", "failed"), ("metallb-0.13.9", "pending-install")],
)
def test_another_version_or_status_is_named(
    release: HelmRelease, deploy: Callable[..., None], chart: str, status: str
) -> None:
    deploy({"chart": chart, "status": status})
    assert release.wrong() == f"Helm release metallb is {status} with {chart}, not deployed with metallb-0.13.9"


def test_a_release_that_is_not_there_is_named_with_its_namespace(
    release: HelmRelease, deploy: Callable[..., None], programs: Path
) -> None:
    deploy()
    assert release.wrong() == "no Helm release metallb in metallb-system"
    assert "--namespace metallb-system --filter=^metallb$" in (programs / "helm.log").read_text()


def test_it_is_installed_from_its_repository_at_the_pinned_version(
    release: HelmRelease, deploy: Callable[..., None], programs: Path
) -> None:
    deploy()
    release.prepare()
    release.install()
    told = [line for line in (programs / "helm.log").read_text().splitlines() if not line.startswith("list")]
    assert told[:2] == [f"repo add --force-update metallb {CHART.repository}", "repo update metallb"]
    [install] = told[2:]
    assert install.startswith("upgrade --install --namespace metallb-system --create-namespace metallb metallb/metallb")
    assert "--version 0.13.9" in install
    assert "--values" not in install


def test_values_are_given_where_there_are_some(
    terminal: Terminal, deploy: Callable[..., None], programs: Path, tmp_path: Path
) -> None:
    deploy()
    HelmRelease(terminal, "metallb", "metallb-system", CHART, tmp_path / "values.yaml").install()
    assert f"--values {tmp_path}/values.yaml" in (programs / "helm.log").read_text()


def test_a_repository_that_cannot_be_reached_is_named(release: HelmRelease, write_program: WriteProgram) -> None:
    write_program("helm", '[ "$1" = repo ] && { echo "looks like it is not a valid chart repository" >&2; exit 1; }')
    with pytest.raises(LabError) as caught:
        release.prepare()
    assert CHART.repository in caught.value.remedy
    assert "not a valid chart repository" in caught.value.seen


def test_a_namespace_that_is_always_there_is_not_created(
    terminal: Terminal, deploy: Callable[..., None], programs: Path
) -> None:
    deploy()
    HelmRelease(terminal, "ingress-nginx", "kube-system", CHART).install()
    assert "--create-namespace" not in (programs / "helm.log").read_text()
