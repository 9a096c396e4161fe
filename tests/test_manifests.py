"""embedded/manifests: the tree of manifests is upstream's in all that people and other programs see of it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from embedded.manifests import modules, repository, tree, workloads
from embedded.manifests.workloads import Component, Object
from lab import releases
from lab.terminal import Terminal
from tests.kit_programs import of_the_kit

RELEASE = releases.load("1.7")
# What the tutorial names, and what --install multi builds: folders to build, and files to look at or to edit.
BUILT = ("example", "common/dex/base", *(folder for part in RELEASE.parts for folder in part.folders))
NAMED = (
    *("common/dex/base/config-map.yaml", "common/user-namespace/base/params.env", "apps/kfp-tekton/upstream"),
    *("apps/jupyter/jupyter-web-app/upstream/base/params.env", "apps/volumes-web-app/upstream/base/params.env"),
    *("apps/tensorboard/tensorboards-web-app/upstream/base/params.env", "common/istio-1-16", "common/cert-manager"),
    *("common/knative/knative-serving", "common/knative/knative-eventing", "apps/katib/upstream"),
)
WORKLOAD_KINDS = ("Deployment", "StatefulSet")
WRITTEN_OUT = {("Deployment", "dex", "auth"), ("StatefulSet", "authservice", "istio-system")}
"""The workloads in files/ whose names are there as they are."""
CARRIED = {
    f"{modules.ISTIO}/istio-crds/base/crd.yaml": {"kind": "ConfigMap", "name": "crds"},
    f"{modules.ISTIO}/istio-install/base/istiod.yaml": {"kind": "ConfigMap", "name": "istiod"},
    f"{modules.CERT_MANAGER}/cert-manager.yaml": {"kind": "ConfigMap", "name": "cert-manager"},
}
"""In place of what modules carry."""


def carried() -> dict[str, str]:
    return {path: yaml.safe_dump(workloads.head("v1", **head)) for path, head in CARRIED.items()}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tree."""
    folder = tmp_path_factory.mktemp("manifests") / "tree"
    tree.write(folder, carried())
    return folder


@pytest.fixture(scope="module")
def components() -> dict[str, Component]:
    """What the table says."""
    return workloads.load()


@pytest.fixture(scope="module")
def objects(written: Path) -> list[Object]:
    """All that is in the tree's files, as it is written there."""
    files = [file for file in written.rglob("*.yaml") if file.name not in ("kustomization.yaml", "alpha.yaml")]
    return [part for file in files for part in yaml.safe_load_all(file.read_text()) if part]


def identity(part: Object) -> tuple[str, str, str]:
    return part["kind"], part["metadata"]["name"], part["metadata"].get("namespace", "")


def of_kind(objects: list[Object], *kinds: str) -> dict[str, Object]:
    return {part["metadata"]["name"]: part for part in objects if part["kind"] in kinds}


def test_every_folder_and_file_that_people_are_told_of_is_there(written: Path) -> None:
    assert [path for path in BUILT if not (written / path / "kustomization.yaml").is_file()] == []
    assert [path for path in NAMED if not (written / path).exists()] == []


def test_every_kustomization_takes_what_there_is(written: Path) -> None:
    for file in written.rglob("kustomization.yaml"):
        for resource in yaml.safe_load(file.read_text())["resources"]:
            taken = file.parent / resource
            assert taken.is_file() or (taken / "kustomization.yaml").is_file(), f"{file} takes {resource}"


def test_what_the_example_installs_can_be_installed_one_by_one(written: Path) -> None:
    example = yaml.safe_load((written / "example/kustomization.yaml").read_text())
    taken = {(written / "example" / resource).resolve().relative_to(written) for resource in example["resources"]}
    assert {str(path) for path in taken} | {"example", "common/dex/base"} == set(BUILT)
    assert example["sortOptions"]["order"] == "legacy"


