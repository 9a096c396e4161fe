"""lab/releases: every file follows the schema, and a file that does not is named with its fault."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from lab import preflight, releases
from lab.errors import LabError
from lab.settings import Settings

GOOD = (releases.FOLDER / "1.7.toml").read_text()


def test_the_default_release_has_a_file() -> None:
    assert Settings.model_fields["release"].default in releases.names()


@pytest.mark.parametrize("name", releases.names())
class TestEveryRelease:
    """What is true of each file."""

    def test_follows_the_schema_and_is_named_after_its_release(self, name: str) -> None:
        assert releases.load(name).kubeflow.startswith(f"{name}.")

    def test_has_a_k3s_image_inside_of_the_versions_it_supports(self, name: str) -> None:
        kubernetes = releases.load(name).kubernetes
        version = kubernetes.k3s_image.rpartition(":v")[2].partition("-")[0]
        assert Version(version) in SpecifierSet(kubernetes.supported)

    def test_says_which_versions_of_each_tool_it_works_with(self, name: str) -> None:
        assert set(preflight.VERSION_COMMANDS) <= set(releases.load(name).tools.model_dump())

    def test_is_gated_with_versions_that_it_works_with(self, name: str) -> None:
        release = releases.load(name)
        for tool, version in release.gate:
            assert Version(version) in SpecifierSet(getattr(release.tools, tool)), tool
        assert f":v{release.gate.kubectl}-" in release.kubernetes.k3s_image

    def test_pins_its_charts_to_one_version_each_in_a_repository_with_tls(self, name: str) -> None:
        charts = releases.load(name).charts
        assert {"metallb", "ingress-nginx"} <= set(charts)
        for chart in charts.values():
            assert chart.repository.startswith("https://")
            assert str(Version(chart.version)) == chart.version

    def test_every_folder_is_part_of_the_installation_once(self, name: str) -> None:
        folders = [folder for part in releases.load(name).parts for folder in part.folders]
        assert folders
        assert len(set(folders)) == len(folders)
        assert len({part.name for part in releases.load(name).parts}) == len(releases.load(name).parts)

    def test_installs_dex_before_what_asks_it_for_who_somebody_is(self, name: str) -> None:
        release = releases.load(name)
        order = [folder for part in release.parts for folder in part.folders]
        front_end = next(folder for folder in order if f"{release.front_end.name}/" in folder)
        assert order.index(release.password.apply) < order.index(front_end)

    def test_changes_what_it_installs(self, name: str) -> None:
        """What is edited is applied as the installation applies it, or something of it would be lost."""
        release = releases.load(name)
        installed = {folder for part in release.parts for folder in part.folders}
        assert {release.password.apply, *(app.apply for app in release.web_apps.values())} <= installed

    def test_has_the_file_of_what_is_edited_beside_what_is_applied_then(self, name: str) -> None:
        release = releases.load(name)
        edited = {release.password.file: release.password.apply}
        edited |= {app.file: app.apply for app in release.web_apps.values()}
        assert len(edited) == 1 + len(release.web_apps)
        for file, folder in edited.items():
            assert file.partition("/base/")[0] == folder.partition("/overlays/")[0]

    def test_has_all_web_apps_each_at_a_path_of_its_own(self, name: str) -> None:
        apps = releases.load(name).web_apps
        assert set(apps) == {"volumes", "notebooks", "tensorboards"}
        assert len({app.path for app in apps.values()}) == len(apps)
        for app in apps.values():
            assert app.path.startswith("/")
            assert app.path.endswith("/")

    def test_ends_a_session_below_the_path_that_it_begins_at(self, name: str) -> None:
        front_end = releases.load(name).front_end
        assert front_end.callback.split("/")[1] == front_end.log_out.path.split("/")[1] != ""
        assert front_end.session_cookie != front_end.state_cookie

    def test_waits_in_every_namespace_that_it_names_a_workload_of(self, name: str) -> None:
        release = releases.load(name)
        workloads = [component.workload for component in release.components if component.workload]
        workloads += [*release.created_later, release.front_end.workload, release.front_end.guard]
        assert {workload.partition("/")[0] for workload in workloads} <= set(release.namespaces)

    def test_has_each_component_once_and_each_installed_one_among_its_parts(self, name: str) -> None:
        release = releases.load(name)
        assert len({component.name for component in release.components}) == len(release.components)
        installed = [folder for part in release.parts for folder in part.folders]
        for component in release.components:
            below = f"{component.folder.removesuffix('/upstream')}/"
            among = any(f"{folder}/".startswith(below) for folder in installed)
            assert among == bool(component.workload), component.name

    def test_says_of_each_component_how_it_is_told(self, name: str) -> None:
        for component in releases.load(name).components:
            assert bool(component.workload) != bool(component.images), component.name
            assert component.workload or not (component.label or component.told_as), component.name
            assert component.told_as != component.version, component.name


@pytest.mark.parametrize(
    ("old", "new", "because"),
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
def test_a_file_that_does_not_follow_the_schema_is_named_with_its_fault(
    old: str, new: str, because: str, tmp_path: Path
) -> None:
    assert old in GOOD
    (tmp_path / "9.9.toml").write_text(GOOD.replace(old, new))
    with pytest.raises(LabError) as caught:
        releases.load("9.9", tmp_path)
    assert caught.value.what == "9.9.toml does not follow the schema of releases"
    assert because in caught.value.seen


def test_a_release_without_a_file_is_named_with_those_that_have_one() -> None:
    with pytest.raises(LabError) as caught:
        releases.load("0.1")
    assert caught.value.what == "Kubeflow 0.1 is not known to this suite"
    assert "1.7" in caught.value.expected


def test_the_schema_is_what_the_files_are_written_in() -> None:
    assert releases.Release.model_validate(tomllib.loads(GOOD)) == releases.load("1.7")


def test_releases_are_named_from_the_oldest_to_the_newest() -> None:
    assert releases.names() == sorted(releases.names(), key=lambda name: [int(part) for part in name.split(".")])
    assert releases.names().index("1.9") < releases.names().index("1.10")
