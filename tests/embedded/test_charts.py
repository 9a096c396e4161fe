"""embedded/charts: the stand-in for the chart ingress-nginx has the values and the names that the lab uses.

It is rendered by the kit's Helm, which `make test` builds first, or by the Helm on PATH.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from embedded import pins
from embedded.selection import load_pins
from lab.k8s.objects import Object, label_selector
from lab.layers import ingress
from lab.layers.ingress import IngressController
from lab.run.shell import Shell
from tests.conftest import MakeLab
from tests.kit_programs import require_program

CHART = pins.CHARTS / "ingress-nginx"
VALUES: Object = yaml.safe_load((CHART / "values.yaml").read_text())
TEMPLATES = {file.name: file.read_text() for file in (CHART / "templates").iterdir()}

Render = Callable[..., list[Object]]


@pytest.fixture
def lab_values(make_lab: MakeLab) -> Object:
    """The values that the lab sets, which are those of the tutorial's ingress-nginx-values.yaml."""
    return IngressController(make_lab(), lambda: None).build_values()


def list_leaves(values: Object, *path: str) -> list[tuple[str, ...]]:
    """Return the paths of all values that are not tables."""
    leaves = []
    for name, value in values.items():
        leaves += list_leaves(value, *path, name) if isinstance(value, dict) and value else [(*path, name)]
    return leaves


def default_value(path: tuple[str, ...]) -> object:
    """Return a value of values.yaml, or raise KeyError."""
    value: Any = VALUES
    for name in path:
        value = value[name]
    return value


def list_used_values(template: str) -> set[tuple[str, ...]]:
    """Return the paths of the values that a template uses, directly or through its variables."""
    variables = {"Values": ""}
    for name, expression in re.findall(r"\$(\w+) := \.?\$?([\w.]+) *-?\}\}", template):
        root, _, rest = expression.partition(".")
        if root in variables:
            variables[name] = f"{variables[root]}.{rest}".strip(".")
    found = re.findall(rf"[.$]({'|'.join(variables)})((?:\.\w+)+)", template)
    return {tuple(f"{variables[root]}{path}".strip(".").split(".")) for root, path in found}


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_value_in_a_template_has_a_default(name: str) -> None:
    for path in list_used_values(TEMPLATES[name]):
        default_value(path)


def test_every_value_is_used_by_a_template() -> None:
    """A value that no template uses would have no effect, and its user would not notice."""
    used = {path for template in TEMPLATES.values() for path in list_used_values(template)}
    unused = [leaf for leaf in list_leaves(VALUES) if not any(leaf[: len(path)] == path for path in used)]
    assert unused == []


def test_chart_knows_every_value_that_the_lab_sets(lab_values: Object) -> None:
    for path in list_leaves(lab_values):
        if "annotations" not in path:
            default_value(path)


def test_chart_has_the_pinned_version() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert (chart["name"], chart["version"]) == ("ingress-nginx", load_pins("1.7").charts["ingress-nginx"].version)


def test_image_of_the_chart_is_in_the_kit() -> None:
    image = VALUES["controller"]["image"]
    reference = f"{image['registry']}/{image['image']}:{image['tag']}"
    assert reference in {pin.reference for pin in load_pins("1.7").images.values()}


@pytest.fixture
def render(tmp_path: Path, shell: Shell, lab_values: Object) -> Render:
    """A function that renders the chart as the lab installs it, with values of its own for the controller."""
    helm = require_program("helm")

    def run_helm(**controller: object) -> list[Object]:
        files = [tmp_path / "lab.yaml", tmp_path / "more.yaml"]
        for file, values in zip(files, (lab_values, {"controller": controller}), strict=True):
            file.write_text(yaml.safe_dump(values))
        options = [f"--values={file}" for file in files]
        home = {f"HELM_{name}_HOME": str(tmp_path / name) for name in ("CACHE", "CONFIG", "DATA")}
        helm_shell = shell.with_environment(**home)
        command = ("template", "ingress-nginx", str(CHART), "--namespace", ingress.NAMESPACE, *options)
        return list(yaml.safe_load_all(helm_shell.run(helm, *command).output))

    return run_helm