def test_every_workload_of_the_table_is_written_with_its_ports_and_probes(
    components: dict[str, Component], objects: list[Object]
) -> None:
    there = {identity(part): part for part in objects if part["kind"] in WORKLOAD_KINDS}
    expected = {
        (workload.kind, name, component.namespace): workload
        for component in components.values()
        for name, workload in component.workloads.items()
    }
    assert set(expected) == {key for key in there if key[2] and key[1] != "gateway"} - WRITTEN_OUT
    for key, workload in expected.items():
        spec = there[key]["spec"]
        assert spec["replicas"] == workload.replicas
        assert spec["selector"]["matchLabels"] == spec["template"]["metadata"]["labels"] == workload.labels
        containers = {container["name"]: container for container in spec["template"]["spec"]["containers"]}
        assert set(containers) == set(workload.containers)
        for name, container in workload.containers.items():
            shown = containers[name]
            assert shown["image"] == container.reference
            assert shown["image"].endswith("-stand-in") == (container.role != workloads.ITSELF)
            assert [port["containerPort"] for port in shown.get("ports", [])] == list(container.ports.values())
            assert ("readinessProbe" in shown, "livenessProbe" in shown) == (
                bool(container.ready),
                bool(container.live),
            )


def test_the_table_has_all_of_1_7_that_is_neither_written_out_nor_carried(components: dict[str, Component]) -> None:
    names = [name for component in components.values() for name in component.workloads]
    assert len(names) == len(set(names)) == 41
    assert components["knative-eventing"].workloads["pingsource-mt-adapter"].replicas == 0
    assert components["pipelines"].workloads["metacontroller"].kind == "StatefulSet"


def test_workloads_have_the_label_that_upstream_tells_their_version_by(objects: list[Object]) -> None:
    """Knative's, whose images upstream names by digest; it says 1.8.0 of Serving 1.8.1."""
    there = of_kind(objects, *WORKLOAD_KINDS)
    labels = {name: there[name]["metadata"].get("labels") for name in ("controller", "eventing-controller", "dex")}
    assert labels == {
        "controller": {"app.kubernetes.io/version": "1.8.0"},
        "eventing-controller": {"app.kubernetes.io/version": "1.8.1"},
        "dex": None,
    }


def test_an_idle_container_listens_wherever_it_may_be_asked(components: dict[str, Component]) -> None:
    for component in components.values():
        for name, workload in component.workloads.items():
            heard = {
                int(argument.split("/")[0])
                for container in workload.containers.values()
                for argument in container.arguments(name)[2:]
                if container.role == "idle"
            }
            for container in workload.containers.values():
                probes = [probe for probe in (container.ready, container.live) if probe]
                if container.role == "idle":
                    assert heard >= {probe.port for probe in probes} | set(container.ports.values())
                    secure = {f"{probe.port}/https" for probe in probes if probe.ask.startswith("https")}
                    assert secure <= set(container.arguments(name))


def test_names_of_ports_are_short_enough_for_a_container(components: dict[str, Component]) -> None:
    workloads_of_all = [one for component in components.values() for one in component.workloads.values()]
    containers = [container for workload in workloads_of_all for container in workload.containers.values()]
    assert [name for container in containers for name in container.ports if len(name) > 15] == []


def test_every_route_leads_to_a_service_and_is_open_to_the_gateway_alone(
    components: dict[str, Component], objects: list[Object]
) -> None:
    policies = of_kind(objects, "AuthorizationPolicy")
    for component in components.values():
        for route in component.routes:
            ports = [
                one.services[route.service] for one in component.workloads.values() if route.service in one.services
            ]
            assert [port for numbers in ports for port, _ in numbers.values() if port == route.port] == [route.port]
            [rule] = policies[route.policy or route.name]["spec"]["rules"]
            [principal] = rule["from"][0]["source"]["principals"]
            gateways = "cluster.local/ns/istio-system/sa/istio-ingressgateway-service-account"
            assert principal == gateways or route.name == "profiles-kfam"


def test_stand_ins_have_full_references_that_say_so(components: dict[str, Component]) -> None:
    references = workloads.stand_ins(components)
    assert "docker.io/library/mysql:8.0.29-stand-in" in references
    assert "docker.io/kserve/kserve-controller:v0.10.0-stand-in" in references
    assert "docker.io/kubeflownotebookswg/centraldashboard:v1.7.0-stand-in" in references
    assert not [name for name in references if "training-operator" in name or "@" in name]


def test_the_password_is_a_hash_in_the_file_that_the_tutorial_edits(written: Path) -> None:
    config_map = yaml.safe_load((written / "common/dex/base/config-map.yaml").read_text())
    config = yaml.safe_load(config_map["data"]["config.yaml"])
    [user] = config["staticPasswords"]
    assert user["email"] == "user@example.com"
    assert user["hash"].startswith("$2y$12$")
    assert config["staticClients"][0]["secretEnv"] == "OIDC_CLIENT_SECRET"


