"""The manifests that are rendered from Go modules when the kit is built, and that this repository does not contain."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import yaml

from lab.k8s.documents import join_documents
from lab.run.shell import Shell

ISTIO, CERT_MANAGER = "common/istio-1-16", "common/cert-manager/cert-manager/base"
CRDS = ("manifests/charts/base/files/crd-all.gen.yaml", "manifests/charts/base/crds/crd-all.gen.yaml")
"""The file of Istio's CRDs in newer and in older versions."""
ISTIOD_CHART = "manifests/charts/istio-control/istio-discovery"
ISTIOD_VALUES = {
    # A stock Envoy lacks Istio's own filters.
    "env": {"PILOT_ENABLE_ALPN_FILTER": "false", "PILOT_ENABLE_METADATA_EXCHANGE": "false"},
    "autoscaleEnabled": False,
    "resources": {"requests": {"cpu": "10m", "memory": "100Mi"}},
    # Namespaces of newer releases admit no pod without it.
    "seccompProfile": {"type": "RuntimeDefault"},
}
FILTERS, NETWORK_FILTER = "pilot/pkg/xds/filters/filters.go", "io.istio.network.authn"
"""Where older versions of istiod define a network filter of Istio's own that they add to each listener."""
NETWORK_FILTER_REMOVAL = {
    "apiVersion": "networking.istio.io/v1alpha3",
    "kind": "EnvoyFilter",
    "metadata": {"name": "without-istio-authn", "namespace": "istio-system"},
    "spec": {
        "configPatches": [
            {
                "applyTo": "NETWORK_FILTER",
                "match": {"context": "ANY", "listener": {"filterChain": {"filter": {"name": "istio_authn"}}}},
                "patch": {"operation": "REMOVE"},
            }
        ]
    },
}
"""No setting of istiod prevents the filter, and a stock Envoy refuses a listener with it. AuthorizationPolicies do not
depend on it."""
SIDECAR_RESOURCES = {"requests": {"cpu": "10m", "memory": "40Mi"}}
"""The requests of a sidecar. With those of the chart, two cores would not admit the forty sidecars of a release."""
INJECTION_VALUES = {
    "templates": {"seccomp": "spec:\n  securityContext:\n    seccompProfile:\n      type: RuntimeDefault\n"},
    "defaultTemplates": ["sidecar", "seccomp"],
}
"""Newer namespaces admit no sidecar without a seccomp profile, for which not all versions of istiod have a setting."""
NESTED_VALUES = ("defaults", "_internal_defaults_do_not_set")
"""The keys below which some versions of istiod's chart have all their values."""
CERT_MANAGER_VERSION = "v1.10.1"
CERT_MANAGER_VALUES = {"installCRDs": True, "startupapicheck": {"enabled": False}}


def render_files(shell: Shell, helm: Path, istio: Path, cert_manager: Path, pilot: str) -> dict[str, str]:
    """Return files for the tree of manifests, as text by path.

    Args:
        shell: The shell that runs Helm.
        helm: The program.
        istio: The directory of the module istio.io/istio.
        cert_manager: The directory of the module github.com/cert-manager/cert-manager.
        pilot: The reference of istiod's image.
    """
    with tempfile.TemporaryDirectory() as directory:
        chart = _write_cert_manager_chart(cert_manager, Path(directory, "cert-manager"))
        return {
            **render_istio(shell, helm, istio, pilot),
            f"{CERT_MANAGER}/cert-manager.yaml": _render(
                shell, helm, "cert-manager", chart, "cert-manager", CERT_MANAGER_VALUES
            ),
        }


def render_istio(shell: Shell, helm: Path, istio: Path, pilot: str) -> dict[str, str]:
    """Return the files of Istio's control plane and of its CRDs; see render_files."""
    image, _, tag = pilot.rpartition(":")
    chart = istio / ISTIOD_CHART
    own: dict[str, object] = {"pilot": ISTIOD_VALUES} if _has_values_below_pilot(chart) else ISTIOD_VALUES
    common = {"hub": image.rpartition("/")[0], "tag": tag, "proxy": {"resources": SIDECAR_RESOURCES}}
    values = {
        "global": common,
        "telemetry": {"enabled": False},
        "sidecarInjectorWebhook": INJECTION_VALUES,
        **own,
    }
    [crds] = (istio / file for file in CRDS if (istio / file).is_file())
    istiod = _render(shell, helm, "istiod", chart, "istio-system", values)
    if NETWORK_FILTER in (istio / FILTERS).read_text():
        istiod = join_documents([istiod, yaml.safe_dump(NETWORK_FILTER_REMOVAL, sort_keys=False)])
    return {
        f"{ISTIO}/istio-crds/base/crd.yaml": crds.read_text(),
        f"{ISTIO}/istio-install/base/istiod.yaml": istiod,
    }


def _has_values_below_pilot(chart: Path) -> bool:
    """Return whether a version of istiod's chart has its own settings below the key pilot, as older ones do."""
    values = yaml.safe_load((chart / "values.yaml").read_text())
    return any("pilot" in part for part in (values, *(values.get(key) or {} for key in NESTED_VALUES)))


def _render(shell: Shell, helm: Path, release: str, chart: Path, namespace: str, values: dict[str, object]) -> str:
    command = (helm, "template", release, chart, f"--namespace={namespace}", "--values=-")
    return shell.run(*command, stdin=yaml.safe_dump(values)).output


def _write_cert_manager_chart(module: Path, chart: Path) -> Path:
    """Write cert-manager's chart as its release process does: with its version, and with the CRDs as a template."""
    shutil.copytree(module / "deploy/charts/cert-manager", chart, copy_function=shutil.copyfile)
    for directory in (chart, *(path for path in chart.rglob("*") if path.is_dir())):
        directory.chmod(0o755)  # the directories of a module are read-only
    description = yaml.safe_load((chart / "Chart.template.yaml").read_text())
    description |= {"version": CERT_MANAGER_VERSION, "appVersion": CERT_MANAGER_VERSION}
    (chart / "Chart.yaml").write_text(yaml.safe_dump(description))
    crds = "\n---\n".join(file.read_text() for file in sorted((module / "deploy/crds").glob("*.yaml")))
    (chart / "templates/crds.yaml").write_text(f"{{{{- if .Values.installCRDs }}}}\n{crds}\n{{{{- end }}}}\n")
    return chart