def get_only(objects: list[Object], kind: str) -> Object:
    """Return the only object of a kind."""
    [found] = [obj for obj in objects if obj["kind"] == kind]
    return found


def test_service_has_the_name_address_and_pool_that_the_lab_expects(render: Render) -> None:
    service = get_only(render(), "Service")
    assert (service["metadata"]["name"], service["metadata"]["namespace"]) == (ingress.SERVICE, ingress.NAMESPACE)
    assert (service["spec"]["type"], service["spec"]["loadBalancerIP"]) == ("LoadBalancer", "172.20.0.13")
    assert service["metadata"]["annotations"] == {"metallb.universe.tf/address-pool": "ip-pool"}
    assert {port["name"]: port["port"] for port in service["spec"]["ports"]} == {"http": 80, "https": 443}


def test_class_is_the_default_class_only_if_a_value_says_so(render: Render) -> None:
    ingress_class = get_only(render(), "IngressClass")
    assert ingress_class["metadata"]["name"] == ingress.CLASS
    assert ingress_class["metadata"]["annotations"] == {ingress.DEFAULT_CLASS_ANNOTATION: "true"}
    other = get_only(render(ingressClassResource={"default": False}), "IngressClass")
    assert "annotations" not in other["metadata"]


def test_pods_match_the_selectors_of_the_service_and_the_lab(render: Render) -> None:
    objects = render()
    labels = get_only(objects, "Deployment")["spec"]["template"]["metadata"]["labels"]
    assert get_only(objects, "Service")["spec"]["selector"].items() <= labels.items()
    assert set(ingress.SELECTOR.split(",")) <= {label_selector({key: value}) for key, value in labels.items()}


def test_pods_have_an_annotation_that_names_the_stand_in(render: Render) -> None:
    annotations = get_only(render(), "Deployment")["spec"]["template"]["metadata"]["annotations"]
    assert "HAProxy Ingress" in annotations["kubeflow-lab.test/stand-in"]


def test_controller_publishes_its_service_and_serves_ingresses_without_class(render: Render) -> None:
    [container] = get_only(render(), "Deployment")["spec"]["template"]["spec"]["containers"]
    expected = {f"--publish-service={ingress.NAMESPACE}/{ingress.SERVICE}", "--watch-ingress-without-class"}
    assert expected <= set(container["args"])


def test_service_account_has_its_roles_and_is_that_of_the_pods(render: Render) -> None:
    objects = render()
    account = get_only(objects, "ServiceAccount")["metadata"]["name"]
    assert get_only(objects, "Deployment")["spec"]["template"]["spec"]["serviceAccountName"] == account
    for kind in ("ClusterRole", "Role"):
        binding = get_only(objects, f"{kind}Binding")
        assert [subject["name"] for subject in binding["subjects"]] == [account]
        assert binding["roleRef"]["name"] == get_only(objects, kind)["metadata"]["name"]


def test_disabled_port_and_class_are_not_rendered(render: Render) -> None:
    ports = get_only(render(service={"enableHttps": False}), "Service")["spec"]["ports"]
    assert [port["name"] for port in ports] == ["http"]
    assert "IngressClass" not in {obj["kind"] for obj in render(ingressClassResource={"enabled": False})}


def test_config_values_are_strings_in_the_config_map(render: Render) -> None:
    data = get_only(render(config={"timeout-client": 10, "ssl-redirect": True}), "ConfigMap")["data"]
    assert data == {"timeout-client": "10", "ssl-redirect": "true"}


def test_http_is_not_redirected_to_https_by_default(render: Render) -> None:
    assert get_only(render(), "ConfigMap")["data"] == {"ssl-redirect": "false"}
