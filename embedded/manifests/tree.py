"""Writes the tree of manifests: a copy of files/, the objects of workloads.toml, and files rendered from Go modules."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from embedded.manifests.components import Component, load
from lab.k8s.objects import Object

FILES = Path(__file__).parent / "files"
KUSTOMIZATION = "kustomization.yaml"
CLIENT_ID = "kubeflow-oidc-authservice"
PARAMS = "params.env"


def write(root: Path, module_files: Mapping[str, str], components: Mapping[str, Component] | None = None) -> None:
    """Write the tree into a directory.

    Args:
        root: A directory that is empty or does not exist.
        module_files: The files of modules.render_files: text by path in the tree.
        components: The components by name; by default those of workloads.toml.
    """
    shutil.copytree(FILES, root, dirs_exist_ok=True)
    for path, text in {**module_files, **_secret_files()}.items():
        _write(root / path, text)
    for name, component in (components or load()).items():
        _write_component(name, component, root)
    for directory in sorted({file.parent for file in root.rglob("*.yaml")}):
        if not (directory / KUSTOMIZATION).exists():
            _write_kustomization(directory)


def derive_secret(name: str) -> str:
    """Return a secret of the lab, 32 characters, which is the same in every kit, so that the commit is the same.

    It protects nothing: the lab is reachable only on one machine, and its password is in the tutorial.
    """
    return hashlib.sha256(f"{CLIENT_ID} {name}".encode()).hexdigest()[:32]


def _secret_files() -> dict[str, str]:
    """Return the files with secrets, by upstream's paths."""
    secret = derive_secret("client")
    return {
        "common/dex/base/secret_params.env": _env(OIDC_CLIENT_ID=CLIENT_ID, OIDC_CLIENT_SECRET=secret),
        "common/oidc-authservice/base/secret_params.env": _env(CLIENT_ID=CLIENT_ID, CLIENT_SECRET=secret),
    }


def _write_component(name: str, component: Component, root: Path) -> None:
    directory = root / component.folder
    gateway_directory = root / (component.gateway_folder or component.folder)
    _write_objects(directory / "crds.yaml", [crd.to_manifest() for crd in component.crds])
    _write_objects(directory / "workloads.yaml", component.build_objects())
    _write_objects(gateway_directory / "routes.yaml", component.build_route_objects())
    if component.certificate:
        _write_objects(directory / "certificate.yaml", component.certificate.build_objects(component.namespace))
    if component.params:
        _write(directory / PARAMS, _env(**component.params))
        _write_kustomization(directory, _build_parameters(name, component))
    if gateway_directory != directory:
        _write_kustomization(gateway_directory, {}, os.path.relpath(directory, gateway_directory))


def _build_parameters(name: str, component: Component) -> Object:
    """Return the part of a kustomization that copies values of params.env into the environment of containers."""
    config = f"{name}-parameters"
    return {
        "configMapGenerator": [{"name": config, "namespace": component.namespace, "envs": [PARAMS]}],
        "replacements": [
            {
                "source": {"kind": "ConfigMap", "name": config, "fieldPath": f"data.{key}"},
                "targets": [
                    {
                        "select": {"kind": workload.kind, "name": workload_name},
                        "fieldPaths": [
                            f"spec.template.spec.containers.[name={container_name}].env.[name={variable}].value"
                        ],
                    }
                ],
            }
            for workload_name, workload in component.workloads.items()
            for container_name, container in workload.containers.items()
            for variable, key in container.env.items()
        ],
    }


def _write_kustomization(directory: Path, more: Mapping[str, Any] | None = None, *bases: str) -> None:
    """Write a kustomization that includes bases and all other files of its directory."""
    files = sorted(file.name for file in directory.glob("*.yaml") if file.name != KUSTOMIZATION)
    header = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"}
    _write_objects(directory / KUSTOMIZATION, [{**header, "resources": [*bases, *files], **(more or {})}])


def _write_objects(path: Path, objects: Iterable[Object]) -> None:
    documents = list(objects)
    if documents:
        _write(path, yaml.dump_all(documents, Dumper=_Dumper, sort_keys=False, width=120))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def _env(**values: str) -> str:
    return "".join(f"{key}={value}\n" for key, value in values.items())


class _Dumper(yaml.SafeDumper):
    """Writes repeated values in full, where YAML would use anchors and aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True
