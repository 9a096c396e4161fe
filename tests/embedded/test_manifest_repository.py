"""embedded/manifests: the tree of manifests has upstream's paths, names and settings, as far as they are used."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from embedded.manifests import modules, repository, tree
from embedded.manifests.components import Component, list_stand_in_images, load
from embedded.manifests.workloads import ITSELF, object_header
from lab import releases
from lab.k8s.objects import Object, ObjectRef
from lab.run.shell import Shell
from tests.kit_programs import require_program

RELEASE = releases.load("1.7")
# The directories and files that the tutorial mentions and that --install multi builds.
BUILT = ("example", "common/dex/base", *(path for part in RELEASE.parts for path in part.directories))
NAMED = (
    "common/dex/base/config-map.yaml",
    "common/user-namespace/base/params.env",
    "apps/kfp-tekton/upstream",
    "apps/jupyter/jupyter-web-app/upstream/base/params.env",
    "apps/volumes-web-app/upstream/base/params.env",
    "apps/tensorboard/tensorboards-web-app/upstream/base/params.env",
    "common/istio-1-16",
    "common/cert-manager",
    "common/knative/knative-serving",
    "common/knative/knative-eventing",
    "apps/katib/upstream",
)
WORKLOAD_KINDS = ("Deployment", "StatefulSet")
IN_FILES = {ObjectRef("Deployment", "dex", "auth"), ObjectRef("StatefulSet", "authservice", "istio-system")}
"""The workloads in files/, which are not in the table."""
MODULE_FILES = {
    f"{modules.ISTIO}/istio-crds/base/crd.yaml": "crds",
    f"{modules.ISTIO}/istio-install/base/istiod.yaml": "istiod",
    f"{modules.CERT_MANAGER}/cert-manager.yaml": "cert-manager",
}
"""The files that are rendered from Go modules, each with the name of a ConfigMap in place of its objects."""


def fake_module_files() -> dict[str, str]:
    """Return files in place of those that are rendered from Go modules."""
    return {path: yaml.safe_dump(object_header("v1", "ConfigMap", name)) for path, name in MODULE_FILES.items()}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of the tree."""
    directory = tmp_path_factory.mktemp("manifests") / "tree"
    tree.write(directory, fake_module_files())
    return directory


@pytest.fixture(scope="module")
def components() -> dict[str, Component]:
    """The components of the table."""
    return load()


@pytest.fixture(scope="module")
def objects(root: Path) -> list[Object]:
    """All objects in the files of the tree."""
    files = [file for file in root.rglob("*.yaml") if file.name not in ("kustomization.yaml", "alpha.yaml")]
    return [obj for file in files for obj in yaml.safe_load_all(file.read_text()) if obj]


def select_by_name(objects: list[Object], *kinds: str) -> dict[str, Object]:
    """Return the objects of some kinds by name."""
    return {obj["metadata"]["name"]: obj for obj in objects if obj["kind"] in kinds}


def test_every_documented_directory_and_file_exists(root: Path) -> None:
    assert [path for path in BUILT if not (root / path / "kustomization.yaml").is_file()] == []
    assert [path for path in NAMED if not (root / path).exists()] == []


def test_every_resource_of_a_kustomization_exists(root: Path) -> None:
    for file in root.rglob("kustomization.yaml"):
        for resource in yaml.safe_load(file.read_text())["resources"]:
            path = file.parent / resource
            assert path.is_file() or (path / "kustomization.yaml").is_file(), f"{resource} in {file}"


def test_parts_of_the_example_can_be_installed_one_by_one(root: Path) -> None:
    example = yaml.safe_load((root / "example/kustomization.yaml").read_text())
    paths = {(root / "example" / resource).resolve().relative_to(root) for resource in example["resources"]}
    assert {str(path) for path in paths} | {"example", "common/dex/base"} == set(BUILT)
    assert example["sortOptions"]["order"] == "legacy"


