"""embedded/charts: the chart that takes ingress-nginx's seat has the values and the names that the lab counts on.

It is rendered by the kit's Helm, which `make test` builds first, or by PATH's.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from embedded import pins
from lab import ingress, releases, settings, source
from lab.cluster import Cluster
from lab.ingress import IngressController
from lab.record import Record
from lab.site import Site
from lab.terminal import Terminal
from tests.kit_programs import of_the_kit

CHART = pins.CHARTS / "ingress-nginx"
VALUES: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text())
TEMPLATES = {file.name: file.read_text() for file in (CHART / "templates").iterdir()}

Object = dict[str, Any]
Render = Callable[..., list[Object]]


def the_lab_s_values() -> Object:
    """What the lab gives the chart, which is the tutorial's ingress-nginx-values.yaml."""
    record = Record(kind="k3d", environment={"KUBECONFIG": "/nowhere"})
    site = Site(settings.load({}), source.of_the_internet(releases.load("1.7")), record)
    return IngressController(site, Cluster(site), lambda: None)._values()


def leaves(values: Object, *path: str) -> list[tuple[str, ...]]:
    """The paths of all values that are no tables."""
    found = []
    for name, value in values.items():
        found += leaves(value, *path, name) if isinstance(value, dict) and value else [(*path, name)]
    return found


def value_at(path: tuple[str, ...]) -> object:
    """A value of values.yaml; raises KeyError where there is none."""
    value: Any = VALUES
    for name in path:
        value = value[name]
    return value


def used(template: str) -> set[tuple[str, ...]]:
    """The paths of values that a template names, also by way of its variables."""
    variables = {"Values": ""}
    for name, whole in re.findall(r"\$(\w+) := \.?\$?([\w.]+) *-?\}\}", template):
        root, _, rest = whole.partition(".")
        if root in variables:
            variables[name] = f"{variables[root]}.{rest}".strip(".")
    found = re.findall(rf"[.$]({'|'.join(variables)})((?:\.\w+)+)", template)
    return {tuple(f"{variables[root]}{path}".strip(".").split(".")) for root, path in found}


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_value_that_a_template_names_has_a_default(name: str) -> None:
    for path in used(TEMPLATES[name]):
        value_at(path)


def test_every_value_has_an_effect() -> None:
    """One that no template names would look as if it had one."""
    named = {path for template in TEMPLATES.values() for path in used(template)}
    without = [path for path in leaves(VALUES) if not any(path[: len(one)] == one for one in named)]
    assert without == []


def test_every_value_that_the_lab_gives_is_one_that_the_chart_knows() -> None:
    for path in leaves(the_lab_s_values()):
        if "annotations" not in path:
            value_at(path)


def test_the_chart_is_the_one_that_is_pinned() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert (chart["name"], chart["version"]) == ("ingress-nginx", pins.load().charts["ingress-nginx"].version)


def test_its_image_is_one_that_the_kit_has() -> None:
    image = VALUES["controller"]["image"]
    reference = f"{image['registry']}/{image['image']}:{image['tag']}"
    assert reference in {one.reference for one in pins.load().images.values()}


@pytest.fixture
def render(tmp_path: Path) -> Render:
    """Renders the chart as the lab installs it, with more values on top."""
    helm = of_the_kit("helm")

    def rendered(**controller: object) -> list[Object]:
        files = [tmp_path / "lab.yaml", tmp_path / "more.yaml"]
        for file, values in zip(files, (the_lab_s_values(), {"controller": controller}), strict=True):
            file.write_text(yaml.safe_dump(values))
        options = (f"--values={file}" for file in files)
        home = {f"HELM_{name}_HOME": str(tmp_path / name) for name in ("CACHE", "CONFIG", "DATA")}
        result = Terminal(home).run(
            *(helm, "template", "ingress-nginx", CHART, "--namespace", ingress.NAMESPACE), *options
        )
        return list(yaml.safe_load_all(result.output))

    return rendered


def one(objects: list[Object], kind: str) -> Object:
    """The only object of a kind."""
    [found] = [found for found in objects if found["kind"] == kind]
    return found


def test_the_service_has_the_name_the_address_and_the_pool_that_the_lab_counts_on(render: Render) -> None:
    service = one(render(), "Service")
    assert (service["metadata"]["name"], service["metadata"]["namespace"]) == (ingress.SERVICE, ingress.NAMESPACE)
    assert (service["spec"]["type"], service["spec"]["loadBalancerIP"]) == ("LoadBalancer", "172.20.0.13")
    assert service["metadata"]["annotations"] == {"metallb.universe.tf/address-pool": "ip-pool"}
    assert {port["name"]: port["port"] for port in service["spec"]["ports"]} == {"http": 80, "https": 443}


def test_the_class_is_the_default_one_because_the_lab_says_so(render: Render) -> None:
    there = one(render(), "IngressClass")
    assert there["metadata"]["name"] == ingress.CLASS
    assert there["metadata"]["annotations"] == {ingress.DEFAULT_CLASS: "true"}
    other = one(render(ingressClassResource={"default": False}), "IngressClass")
    assert "annotations" not in other["metadata"]


def test_the_pods_are_those_that_the_service_leads_to_and_the_lab_waits_for(render: Render) -> None:
    objects = render()
    labels = one(objects, "Deployment")["spec"]["template"]["metadata"]["labels"]
    assert one(objects, "Service")["spec"]["selector"].items() <= labels.items()
    assert {tuple(label.split("=")) for label in ingress.SELECTOR.split(",")} <= set(labels.items())


def test_the_pods_say_that_they_are_a_stand_in(render: Render) -> None:
    annotations = one(render(), "Deployment")["spec"]["template"]["metadata"]["annotations"]
    assert "HAProxy Ingress" in annotations["kubeflow-lab.test/stand-in"]


def test_the_controller_publishes_the_service_s_address_and_serves_ingresses_without_a_class(render: Render) -> None:
    [container] = one(render(), "Deployment")["spec"]["template"]["spec"]["containers"]
    assert {f"--publish-service={ingress.NAMESPACE}/{ingress.SERVICE}", "--watch-ingress-without-class"} <= set(
        container["args"]
    )


def test_its_account_its_rights_and_its_pods_belong_together(render: Render) -> None:
    objects = render()
    account = one(objects, "ServiceAccount")["metadata"]["name"]
    assert one(objects, "Deployment")["spec"]["template"]["spec"]["serviceAccountName"] == account
    for kind in ("ClusterRole", "Role"):
        binding = one(objects, f"{kind}Binding")
        assert [subject["name"] for subject in binding["subjects"]] == [account]
        assert binding["roleRef"]["name"] == one(objects, kind)["metadata"]["name"]


def test_what_is_switched_off_is_not_there(render: Render) -> None:
    ports = one(render(service={"enableHttps": False}), "Service")["spec"]["ports"]
    assert [port["name"] for port in ports] == ["http"]
    assert "IngressClass" not in {found["kind"] for found in render(ingressClassResource={"enabled": False})}


def test_settings_of_the_controller_reach_its_configmap_as_text(render: Render) -> None:
    data = one(render(config={"timeout-client": 10, "ssl-redirect": True}), "ConfigMap")["data"]
    assert data == {"timeout-client": "10", "ssl-redirect": "true"}


def test_plain_http_is_not_sent_on_to_https_by_default(render: Render) -> None:
    assert one(render(), "ConfigMap")["data"] == {"ssl-redirect": "false"}
