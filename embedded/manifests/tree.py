"""Writes the tree of manifests: files/ as it is, what follows from workloads.toml, and what modules carry."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from embedded.manifests import workloads
from embedded.manifests.workloads import Component, Object

FILES = Path(__file__).parent / "files"
KUSTOMIZATION = "kustomization.yaml"
CLIENT_ID = "kubeflow-oidc-authservice"
PARAMS = "params.env"


def write(folder: Path, carried: Mapping[str, str], components: Mapping[str, Component] | None = None) -> None:
    """Writes the tree into a folder.

    Arguments:
        folder: an empty folder, or one that is not there yet.
        carried: files that are taken from modules, as `modules.carried` gives them: text by path in the tree.
        components: those of workloads.toml by default.
    """
    shutil.copytree(FILES, folder, dirs_exist_ok=True)
    for path, text in {**carried, **_secrets()}.items():
        _write(folder / path, text)
    for name, component in (components or workloads.load()).items():
        _write_component(name, component, folder)
    for directory in sorted({file.parent for file in folder.rglob("*.yaml")}):
        if not (directory / KUSTOMIZATION).exists():
            _write_kustomization(directory)


def secret(name: str) -> str:
    """A secret of the lab, 32 characters: the same in every kit, so that the commit is the same.

    It protects nothing: it opens a lab that lives on one machine, and whose password is in the tutorial.
    """
    return hashlib.sha256(f"{CLIENT_ID} {name}".encode()).hexdigest()[:32]


def _secrets() -> dict[str, str]:
    """The files of secrets, by upstream's paths."""
    client, authservice = secret("client"), "common/oidc-authservice/base"
    return {
        "common/dex/base/secret_params.env": _env(OIDC_CLIENT_ID=CLIENT_ID, OIDC_CLIENT_SECRET=client),
        f"{authservice}/secret_params.env": _env(CLIENT_ID=CLIENT_ID, CLIENT_SECRET=client),
        f"{authservice}/proxy_secret.env": _env(OAUTH2_PROXY_COOKIE_SECRET=secret("cookie")),
    }


def _write_component(name: str, component: Component, root: Path) -> None:
    folder = root / component.folder
    gateway_folder = root / (component.gateway_folder or component.folder)
    _write_objects(folder / "crds.yaml", [crd.manifest() for crd in component.crds])
    _write_objects(folder / "workloads.yaml", component.objects())
    _write_objects(gateway_folder / "routes.yaml", component.route_objects())
    if component.certificate:
        _write_objects(folder / "certificate.yaml", component.certificate.objects(component.namespace))
    if component.params:
        _write(folder / PARAMS, _env(**component.params))
        _write_kustomization(folder, _parameters(name, component))
    if gateway_folder != folder:
        _write_kustomization(gateway_folder, {}, os.path.relpath(folder, gateway_folder))


def _parameters(name: str, component: Component) -> Object:
    """The part of a kustomization that brings what params.env says into the containers that ask for it."""
    config = f"{name}-parameters"
    return {
        "configMapGenerator": [{"name": config, "namespace": component.namespace, "envs": [PARAMS]}],
        "replacements": [
            {
                "source": {"kind": "ConfigMap", "name": config, "fieldPath": f"data.{key}"},
                "targets": [
                    {
                        "select": {"kind": workload.kind, "name": of},
                        "fieldPaths": [f"spec.template.spec.containers.[name={part}].env.[name={variable}].value"],
                    }
                ],
            }
            for of, workload in component.workloads.items()
            for part, container in workload.containers.items()
            for variable, key in container.env.items()
        ],
    }


def _write_kustomization(folder: Path, more: Mapping[str, Any] | None = None, *bases: str) -> None:
    """Writes one that takes bases, and all other files of its folder."""
    files = sorted(file.name for file in folder.glob("*.yaml") if file.name != KUSTOMIZATION)
    header = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"}
    _write_objects(folder / KUSTOMIZATION, [{**header, "resources": [*bases, *files], **(more or {})}])


def _write_objects(path: Path, objects: Iterable[Object]) -> None:
    parts = list(objects)
    if parts:
        _write(path, yaml.dump_all(parts, Dumper=_Dumper, sort_keys=False, width=120))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def _env(**values: str) -> str:
    return "".join(f"{key}={value}\n" for key, value in values.items())


class _Dumper(yaml.SafeDumper):
    """Writes what is there twice twice, where YAML would refer to the first."""

    def ignore_aliases(self, data: Any) -> bool:
        return True