def test_workloads_have_the_ports_and_probes_of_the_table(
    components: dict[str, Component], objects: list[Object]
) -> None:
    written = {ObjectRef.from_object(obj): obj for obj in objects if obj["kind"] in WORKLOAD_KINDS}
    expected = {
        ObjectRef(workload.kind, name, component.namespace): workload
        for component in components.values()
        for name, workload in component.workloads.items()
    }
    assert set(expected) == {ref for ref in written if ref.namespace and ref.name != "gateway"} - IN_FILES
    for ref, workload in expected.items():
        spec = written[ref]["spec"]
        assert spec["replicas"] == workload.replicas
        assert spec["selector"]["matchLabels"] == spec["template"]["metadata"]["labels"] == workload.labels
        containers = {container["name"]: container for container in spec["template"]["spec"]["containers"]}
        assert set(containers) == set(workload.containers)
        for name, container in workload.containers.items():
            manifest = containers[name]
            assert manifest["image"] == container.reference
            assert manifest["image"].endswith("-stand-in") == (container.role != ITSELF)
            assert [port["containerPort"] for port in manifest.get("ports", [])] == list(container.ports.values())
            assert ("readinessProbe" in manifest) == bool(container.ready)
            assert ("livenessProbe" in manifest) == bool(container.live)


def test_table_has_all_other_workloads_of_1_7(components: dict[str, Component]) -> None:
    """Workloads in files/ and those that are rendered from Go modules are not in the table."""
    names = [name for component in components.values() for name in component.workloads]
    assert len(names) == len(set(names)) == 41
    assert components["knative-eventing"].workloads["pingsource-mt-adapter"].replicas == 0
    assert components["pipelines"].workloads["metacontroller"].kind == "StatefulSet"


def test_workloads_have_the_version_label_of_upstream(objects: list[Object]) -> None:
    """Only Knative's have one, because upstream names their images by digest; that of Serving 1.8.1 is 1.8.0."""
    found = select_by_name(objects, *WORKLOAD_KINDS)
    labels = {name: found[name]["metadata"].get("labels") for name in ("controller", "eventing-controller", "dex")}
    assert labels == {
        "controller": {"app.kubernetes.io/version": "1.8.0"},
        "eventing-controller": {"app.kubernetes.io/version": "1.8.1"},
        "dex": None,
    }


def test_idle_container_listens_on_all_its_ports(components: dict[str, Component]) -> None:
    for component in components.values():
        for name, workload in component.workloads.items():
            listening = {
                int(port)
                for container in workload.containers.values()
                for port in container.arguments(name)[2:]
                if container.role == "idle"
            }
            for container in workload.containers.values():
                probes = [probe for probe in (container.ready, container.live) if probe]
                if container.role == "idle":
                    assert listening >= {probe.port for probe in probes} | set(container.ports.values())


def test_port_names_are_short_enough_for_kubernetes(components: dict[str, Component]) -> None:
    all_workloads = [workload for component in components.values() for workload in component.workloads.values()]
    containers = [container for workload in all_workloads for container in workload.containers.values()]
    assert [name for container in containers for name in container.ports if len(name) > 15] == []


def test_every_route_has_a_service_that_only_the_gateway_may_call(
    components: dict[str, Component], objects: list[Object]
) -> None:
    policies = select_by_name(objects, "AuthorizationPolicy")
    for component in components.values():
        for route in component.routes:
            services = [workload.services for workload in component.workloads.values()]
            ports = [ports[route.service] for ports in services if route.service in ports]
            assert [port for numbers in ports for port, _ in numbers.values() if port == route.port] == [route.port]
            [rule] = policies[route.policy or route.name]["spec"]["rules"]
            [principal] = rule["from"][0]["source"]["principals"]
            gateway = "cluster.local/ns/istio-system/sa/istio-ingressgateway-service-account"
            assert principal == gateway or route.name == "profiles-kfam"


def test_images_of_stand_ins_have_full_references_with_a_suffix(components: dict[str, Component]) -> None:
    references = list_stand_in_images(components)
    assert "docker.io/library/mysql:8.0.29-stand-in" in references
    assert "docker.io/kserve/kserve-controller:v0.10.0-stand-in" in references
    assert "docker.io/kubeflownotebookswg/centraldashboard:v1.7.0-stand-in" in references
    assert not [name for name in references if "training-operator" in name or "@" in name]


