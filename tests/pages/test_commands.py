"""pages/commands.py: the commands that a reader of the tutorial types."""

from __future__ import annotations

import pytest

from lab import releases
from pages.commands import list_reader_commands

RELEASE = releases.load("1.7")
MIRROR = "http://127.0.0.1:8000"


def convert(*commands: str) -> list[str]:
    """Return the reader's commands for a layer without objects."""
    return list_reader_commands(commands, "", {}, RELEASE)


@pytest.mark.parametrize(
    "command",
    [
        "helm list --all --namespace metallb-system '--filter=^metallb$' --output=json",
        "kubectl get nodes",
        "k3d cluster list --output=json",
        "docker network inspect lab-network",
        "git rev-parse HEAD",
        "k3d cluster delete k3s-default",
        "docker exec k3d-k3s-default-server-0 crictl pull istio/pilot:1.16.0-stand-in",
        "git clean --quiet --force -d",
    ],
)
def test_inspection_and_maintenance_are_not_shown(command: str) -> None:
    assert convert(command) == []


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        (
            f"git clone --quiet {MIRROR}/manifests.git manifests.unfinished",
            ["git clone https://github.com/kubeflow/manifests.git manifests", "cd manifests"],
        ),
        ("git checkout --quiet --force mirror-branch", ["git checkout v1.7-branch"]),
        ("git reset --quiet --hard 6b64176f", [f"git reset --hard {RELEASE.manifests.commit}"]),
        (
            f"helm repo add --force-update metallb {MIRROR}/charts/metallb",
            ["helm repo add metallb https://metallb.github.io/metallb"],
        ),
        (
            "helm upgrade --install metallb metallb/metallb --version 9.9.9 --disable-openapi-validation",
            ["helm upgrade --install metallb metallb/metallb --version 0.13.9"],
        ),
        (
            "k3d cluster create --image mirror/k3s:v1 --registry-config registries.yaml --api-port 6443",
            ["k3d cluster create --image rancher/k3s:v1.25.4-k3s1 --api-port 6443"],
        ),
        ("kubectl create deployment nginx --image=nginx", ["kubectl create deployment nginx --image=nginx"]),
    ],
)
def test_public_sources_replace_those_of_the_lab(command: str, shown: list[str]) -> None:
    assert convert(command) == shown


@pytest.mark.parametrize("apply", ["kubectl apply -f -", "kubectl apply --server-side --force-conflicts -f -"])
def test_builds_are_piped_into_apply(apply: str) -> None:
    assert convert("kustomize build common/dex", apply, "kustomize build example") == [
        f"until kustomize build common/dex | {apply}; do sleep 10; done",
        f"until kustomize build example | {apply}; do sleep 10; done",
    ]


def test_objects_are_applied_with_here_document() -> None:
    [command] = list_reader_commands([], "kind: Ingress\n", {}, RELEASE)
    assert command == "kubectl apply -f - <<EOF\nkind: Ingress\nEOF"


@pytest.mark.parametrize("text", ["price: $1", "run: `date`", r"path: C:\nginx"])
def test_here_document_is_literal(text: str) -> None:
    [command] = list_reader_commands([], text, {}, RELEASE)
    assert command == f"kubectl apply -f - <<'EOF'\n{text}\nEOF"


def test_file_is_written_before_it_is_read() -> None:
    commands = ["helm repo update nginx", "kubectl create configmap web --from-file web.yaml"]
    files = {"web.yaml": "port: 80\n", "other.yaml": "port: 81\n"}
    assert list_reader_commands(commands, "", files, RELEASE) == ["cat > web.yaml <<EOF\nport: 80\nEOF", *commands]