def test_authservice_has_the_parameters_that_the_tutorial_shows(written: Path) -> None:
    assert _env(written / "common/oidc-authservice/base/params.env") == {
        "AUTHSERVICE_URL_PREFIX": "/authservice/",
        "OIDC_AUTH_URL": "/dex/auth",
        "OIDC_PROVIDER": "http://dex.auth.svc.cluster.local:5556/dex",
        "OIDC_SCOPES": "profile email groups",
        "PORT": '"8080"',
        "SKIP_AUTH_URLS": "/dex",
        "STORE_PATH": "/var/lib/authservice/data.db",
        "USERID_CLAIM": "email",
        "USERID_HEADER": "kubeflow-userid",
        "USERID_PREFIX": "",
    }


def test_kinds_of_kubernetes_own_groups_say_that_it_has_not_approved_of_them(objects: list[Object]) -> None:
    """The API server refuses them else."""
    kinds = [part for part in objects if part["kind"] == "CustomResourceDefinition"]
    annotated = [part["spec"]["group"] for part in kinds if part["metadata"].get("annotations")]
    assert set(annotated) == {part["spec"]["group"] for part in kinds if part["spec"]["group"].endswith(".k8s.io")}
    assert annotated


def test_dex_and_authservice_share_a_secret_that_is_in_no_file_of_this_repository(written: Path) -> None:
    dex = _env(written / "common/dex/base/secret_params.env")
    authservice = _env(written / "common/oidc-authservice/base/secret_params.env")
    assert dex["OIDC_CLIENT_ID"] == authservice["CLIENT_ID"] == "kubeflow-oidc-authservice"
    assert dex["OIDC_CLIENT_SECRET"] == authservice["CLIENT_SECRET"]
    cookie = _env(written / "common/oidc-authservice/base/proxy_secret.env")["OAUTH2_PROXY_COOKIE_SECRET"]
    assert len(cookie) == 32  # what oauth2-proxy takes as a key of AES-256
    committed = [file.read_text() for file in tree.FILES.rglob("*") if file.is_file()]
    assert not [text for text in committed if cookie in text or dex["OIDC_CLIENT_SECRET"] in text]


def test_a_client_s_word_of_who_it_is_goes_before_authservice_is_asked(objects: list[Object]) -> None:
    asked, removed = of_kind(objects, "EnvoyFilter")["authn-filter"]["spec"]["configPatches"]
    assert asked["patch"]["value"]["name"] == "envoy.filters.http.ext_authz"
    place = removed["match"]["listener"]["filterChain"]["filter"]["subFilter"]["name"]
    assert (removed["patch"]["operation"], place) == ("INSERT_BEFORE", asked["patch"]["value"]["name"])
    [mutation] = removed["patch"]["value"]["typed_config"]["mutations"]["request_mutations"]
    assert mutation == {"remove": "kubeflow-userid"}


def _env(file: Path) -> dict[str, str]:
    lines = file.read_text().splitlines()
    return {name: value for name, _, value in (line.partition("=") for line in lines)}


# The Git repository


@pytest.fixture
def bare(written: Path, tmp_path: Path) -> tuple[Path, str]:
    """The repository of the tree, and its commit."""
    folder = tmp_path / "manifests.git"
    return folder, repository.make(written, folder)


def test_it_can_be_cloned_and_its_branch_checked_out(
    bare: tuple[Path, str], written: Path, tmp_path: Path, terminal: Terminal
) -> None:
    folder, commit = bare
    clone = tmp_path / "clone"
    terminal.run("git", "clone", "--quiet", f"file://{folder}", clone)
    git = Terminal(directory=clone)
    git.run("git", "checkout", "--quiet", repository.BRANCH)
    assert git.run("git", "rev-parse", "HEAD").output.strip() == commit
    assert _files(clone) == _files(written)


def test_any_web_server_can_serve_it(bare: tuple[Path, str]) -> None:
    folder, commit = bare
    assert (folder / "info/refs").read_text().split() == [commit, f"refs/heads/{repository.BRANCH}"]
    assert "pack-" in (folder / "objects/info/packs").read_text()


