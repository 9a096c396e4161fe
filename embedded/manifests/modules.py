"""What the tree takes from Go modules when the kit is built, and what is therefore not in this repository."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import yaml

from lab.terminal import Terminal

ISTIO, CERT_MANAGER = "common/istio-1-16", "common/cert-manager/cert-manager/base"
CRDS = "manifests/charts/base/files/crd-all.gen.yaml"
ISTIOD_CHART = "manifests/charts/istio-control/istio-discovery"
ISTIOD_VALUES = {
    "global": {"hub": "docker.io/istio", "tag": "1.16.0-stand-in"},
    # A stock Envoy lacks Istio's own filters.
    "env": {"PILOT_ENABLE_ALPN_FILTER": "false", "PILOT_ENABLE_METADATA_EXCHANGE": "false"},
    "telemetry": {"enabled": False},
    "autoscaleEnabled": False,
    "resources": {"requests": {"cpu": "10m", "memory": "100Mi"}},
}
CERT_MANAGER_VERSION = "v1.10.1"
CERT_MANAGER_VALUES = {"installCRDs": True, "startupapicheck": {"enabled": False}}


def carried(helm: Path, istio: Path, cert_manager: Path) -> dict[str, str]:
    """Files of the tree, text by path.

    Arguments:
        helm: the program.
        istio: the folder of the module istio.io/istio.
        cert_manager: the folder of the module github.com/cert-manager/cert-manager.
    """
    with tempfile.TemporaryDirectory() as folder:
        chart = _cert_manager_chart(cert_manager, Path(folder, "cert-manager"))
        return {
            f"{ISTIO}/istio-crds/base/crd.yaml": (istio / CRDS).read_text(),
            f"{ISTIO}/istio-install/base/istiod.yaml": _template(
                helm, "istiod", istio / ISTIOD_CHART, "istio-system", ISTIOD_VALUES
            ),
            f"{CERT_MANAGER}/cert-manager.yaml": _template(
                helm, "cert-manager", chart, "cert-manager", CERT_MANAGER_VALUES
            ),
        }


def _template(helm: Path, release: str, chart: Path, namespace: str, values: dict[str, object]) -> str:
    """What Helm would install."""
    command = (helm, "template", release, chart, f"--namespace={namespace}", "--values=-")
    return Terminal().run(*command, stdin=yaml.safe_dump(values)).output


def _cert_manager_chart(module: Path, folder: Path) -> Path:
    """cert-manager's chart as its release makes it: with its version, and with the CRDs as one of its templates."""
    shutil.copytree(module / "deploy/charts/cert-manager", folder, copy_function=shutil.copyfile)
    for directory in (folder, *(path for path in folder.rglob("*") if path.is_dir())):
        directory.chmod(0o755)  # a module's folders cannot be written to
    description = yaml.safe_load((folder / "Chart.template.yaml").read_text())
    description |= {"version": CERT_MANAGER_VERSION, "appVersion": CERT_MANAGER_VERSION}
    (folder / "Chart.yaml").write_text(yaml.safe_dump(description))
    crds = "\n---\n".join(file.read_text() for file in sorted((module / "deploy/crds").glob("*.yaml")))
    (folder / "templates/crds.yaml").write_text(f"{{{{- if .Values.installCRDs }}}}\n{crds}\n{{{{- end }}}}\n")
    return folder