def test_password_hash_is_in_the_file_that_the_tutorial_edits(root: Path) -> None:
    config_map = yaml.safe_load((root / "common/dex/base/config-map.yaml").read_text())
    config = yaml.safe_load(config_map["data"]["config.yaml"])
    [user] = config["staticPasswords"]
    assert user["email"] == "user@example.com"
    assert user["hash"].startswith("$2y$12$")
    assert config["staticClients"][0]["secretEnv"] == "OIDC_CLIENT_SECRET"


def test_authservice_has_the_parameters_of_the_tutorial(root: Path) -> None:
    assert read_env(root / "common/oidc-authservice/base/params.env") == {
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


def test_crds_in_groups_of_kubernetes_are_annotated(objects: list[Object]) -> None:
    """The API server rejects them without an annotation about the approval by Kubernetes."""
    crds = [obj for obj in objects if obj["kind"] == "CustomResourceDefinition"]
    annotated = [crd["spec"]["group"] for crd in crds if crd["metadata"].get("annotations")]
    assert set(annotated) == {crd["spec"]["group"] for crd in crds if crd["spec"]["group"].endswith(".k8s.io")}
    assert annotated


def test_secret_of_dex_and_authservice_is_not_in_this_repository(root: Path) -> None:
    dex = read_env(root / "common/dex/base/secret_params.env")
    authservice = read_env(root / "common/oidc-authservice/base/secret_params.env")
    assert dex["OIDC_CLIENT_ID"] == authservice["CLIENT_ID"] == "kubeflow-oidc-authservice"
    assert dex["OIDC_CLIENT_SECRET"] == authservice["CLIENT_SECRET"]
    committed = [file.read_text() for file in tree.FILES.rglob("*") if file.is_file()]
    assert not [text for text in committed if dex["OIDC_CLIENT_SECRET"] in text]


def test_user_header_of_a_client_is_removed_before_ext_authz(objects: list[Object]) -> None:
    ext_authz, removal = select_by_name(objects, "EnvoyFilter")["authn-filter"]["spec"]["configPatches"]
    assert ext_authz["patch"]["value"]["name"] == "envoy.filters.http.ext_authz"
    filter_name = removal["match"]["listener"]["filterChain"]["filter"]["subFilter"]["name"]
    assert removal["patch"]["operation"] == "INSERT_BEFORE"
    assert filter_name == ext_authz["patch"]["value"]["name"]
    source = removal["patch"]["value"]["typed_config"]["default_source_code"]["inline_string"]
    assert 'request:headers():remove("kubeflow-userid")' in source


def read_env(file: Path) -> dict[str, str]:
    """Return the variables of a file with NAME=VALUE lines."""
    lines = file.read_text().splitlines()
    return {name: value for name, _, value in (line.partition("=") for line in lines)}


# The Git repository


@pytest.fixture
def bare(root: Path, tmp_path: Path, shell: Shell) -> tuple[Path, str]:
    """The repository of the tree, and its commit."""
    directory = tmp_path / "manifests.git"
    return directory, repository.create(shell, root, directory)


def test_repository_can_be_cloned(bare: tuple[Path, str], root: Path, tmp_path: Path, shell: Shell) -> None:
    directory, commit = bare
    clone = tmp_path / "clone"
    shell.run("git", "clone", "--quiet", f"file://{directory}", clone)
    in_clone = replace(shell, directory=clone)
    in_clone.run("git", "checkout", "--quiet", repository.BRANCH)
    assert in_clone.run("git", "rev-parse", "HEAD").output.strip() == commit
    assert read_files(clone) == read_files(root)


def test_repository_can_be_served_by_any_web_server(bare: tuple[Path, str]) -> None:
    directory, commit = bare
    assert (directory / "info/refs").read_text().split() == [commit, f"refs/heads/{repository.BRANCH}"]
    assert "pack-" in (directory / "objects/info/packs").read_text()


def test_same_tree_has_the_same_commit(bare: tuple[Path, str], tmp_path: Path, shell: Shell) -> None:
    other_user = shell.with_environment(GIT_AUTHOR_NAME="another author")
    tree.write(tmp_path / "again", fake_module_files())
    assert repository.create(other_user, tmp_path / "again", tmp_path / "again.git") == bare[1]
    (tmp_path / "again/README.md").write_text("another text")
    assert repository.create(other_user, tmp_path / "again", tmp_path / "other.git") != bare[1]


def read_files(directory: Path) -> dict[str, bytes]:
    """Return the content of all files below a directory, except Git's own, by relative path."""
    names = [file.relative_to(directory) for file in directory.rglob("*") if file.is_file()]
    return {str(name): (directory / name).read_bytes() for name in names if name.parts[0] != ".git"}


# The output of kustomize


@pytest.fixture(scope="module")
def kustomize() -> str:
    """The path of the kit's kustomize."""
    return require_program("kustomize")


def build(shell: Shell, kustomize: str, directory: Path) -> list[Object]:
    """Return the objects that kustomize builds from a directory."""
    output = shell.run(kustomize, "build", directory).output
    return [obj for obj in yaml.load_all(output, Loader=yaml.CSafeLoader) if obj]


@pytest.mark.parametrize("path", BUILT)
def test_every_documented_directory_can_be_built(shell: Shell, kustomize: str, root: Path, path: str) -> None:
    assert build(shell, kustomize, root / path)


def test_parts_have_the_same_objects_as_the_example(shell: Shell, kustomize: str, root: Path) -> None:
    def list_refs(path: str) -> list[ObjectRef]:
        return [ObjectRef.from_object(obj) for obj in build(shell, kustomize, root / path)]

    refs = [ref for part in RELEASE.parts for path in part.directories for ref in list_refs(path)]
    assert sorted(refs) == sorted(list_refs("example"))


def test_crds_precede_their_objects(shell: Shell, kustomize: str, root: Path) -> None:
    kinds = [obj["kind"] for obj in build(shell, kustomize, root / "example")]
    assert kinds.index("Namespace") < kinds.index("CustomResourceDefinition") < kinds.index("Deployment")
    assert kinds.index("CustomResourceDefinition") < kinds.index("Profile")


def test_gateways_have_their_names_and_select_their_own_pods(shell: Shell, kustomize: str, root: Path) -> None:
    gateways = {"istio-ingressgateway": "ingressgateway", "cluster-local-gateway": "cluster-local-gateway"}
    objects = build(shell, kustomize, root / "example")
    for name, istio in gateways.items():
        labels = {"app": name, "istio": istio}
        deployment = select_by_name(objects, "Deployment")[name]["spec"]
        assert deployment["selector"]["matchLabels"] == labels
        assert labels.items() <= deployment["template"]["metadata"]["labels"].items()
        assert deployment["template"]["spec"]["serviceAccountName"] == f"{name}-service-account"
        service = select_by_name(objects, "Service")[name]["spec"]
        assert (service["type"], service["selector"]) == ("ClusterIP", labels)
        assert select_by_name(objects, "AuthorizationPolicy")[name]["spec"]["selector"]["matchLabels"] == labels
        assert select_by_name(objects, "Gateway")[name]["spec"]["selector"] == labels


def test_profile_has_the_values_of_params_env(shell: Shell, kustomize: str, root: Path) -> None:
    profiles = select_by_name(build(shell, kustomize, root / "common/user-namespace/base"), "Profile")
    assert profiles["kubeflow-user-example-com"]["spec"]["owner"]["name"] == "user@example.com"


@pytest.mark.parametrize("app", ["jupyter/jupyter-web-app", "volumes-web-app", "tensorboard/tensorboards-web-app"])
def test_secure_cookies_can_be_disabled_in_params_env(
    shell: Shell, kustomize: str, root: Path, tmp_path: Path, app: str
) -> None:
    shutil.copytree(root / "apps", tmp_path / "apps")
    params, overlay = (tmp_path / f"apps/{app}/upstream" / path for path in ("base/params.env", "overlays/istio"))
    assert read_secure_cookies(build(shell, kustomize, overlay)) == "true"
    params.write_text(params.read_text().replace("_APP_SECURE_COOKIES=true", "_APP_SECURE_COOKIES=false"))
    assert read_secure_cookies(build(shell, kustomize, overlay)) == "false"


def read_secure_cookies(objects: list[Object]) -> str:
    """Return the value of APP_SECURE_COOKIES in the only container of the only Deployment."""
    [deployment] = select_by_name(objects, "Deployment").values()
    [container] = deployment["spec"]["template"]["spec"]["containers"]
    return {variable["name"]: str(variable["value"]) for variable in container["env"]}["APP_SECURE_COOKIES"]
