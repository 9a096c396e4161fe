"""lab/releases: every file follows the schema, and an error names an invalid file and the reason."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from lab import releases
from lab.config.settings import Settings
from lab.errors import LabError
from lab.preflight import tools
from lab.releases import Release

VALID = (releases.DIRECTORY / "1.7.toml").read_text()


def test_the_default_release_has_a_file() -> None:
    assert Settings.model_fields["release"].default in releases.list_names()


@pytest.fixture(params=releases.list_names())
def name(request: pytest.FixtureRequest) -> str:
    """The name of each release."""
    return str(request.param)


@pytest.fixture
def release(name: str) -> Release:
    """Each release."""
    return releases.load(name)


@pytest.fixture
def installed(release: Release) -> list[str]:
    """The directories that the parts of the release install, in their order."""
    return [directory for part in release.parts for directory in part.directories]


class TestEveryRelease:
    """Properties of each file."""

    def test_is_named_after_its_release(self, name: str, release: Release) -> None:
        assert f"{release.kubeflow}.".startswith(f"{name}.")

    def test_has_a_k3s_image_with_a_supported_version(self, release: Release) -> None:
        version = release.kubernetes.k3s_image.rpartition(":v")[2].partition("-")[0]
        assert Version(version) in SpecifierSet(release.kubernetes.supported)

    def test_has_a_version_range_for_each_tool(self, release: Release) -> None:
        assert set(tools.VERSION_COMMANDS) <= set(release.tools.model_dump())

    def test_has_ci_tools_with_supported_versions(self, release: Release) -> None:
        for tool, version in release.ci_tools:
            assert Version(version) in SpecifierSet(getattr(release.tools, tool)), tool
        assert f":v{release.ci_tools.kubectl}-" in release.kubernetes.k3s_image

    def test_gives_a_reason_for_a_range_only_if_it_has_an_upper_bound(self, release: Release) -> None:
        for tool in release.reasons:
            assert "<" in getattr(release.tools, tool)

    def test_pins_each_chart_to_a_version_in_a_repository_with_tls(self, release: Release) -> None:
        assert {"metallb", "ingress-nginx"} <= set(release.charts)
        for chart in release.charts.values():
            assert chart.repository.startswith("https://")
            assert str(Version(chart.version)) == chart.version

    def test_installs_every_directory_once(self, release: Release, installed: list[str]) -> None:
        assert installed
        assert len(set(installed)) == len(installed)
        assert len({part.name for part in release.parts}) == len(release.parts)

    def test_has_parts_that_a_cluster_may_lack(self, release: Release) -> None:
        optional = release.list_optional()
        assert {"Dex", "Katib", "KServe", "Knative Serving", "Kubeflow Pipelines"} <= optional.keys()
        assert release.find_optional("KSERVE") == optional["KServe"]
        assert release.find_optional("knative serving") == release.find_optional("knative-serving")
        assert not {release.auth_proxy.name, "Istio", "cert-manager", "Central Dashboard"} & optional.keys()
        for name in ("istio", "minio"):
            with pytest.raises(ValueError, match="kserve, katib"):
                release.find_optional(name)

    def test_installs_dex_before_the_auth_proxy(self, release: Release, installed: list[str]) -> None:
        auth_proxy = next(directory for directory in installed if f"{release.auth_proxy.name}/" in directory)
        assert installed.index(release.password.directory) < installed.index(auth_proxy)

    def test_applies_changes_with_directories_that_it_installs(self, release: Release, installed: list[str]) -> None:
        """Another directory, such as another overlay, would revert a part of the installation."""
        changed = {release.password.directory, *(app.directory for app in release.web_apps.values())}
        assert changed <= set(installed)

    def test_applies_changes_with_the_directory_of_the_changed_file(self, release: Release) -> None:
        directories = {release.password.file: release.password.directory}
        directories |= {app.file: app.directory for app in release.web_apps.values()}
        assert len(directories) == 1 + len(release.web_apps)
        for file, directory in directories.items():
            assert file.partition("/base/")[0] == directory.partition("/overlays/")[0]

    def test_has_all_web_apps_with_different_paths(self, release: Release) -> None:
        apps = release.web_apps
        assert set(apps) == {"volumes", "notebooks", "tensorboards"}
        assert len({app.path for app in apps.values()}) == len(apps)
        for app in apps.values():
            assert app.path.startswith("/")
            assert app.path.endswith("/")

    def test_has_login_and_logout_below_the_same_path(self, release: Release) -> None:
        auth_proxy = release.auth_proxy
        assert auth_proxy.callback.split("/")[1] == auth_proxy.logout.path.split("/")[1] != ""

    def test_awaits_the_namespaces_of_all_its_workloads(self, release: Release) -> None:
        workloads = [component.workload for component in release.components if component.workload]
        workloads += [*release.created_by_controllers, release.auth_proxy.workload, release.auth_proxy.ext_authz_object]
        assert {workload.partition("/")[0] for workload in workloads} <= set(release.namespaces)

    def test_has_each_component_once(self, release: Release) -> None:
        assert len({component.name for component in release.components}) == len(release.components)

    def test_has_a_workload_for_exactly_the_installed_components(self, release: Release, installed: list[str]) -> None:
        for component in release.components:
            below = f"{component.directory.removesuffix('/upstream')}/"
            is_installed = any(f"{directory}/".startswith(below) for directory in installed)
            assert is_installed == bool(component.workload), component.name

    def test_describes_how_to_verify_each_component(self, release: Release) -> None:
        for component in release.components:
            assert bool(component.workload) != bool(component.images), component.name
            assert component.workload or not (component.label or component.expected_tag), component.name
            assert component.expected_tag != component.version, component.name


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('kubeflow = "1.7.0"', "", "kubeflow\n  Field required"),
        ('kubeflow = "1.7.0"', "kubeflow = 1.7", "valid string"),
        ('kubeflow = "1.7.0"', 'kubeflow = "1.7.0"\nistio = "1.16"', "istio\n  Extra inputs"),
        ('supported = ">=1.24,<1.26"', 'supported = "1.24 to 1.26"', "Invalid specifier: '1.24 to 1.26'"),
        ('helm = ">=3.8,<4"', 'helm = "3.8 or newer"', "Invalid specifier: '3.8 or newer'"),
        ('version = "0.13.9"', "", "charts.metallb.version\n  Field required"),
        ("[tools]", "[tools", "at line"),
    ],
)
def test_the_error_names_an_invalid_file_and_the_reason(old: str, new: str, reason: str, tmp_path: Path) -> None:
    assert old in VALID
    (tmp_path / "9.9.toml").write_text(VALID.replace(old, new))
    with pytest.raises(LabError) as raised:
        releases.load("9.9", tmp_path)
    assert raised.value.headline == "9.9.toml does not follow the schema of releases"
    assert reason in raised.value.seen


def test_the_error_for_an_unknown_release_lists_the_known_ones() -> None:
    with pytest.raises(LabError) as raised:
        releases.load("0.1")
    assert raised.value.headline == "Kubeflow 0.1 is not supported by this suite"
    assert "1.7" in raised.value.expected


def test_load_returns_what_the_file_contains() -> None:
    assert Release.model_validate(tomllib.loads(VALID)) == releases.load("1.7")


def test_releases_are_listed_from_oldest_to_newest() -> None:
    names = releases.list_names()
    assert names == sorted(names, key=lambda name: [int(part) for part in name.split(".")])
    assert names.index("1.9") < names.index("1.10")


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["oauth2_proxy_kubeflow"], ["oauth2_proxy_kubeflow"]),
        (
            ["oauth2_proxy_kubeflow_0", "oauth2_proxy_kubeflow_1", "XSRF-TOKEN"],
            ["oauth2_proxy_kubeflow_0", "oauth2_proxy_kubeflow_1"],
        ),
        (["oauth2_proxy_kubeflow_csrf", "oauth2_proxy_kubeflow_csrf_1", "other"], []),
    ],
)
def test_a_session_may_be_split_into_several_cookies(names: list[str], expected: list[str]) -> None:
    assert releases.load("1.9").auth_proxy.list_session_cookies(names) == expected
