"""lab/settings.py: what can be set, where it comes from, and what is said of values that do not fit."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

import pytest
from pydantic import ValidationError

from lab import settings
from lab.addresses import AddressRange
from lab.errors import LabError


def refusal(**options: str) -> str:
    """What is said of these options."""
    with pytest.raises(LabError) as caught:
        settings.load(options)
    assert caught.value.what == "the settings are not valid, nothing was changed"
    assert caught.value.remedy
    return caught.value.seen


def test_the_defaults_are_the_tutorial_s() -> None:
    given = settings.load({})
    assert (given.lab, given.release, given.verify_only, given.keep_lab) == ("embedded", "1.7", False, False)
    assert (given.subnet, given.gateway) == (IPv4Network("172.20.0.0/24"), IPv4Address("172.20.0.1"))
    assert (str(given.pool), given.ingress_address) == ("172.20.0.10-172.20.0.15", IPv4Address("172.20.0.13"))


def test_an_option_that_is_not_given_changes_nothing() -> None:
    assert settings.load(dict.fromkeys(settings.Settings.model_fields)) == settings.load({})


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
    """All of them, from either place."""

    def test_comes_from_the_command_line(self, name: str, text: str, value: object) -> None:
        assert getattr(settings.load({name: text}), name) == value

    def test_comes_from_the_environment(
        self, name: str, text: str, value: object, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(f"KUBEFLOW_LAB_{name.upper()}", text)
        assert getattr(settings.load({name: None}), name) == value


def test_the_command_line_wins_over_the_environment_and_that_over_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBEFLOW_LAB_INGRESS_ADDRESS", "172.20.0.14")
    monkeypatch.setenv("KUBEFLOW_LAB_RELEASE", "1.8")
    given = settings.load({"ingress_address": "172.20.0.15"})
    assert (str(given.ingress_address), given.release, given.lab) == ("172.20.0.15", "1.8", "embedded")


@pytest.mark.parametrize(
    ("option", "value", "because"),
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
class TestAValueThatIsNone:
    """A value that cannot be read is named with its option."""

    def test_on_the_command_line(self, option: str, value: str, because: str) -> None:
        seen = refusal(**{option.removeprefix("--").replace("-", "_"): value})
        assert seen.startswith(f"{option} {value}: ")
        assert because in seen

    def test_in_the_environment(self, option: str, value: str, because: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("KUBEFLOW_LAB_" + option.removeprefix("--").replace("-", "_").upper(), value)
        seen = refusal()
        assert seen.startswith(f"{option} {value}: ")
        assert because in seen


@pytest.mark.parametrize(
    ("options", "finding"),
    [
        ({"gateway": "172.21.0.1"}, "the gateway 172.21.0.1 is outside of the subnet 172.20.0.0/24"),
        ({"gateway": "172.20.0.0"}, "the gateway 172.20.0.0 is outside of the subnet 172.20.0.0/24"),
        ({"gateway": "172.20.0.255"}, "the gateway 172.20.0.255 is outside of the subnet 172.20.0.0/24"),
        ({"gateway": "172.20.0.12"}, "the gateway 172.20.0.12 is inside of the pool 172.20.0.10-172.20.0.15"),
        ({"subnet": "10.0.0.0/24"}, "the gateway 172.20.0.1 is outside of the subnet 10.0.0.0/24"),
        ({"subnet": "172.20.0.0/29"}, "the pool 172.20.0.10-172.20.0.15 is not inside of the subnet 172.20.0.0/29"),
        ({"pool": "172.20.0.13-172.20.1.13"}, "the pool 172.20.0.13-172.20.1.13 is not inside of the subnet"),
        ({"pool": "172.20.0.13-172.20.0.255"}, "the pool 172.20.0.13-172.20.0.255 is not inside of the subnet"),
        ({"ingress_address": "172.20.0.16"}, "the ingress address 172.20.0.16 is outside of the pool 172.20.0.10-"),
        ({"ingress_address": "172.20.0.9"}, "the ingress address 172.20.0.9 is outside of the pool 172.20.0.10-"),
        ({"pool": "172.20.0.20-172.20.0.30"}, "the ingress address 172.20.0.13 is outside of the pool 172.20.0.20-"),
    ],
)
def test_values_that_do_not_fit_together_are_both_named(options: dict[str, str], finding: str) -> None:
    assert finding in refusal(**options)


def test_all_values_that_cannot_be_read_are_named_at_once() -> None:
    assert len(refusal(subnet="a", gateway="b", pool="c").splitlines()) == 3


def test_another_range_can_be_had_as_a_whole() -> None:
    given = settings.load(
        {
            "subnet": "10.7.0.0/16",
            "gateway": "10.7.0.1",
            "pool": "10.7.9.0-10.7.9.255",
            "ingress_address": "10.7.9.0",
        }
    )
    assert len(given.pool) == 256


def test_settings_do_not_change_during_a_run() -> None:
    with pytest.raises(ValidationError):
        settings.load({}).keep_lab = True


def test_the_tutorial_s_values_are_what_was_set_in_their_place() -> None:
    given = settings.load(
        {"subnet": "10.7.0.0/24", "gateway": "10.7.0.1", "pool": "10.7.0.50-10.7.0.59", "ingress_address": "10.7.0.55"}
    )
    assert given.here("172.20.0.0/24") == "10.7.0.0/24"
    assert given.here("172.20.0.1") == "10.7.0.1"
    assert given.here("172.20.0.10-172.20.0.15") == "10.7.0.50-10.7.0.59"
    assert given.here("172.20.0.13") == "10.7.0.55"


def test_a_value_that_the_tutorial_does_not_have_is_refused() -> None:
    with pytest.raises(KeyError):
        settings.load({}).here("172.20.0.77")


def test_a_lab_with_a_name_has_names_and_a_loopback_address_of_its_own() -> None:
    first, second, plain = (settings.load({"name": name}) for name in ("one", "two", ""))
    for of in ("network_name", "cluster_name", "loopback"):
        assert len({getattr(each, of) for each in (first, second, plain)}) == 3
        assert getattr(settings.load({"name": "one"}), of) == getattr(first, of)
    assert (plain.network_name, plain.cluster_name) == ("lab-network", "k3s-default")
    assert first.loopback.is_loopback


def test_what_the_tutorial_s_lab_is_called_is_what_this_one_is_called() -> None:
    given = settings.load({"name": "one"})
    assert given.here("k3d-k3s-default") == "k3d-one"
    assert given.here("127.0.0.1") == str(given.loopback)
    assert settings.load({}).here("k3d-k3s-default") == "k3d-k3s-default"


@pytest.mark.parametrize("name", ["Lab", "1st", "a-", "a.b", "a" * 21])
def test_a_name_that_no_cluster_can_have_is_refused(name: str) -> None:
    with pytest.raises(LabError, match=f"--name {name}"):
        settings.load({"name": name})
