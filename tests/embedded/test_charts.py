"""The chart ingress-nginx of the kit has the names that the lab uses, and the edits of pins.toml.

The chart is that of the Go module; `make test` builds it and the kit's Helm, which renders it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from embedded.selection import load_pins
from lab.context import RunContext
from lab.k8s.objects import Object, find_by_name, label_selector
from lab.layers import ingress
from lab.layers.ingress import IngressController
from lab.layers.ingress_admission import CONFIGURATION
from lab.run.shell import Shell
from tests.conftest import MakeLab
from tests.kit_programs import require_item, require_program

Render = Callable[..., list[Object]]


@pytest.fixture
def render(tmp_path: Path, shell: Shell, context: RunContext, make_lab: MakeLab) -> Render:
    """A function that renders the chart as the lab installs it, with values of its own for the controller."""
    helm = require_program("helm")
    [chart] = require_item(context, "charts", "ingress-nginx").glob("ingress-nginx-*.tgz")
    lab_values = IngressController(make_lab(), lambda: None).build_values()

    def run_helm(**controller: object) -> list[Object]:
        files = [tmp_path / "lab.yaml", tmp_path / "more.yaml"]
        for file, values in zip(files, (lab_values, {"controller": controller}), strict=True):
            file.write_text(yaml.safe_dump(values))
        options = [f"--values={file}" for file in files]
        home = {f"HELM_{name}_HOME": str(tmp_path / name) for name in ("CACHE", "CONFIG", "DATA")}
        helm_shell = shell.with_environment(**home)
        command = ("template", "ingress-nginx", str(chart), "--namespace", ingress.NAMESPACE, *options)
        return [obj for obj in yaml.safe_load_all(helm_shell.run(helm, *command).output) if obj]

    return run_helm


def get_only(objects: list[Object], kind: str, name: str = "") -> Object:
    """Return the only object of a kind, or that of a name."""
    [found] = [obj for obj in objects if obj["kind"] == kind and name in ("", obj["metadata"]["name"])]
    return found


def get_controller(objects: list[Object]) -> Object:
    """Return the container of the controller."""
    [container] = get_only(objects, "Deployment")["spec"]["template"]["spec"]["containers"]
    return dict(container)


def test_chart_has_the_pinned_version(render: Render) -> None:
    labels = get_only(render(), "Deployment")["metadata"]["labels"]
    assert labels["helm.sh/chart"] == f"ingress-nginx-{load_pins('1.7').charts['ingress-nginx'].version}"


def test_all_images_are_in_the_kit(render: Render) -> None:
    workloads = [obj for obj in render() if obj["kind"] in ("Deployment", "Job")]
    images = {each["image"] for obj in workloads for each in obj["spec"]["template"]["spec"]["containers"]}
    assert len(workloads) == 3
    assert images <= {pin.reference for pin in load_pins("1.7").images.values()}


def test_service_has_the_name_address_and_pool_that_the_lab_expects(render: Render) -> None:
    service = get_only(render(), "Service", ingress.SERVICE)
    assert service["metadata"]["namespace"] == ingress.NAMESPACE
    assert (service["spec"]["type"], service["spec"]["loadBalancerIP"]) == ("LoadBalancer", "172.20.0.13")
    assert service["metadata"]["annotations"] == {"metallb.universe.tf/address-pool": "ip-pool"}
    assert {port["name"]: port["port"] for port in service["spec"]["ports"]} == {"http": 80, "https": 443}


def test_class_is_the_default_class_only_if_a_value_says_so(render: Render) -> None:
    ingress_class = get_only(render(), "IngressClass")
    assert ingress_class["metadata"]["name"] == ingress.CLASS
    assert ingress_class["metadata"]["annotations"] == {ingress.DEFAULT_CLASS_ANNOTATION: "true"}
    other = get_only(render(ingressClassResource={"default": False}), "IngressClass")
    assert "annotations" not in other["metadata"]


def test_pods_match_the_selectors_of_the_services_and_the_lab(render: Render) -> None:
    objects = render()
    labels = get_only(objects, "Deployment")["spec"]["template"]["metadata"]["labels"]
    services = [obj for obj in objects if obj["kind"] == "Service"]
    assert len(services) == 2
    assert all(service["spec"]["selector"].items() <= labels.items() for service in services)
    assert set(ingress.SELECTOR.split(",")) <= {label_selector({key: value}) for key, value in labels.items()}


def test_pods_of_the_jobs_do_not_match_the_selector_of_the_lab(render: Render) -> None:
    for job in (obj for obj in render() if obj["kind"] == "Job"):
        labels = job["spec"]["template"]["metadata"]["labels"]
        assert not set(ingress.SELECTOR.split(",")) <= {label_selector({key: value}) for key, value in labels.items()}


def test_controller_publishes_its_service_and_writes_addresses_in_short_intervals(render: Render) -> None:
    arguments = set(get_controller(render())["args"])
    assert f"--publish-service=$(POD_NAMESPACE)/{ingress.SERVICE}" in arguments
    assert {"--status-update-interval=2", "--sync-rate-limit=2"} <= arguments


def test_own_arguments_are_added_to_those_of_the_kit(render: Render) -> None:
    assert {"--status-update-interval=2", "--v=3"} <= set(get_controller(render(extraArgs={"v": 3}))["args"])


def test_controller_is_probed_without_a_long_delay(render: Render) -> None:
    probe = get_controller(render())["readinessProbe"]
    assert (probe["initialDelaySeconds"], probe["periodSeconds"]) == (1, 1)


def test_image_of_the_controller_preloads_no_library_that_it_lacks(render: Render) -> None:
    assert find_by_name([{"metadata": each} for each in get_controller(render())["env"]], "LD_PRELOAD") is None


def test_webhook_is_that_of_the_controller_and_its_failure_rejects_an_ingress(render: Render) -> None:
    objects = render()
    [webhook] = get_only(objects, "ValidatingWebhookConfiguration", CONFIGURATION)["webhooks"]
    service = webhook["clientConfig"]["service"]
    assert get_only(objects, "Service", service["name"])["metadata"]["namespace"] == service["namespace"]
    assert (webhook["failurePolicy"], webhook["sideEffects"]) == ("Fail", "None")
