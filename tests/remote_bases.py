"""Manifests with remote bases, copies of these, and their build by the real kustomize."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.kit_programs import require_program

DIRECTORY = "https://github.com/owner/workflows/manifests/base?ref=v3.7.3"
FILE = "https://github.com/owner/jobs/releases/download/v0.1.0/manifests.yaml"
TREE = {
    "example/kustomization.yaml": "resources:\n- ../apps # a comment\n",
    "apps/kustomization.yaml": f"namespace: web\nresources:\n# not {DIRECTORY}/more\n- '{DIRECTORY}'\n- {FILE}\n",
    "unused/kustomization.yaml": "resources: [https://github.com/owner/unused?ref=v1]\n",
}
COPIES = {
    "workflows-v3.7.3/manifests/base/kustomization.yaml": "resources: [../crds, config.yaml]",
    "workflows-v3.7.3/manifests/base/config.yaml": "{apiVersion: v1, kind: ConfigMap, metadata: {name: base}}",
    "workflows-v3.7.3/manifests/crds/kustomization.yaml": "resources: [config.yaml]",
    "workflows-v3.7.3/manifests/crds/config.yaml": "{apiVersion: v1, kind: ConfigMap, metadata: {name: crds}}",
    "jobs-v0.1.0/manifests.yaml": "{apiVersion: v1, kind: ConfigMap, metadata: {name: jobs}}",
}


def write(directory: Path, files: Mapping[str, str]) -> Path:
    """Write files by relative path, and return their directory."""
    for name, text in files.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text)
    return directory


def build(tree: Path, directory: str = "example") -> str:
    """Return what kustomize builds, without a network."""
    command = ["unshare", "--net", require_program("kustomize"), "build", str(tree / directory)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
