"""lab/config/settings.py: settings, their origin, and errors about invalid values."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest
from pydantic import ValidationError

from lab.config import loading, settings
from lab.config.addresses import AddressRange
from lab.errors import LabError
from tests.config.settings_errors import load_error, write_file


def test_defaults_are_the_tutorials() -> None:
    given = loading.load({})
    assert (given.lab, given.release, given.verify_only, given.keep_lab) == ("embedded", "1.7", False, False)
    assert (given.subnet, given.gateway) == (IPv4Network("172.20.0.0/24"), IPv4Address("172.20.0.1"))
    assert (str(given.pool), given.ingress_address) == ("172.20.0.10-172.20.0.15", IPv4Address("172.20.0.13"))


def test_options_that_are_not_given_change_nothing() -> None:
    assert loading.load(dict.fromkeys(settings.Settings.model_fields)) == loading.load({})


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("lab", "k3d", "k3d"),
        ("release", "1.8", "1.8"),
        ("subnet", "172.20.0.0/16", IPv4Network("172.20.0.0/16")),
        ("gateway", "172.20.0.2", IPv4Address("172.20.0.2")),
        ("pool", "172.20.0.13-172.20.0.99", AddressRange(IPv4Address("172.20.0.13"), IPv4Address("172.20.0.99"))),
        ("ingress_address", "172.20.0.10", IPv4Address("172.20.0.10")),
        ("verify_only", "true", True),
        ("keep_lab", "1", True),
    ],
)
class TestEverySetting:
    """All settings, from both origins."""

    def test_comes_from_the_command_line(self, name: str, text: str, value: object) -> None:
        assert getattr(loading.load({name: text}), name) == value

    def test_comes_from_the_environment(
        self, name: str, text: str, value: object, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(f"KUBEFLOW_LAB_{name.upper()}", text)
        assert getattr(loading.load({name: None}), name) == value


def test_an_existing_lab_is_neither_installed_nor_kept() -> None:
    assert load_error(lab="existing", keep_lab="yes") == (
        "--keep-lab yes: a run with --lab existing neither installs nor removes the lab: omit this option"
    )


def test_run_that_installs_a_lab_cannot_be_read_only() -> None:
    assert loading.load({"lab": "existing", "read_only": "yes"}).read_only
    assert loading.load({"verify_only": "yes", "read_only": "yes"}).read_only
    for kind in ("embedded", "k3d"):
        assert load_error(lab=kind, read_only="yes") == (
            "--read-only yes: a run that installs a lab creates objects: add --verify-only, or use --lab existing"
        )


def test_command_line_precedes_environment_and_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBEFLOW_LAB_INGRESS_ADDRESS", "172.20.0.14")
    monkeypatch.setenv("KUBEFLOW_LAB_RELEASE", "1.8")
    given = loading.load({"ingress_address": "172.20.0.15"})
    assert (str(given.ingress_address), given.release, given.lab) == ("172.20.0.15", "1.8", "embedded")


@pytest.mark.parametrize(
    ("option", "value", "reason"),
    [
        ("--lab", "minikube", "'embedded', 'k3d' or 'existing'"),
        ("--subnet", "172.20.0", "valid"),
        ("--subnet", "172.20.0.5/24", "valid"),
        ("--subnet", "172.20.0.0/33", "valid"),
        ("--subnet", "fd00::/64", "valid"),
        ("--gateway", "172.20.0.256", "valid"),
        ("--gateway", "the router", "valid"),
        ("--pool", "172.20.0.10", "FIRST-LAST"),
        ("--pool", "172.20.0.15-172.20.0.10", "ends before it begins"),
        ("--pool", "172.20.0.10-172.20.0.300", "Octet 300"),
        ("--ingress-address", "nginx.example.it", "valid"),
        ("--verify-only", "perhaps", "valid boolean"),
    ],
)
class TestInvalidValue:
    """An invalid value is named with its option."""

    def test_on_the_command_line(self, option: str, value: str, reason: str) -> None:
        seen = load_error(**{option.removeprefix("--").replace("-", "_"): value})
        assert seen.startswith(f"{option} {value}: ")
        assert reason in seen

    def test_in_the_environment(self, option: str, value: str, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("KUBEFLOW_LAB_" + option.removeprefix("--").replace("-", "_").upper(), value)
        seen = load_error()
        assert seen.startswith(f"{option} {value}: ")
        assert reason in seen


@pytest.mark.parametrize(
    ("options", "finding"),
    [
        ({"gateway": "172.21.0.1"}, "the gateway 172.21.0.1 is outside the subnet 172.20.0.0/24"),
        ({"gateway": "172.20.0.0"}, "the gateway 172.20.0.0 is outside the subnet 172.20.0.0/24"),
        ({"gateway": "172.20.0.255"}, "the gateway 172.20.0.255 is outside the subnet 172.20.0.0/24"),
        ({"gateway": "172.20.0.12"}, "the gateway 172.20.0.12 is inside the pool 172.20.0.10-172.20.0.15"),
        (
            {"subnet": "10.0.0.0/24", "gateway": "172.20.0.1"},
            "the gateway 172.20.0.1 is outside the subnet 10.0.0.0/24",
        ),
        ({"subnet": "127.0.0.0/24"}, "the subnet 127.0.0.0/24 cannot be that of a network"),
        ({"subnet": "224.0.0.0/24"}, "the subnet 224.0.0.0/24 cannot be that of a network"),
        ({"subnet": "169.254.0.0/24"}, "the subnet 169.254.0.0/24 cannot be that of a network"),
        ({"subnet": "172.20.0.0/28"}, "the subnet 172.20.0.0/28 is too small"),
        ({"pool": "172.20.0.13-172.20.1.13"}, "the pool 172.20.0.13-172.20.1.13 is outside the subnet"),
        ({"pool": "172.20.0.13-172.20.0.255"}, "the pool 172.20.0.13-172.20.0.255 is outside the subnet"),
        ({"ingress_address": "172.20.0.16"}, "the ingress address 172.20.0.16 is outside the pool 172.20.0.10-"),
        ({"ingress_address": "172.20.0.9"}, "the ingress address 172.20.0.9 is outside the pool 172.20.0.10-"),
        ({"pool": "172.20.0.20-172.20.0.30"}, "the ingress address 172.20.0.13 is outside the pool 172.20.0.20-"),
    ],
)
def test_contradictory_values_are_both_named(options: dict[str, str], finding: str) -> None:
    assert finding in load_error(**options)


def test_all_invalid_values_are_named_together() -> None:
    assert len(load_error(subnet="a", gateway="b", pool="c").splitlines()) == 3


def test_all_addresses_can_be_set() -> None:
    given = loading.load(
        {
            "subnet": "10.7.0.0/16",
            "gateway": "10.7.0.1",
            "pool": "10.7.9.0-10.7.9.255",
            "ingress_address": "10.7.9.0",
        }
    )
    assert len(given.pool) == 256


def test_addresses_follow_from_the_subnet() -> None:
    given = loading.load({"subnet": "10.7.0.0/16"})
    assert (str(given.gateway), str(given.pool), str(given.ingress_address)) == (
        "10.7.0.1",
        "10.7.0.10-10.7.0.15",
        "10.7.0.13",
    )
    assert given.translate("172.20.0.13") == "10.7.0.13"


def test_one_address_may_be_set_and_the_others_follow() -> None:
    given = loading.load({"subnet": "10.7.0.0/24", "ingress_address": "10.7.0.15"})
    assert (str(given.pool), str(given.ingress_address)) == ("10.7.0.10-10.7.0.15", "10.7.0.15")


def test_settings_are_immutable() -> None:
    with pytest.raises(ValidationError):
        loading.load({}).keep_lab = True


def test_tutorial_values_are_translated() -> None:
    given = loading.load(
        {"subnet": "10.7.0.0/24", "gateway": "10.7.0.1", "pool": "10.7.0.50-10.7.0.59", "ingress_address": "10.7.0.55"}
    )
    assert given.translate("172.20.0.0/24") == "10.7.0.0/24"
    assert given.translate("172.20.0.1") == "10.7.0.1"
    assert given.translate("172.20.0.10-172.20.0.15") == "10.7.0.50-10.7.0.59"
    assert given.translate("172.20.0.13") == "10.7.0.55"


def test_unknown_tutorial_value_is_rejected() -> None:
    with pytest.raises(KeyError):
        loading.load({}).translate("172.20.0.77")


def test_named_lab_has_names_and_a_loopback_address_of_its_own() -> None:
    first, second, plain = (loading.load({"name": name}) for name in ("one", "two", ""))
    for attribute in ("network_name", "cluster_name", "loopback"):
        assert len({getattr(each, attribute) for each in (first, second, plain)}) == 3
        assert getattr(loading.load({"name": "one"}), attribute) == getattr(first, attribute)
    assert (plain.network_name, plain.cluster_name) == ("lab-network", "k3s-default")
    assert first.loopback.is_loopback


def test_names_of_the_tutorials_lab_are_translated() -> None:
    given = loading.load({"name": "one"})
    assert given.translate("k3d-k3s-default") == "k3d-one"
    assert given.translate("127.0.0.1") == str(given.loopback)
    assert loading.load({}).translate("k3d-k3s-default") == "k3d-k3s-default"


@pytest.mark.parametrize("name", ["Lab", "1st", "a-", "a.b", "a" * 21])
def test_invalid_name_is_rejected(name: str) -> None:
    with pytest.raises(LabError, match=f"--name {name}"):
        loading.load({"name": name})


def test_empty_environment_variables_are_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in settings.Settings.model_fields:
        monkeypatch.setenv(f"KUBEFLOW_LAB_{name.upper()}", "")
    assert loading.load({}) == loading.load(dict.fromkeys(settings.Settings.model_fields))


def test_empty_options_are_not_given_except_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBEFLOW_LAB_NAME", "second")
    monkeypatch.setenv("KUBEFLOW_LAB_SUBNET", "10.7.0.0/24")
    given = loading.load({"subnet": "", "gateway": "", "source": "", "name": ""})
    assert (str(given.subnet), str(given.gateway), given.source, given.name) == ("10.7.0.0/24", "10.7.0.1", None, "")


def test_invalid_environment_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBEFLOW_LAB_KEEP_LAB", "maybe")
    seen = load_error(subnet="a")
    assert "--keep-lab maybe: Input should be a valid boolean" in seen
    assert seen.endswith("(in the environment variable KUBEFLOW_LAB_KEEP_LAB)")
    assert "KUBEFLOW_LAB_SUBNET" not in seen


@pytest.mark.parametrize(
    ("option", "value", "reason"),
    [
        ("--release", "0.1", "Kubeflow 0.1 is not supported by this suite: choose one of 1.7, "),
        ("--source", "/no/such/file.toml", "there is no such file"),
        ("--source", "/", "this is a directory, and not a TOML file"),
        ("--source", "a" * 300, "the file cannot be read: File name too long"),
        ("--manifests", "/no/such/directory", "this is neither a directory nor the URL of a Git repository"),
        ("--subnet", "0.0.0.0/0", "is too large"),
    ],
)
def test_unusable_value_is_named(option: str, value: str, reason: str) -> None:
    seen = load_error(**{option.removeprefix("--").replace("-", "_"): value})
    assert seen.startswith(f"{option} {value}: ")
    assert reason in seen


def test_all_contradictions_are_named_together() -> None:
    seen = load_error(gateway="172.21.0.1", pool="172.22.0.1-172.22.0.9", ingress_address="172.23.0.1")
    assert [line.split()[1] for line in seen.splitlines()] == ["gateway", "pool", "ingress"]


def test_home_directory_is_expanded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "source.toml").touch()
    given = loading.load({"manifests": "~/", "source": "~/source.toml"})
    assert (given.manifests, given.source) == (str(tmp_path), tmp_path / "source.toml")


class TestWithout:
    """Parts that an existing cluster does not have are named as the release names them."""

    @pytest.mark.parametrize("text", ["katib", "Katib,KServe", "kubeflow-pipelines, Knative Eventing", "katib,"])
    def test_names_are_accepted_in_any_case(self, text: str) -> None:
        assert loading.load({"lab": "existing", "without": text}).without

    def test_an_unknown_name_is_rejected_with_the_list(self) -> None:
        seen = load_error(lab="existing", without="katib,kubefow")
        assert seen.startswith(
            "--without katib,kubefow: Kubeflow 1.7.0 has no part 'kubefow' that can be missing, only dex"
        )
        assert "kserve" in seen

    def test_a_required_part_is_rejected(self) -> None:
        assert "nothing works without istio" in load_error(lab="existing", without="istio")

    def test_an_installed_lab_has_all_parts(self) -> None:
        assert load_error(without="katib").startswith("--without: only with --lab existing")

    def test_in_the_file_is_named_with_its_origin(self) -> None:
        write_file('without = "katib"')
        assert load_error().endswith("(without in kubeflow-lab.toml)")


@pytest.mark.parametrize("profile", ["Ada", "a b", "-a", "a" * 64])
def test_invalid_profile_is_rejected(profile: str) -> None:
    assert "this is not the name of a Profile" in load_error(profile=profile)


@pytest.mark.parametrize("user", ["", "two words", "user@example.com "])
def test_a_user_without_a_name_is_rejected(user: str) -> None:
    assert "email address" in load_error(user=user)


def test_contradictions_are_named_together_with_invalid_values() -> None:
    seen = load_error(lab="minikube", gateway="172.21.0.1", keep_lab="maybe").splitlines()
    assert [line.split()[0] for line in seen] == ["--lab", "--keep-lab", "the"]
    assert seen[2] == "the gateway 172.21.0.1 is outside the subnet 172.20.0.0/24"