def test_the_same_tree_is_the_same_commit(
    bare: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_AUTHOR_NAME", "somebody else")
    tree.write(tmp_path / "again", carried())
    assert repository.make(tmp_path / "again", tmp_path / "again.git") == bare[1]
    (tmp_path / "again/README.md").write_text("something else")
    assert repository.make(tmp_path / "again", tmp_path / "other.git") != bare[1]


def _files(folder: Path) -> dict[str, bytes]:
    names = [file.relative_to(folder) for file in folder.rglob("*") if file.is_file()]
    return {str(name): (folder / name).read_bytes() for name in names if name.parts[0] != ".git"}


# What kustomize makes of it


@pytest.fixture(scope="module")
def kustomize() -> str:
    """The kit's."""
    return of_the_kit("kustomize")


def built(kustomize: str, folder: Path) -> list[Object]:
    output = Terminal().run(kustomize, "build", folder).output
    return [part for part in yaml.load_all(output, Loader=yaml.CSafeLoader) if part]


@pytest.mark.parametrize("folder", BUILT)
def test_every_folder_can_be_built(kustomize: str, written: Path, folder: str) -> None:
    assert built(kustomize, written / folder)


def test_the_parts_are_together_what_example_is(kustomize: str, written: Path) -> None:
    def identities(folder: str) -> list[tuple[str, str, str]]:
        objects = built(kustomize, written / folder)
        return [(one["kind"], one["metadata"]["name"], one["metadata"].get("namespace", "")) for one in objects]

    parts = [identity for part in RELEASE.parts for folder in part.folders for identity in identities(folder)]
    assert sorted(parts) == sorted(identities("example"))


def test_kinds_come_before_their_objects(kustomize: str, written: Path) -> None:
    kinds = [part["kind"] for part in built(kustomize, written / "example")]
    assert kinds.index("Namespace") < kinds.index("CustomResourceDefinition") < kinds.index("Deployment")
    assert kinds.index("CustomResourceDefinition") < kinds.index("Profile")


def test_the_gateways_have_their_names_and_select_their_own(kustomize: str, written: Path) -> None:
    gateways = {"istio-ingressgateway": "ingressgateway", "cluster-local-gateway": "cluster-local-gateway"}
    everything = built(kustomize, written / "example")
    for name, istio in gateways.items():
        labels = {"app": name, "istio": istio}
        deployment = of_kind(everything, "Deployment")[name]["spec"]
        assert deployment["selector"]["matchLabels"] == labels
        assert labels.items() <= deployment["template"]["metadata"]["labels"].items()
        assert deployment["template"]["spec"]["serviceAccountName"] == f"{name}-service-account"
        service = of_kind(everything, "Service")[name]["spec"]
        assert (service["type"], service["selector"]) == ("ClusterIP", labels)
        assert of_kind(everything, "AuthorizationPolicy")[name]["spec"]["selector"]["matchLabels"] == labels
        assert of_kind(everything, "Gateway")[name]["spec"]["selector"] == labels


def test_the_profile_is_what_params_env_says(kustomize: str, written: Path) -> None:
    profile = of_kind(built(kustomize, written / "common/user-namespace/base"), "Profile")
    assert profile["kubeflow-user-example-com"]["spec"]["owner"]["name"] == "user@example.com"


@pytest.mark.parametrize("app", ["jupyter/jupyter-web-app", "volumes-web-app", "tensorboard/tensorboards-web-app"])
def test_secure_cookies_are_switched_off_where_the_tutorial_says(
    kustomize: str, written: Path, tmp_path: Path, app: str
) -> None:
    shutil.copytree(written / "apps", tmp_path / "apps")
    params = tmp_path / f"apps/{app}/upstream/base/params.env"
    assert _secure_cookies(built(kustomize, tmp_path / f"apps/{app}/upstream/overlays/istio")) == "true"
    params.write_text(params.read_text().replace("_APP_SECURE_COOKIES=true", "_APP_SECURE_COOKIES=false"))
    assert _secure_cookies(built(kustomize, tmp_path / f"apps/{app}/upstream/overlays/istio")) == "false"


def _secure_cookies(parts: list[Object]) -> Any:
    [deployment] = of_kind(parts, "Deployment").values()
    [container] = deployment["spec"]["template"]["spec"]["containers"]
    return {variable["name"]: variable["value"] for variable in container["env"]}["APP_SECURE_COOKIES"]
