"""lab/web/hosts.py: the hosts of the lab have addresses, other hosts have none."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

import pytest

from lab.config.entry_points import KUBEFLOW_HOST
from lab.config.settings import Settings
from lab.web import hosts


@pytest.fixture
def settings() -> Settings:
    """The settings of a lab with a name and a subnet of its own."""
    return Settings(name="one", subnet=IPv4Network("172.20.7.0/24"))


def test_localhost_is_the_loopback_address_of_the_lab(settings: Settings) -> None:
    assert hosts.find_address("localhost", settings) == settings.loopback
    assert str(hosts.find_address("localhost", Settings())) == "127.0.0.1"


@pytest.mark.parametrize("host", [hosts.NGINX_HOST, KUBEFLOW_HOST, "second.example.it"])
def test_hosts_of_the_domain_are_the_ingress_controller(host: str, settings: Settings) -> None:
    assert str(hosts.find_address(host, settings)) == "172.20.7.13"


@pytest.mark.parametrize(
    "host", ["www.example.com", "example.it", "example.it.example.com", "notexample.it", "127.0.0.1"]
)
def test_other_hosts_are_none_of_the_lab(host: str, settings: Settings) -> None:
    assert not hosts.is_host_of_lab(host, settings)
    assert hosts.find_address(host, settings) is None


def test_chromium_rules_resolve_the_hosts_of_the_lab_only(settings: Settings) -> None:
    assert hosts.chromium_rules(settings).split(", ") == [
        f"MAP localhost {settings.loopback}",
        "MAP *.example.it 172.20.7.13",
        "MAP * ~NOTFOUND",
        "EXCLUDE 127.0.0.1",
        f"EXCLUDE {settings.loopback}",
        "EXCLUDE 172.20.7.13",
    ]


class TestGivenEntryPoints:
    """The hosts of --url belong to the lab; the system resolves them unless --ingress-address is given."""

    URLS = ("https://kubeflow.corp.example:8443", "http://localhost:7080", "http://10.1.2.3")

    def test_the_system_resolves_them(self) -> None:
        settings = Settings(lab="existing", url=self.URLS)
        assert hosts.is_host_of_lab("kubeflow.corp.example", settings)
        assert hosts.find_address("kubeflow.corp.example", settings) is None
        assert hosts.get_address("kubeflow.corp.example", settings) == "kubeflow.corp.example"
        assert not hosts.is_host_of_lab("sso.corp.example", settings)
        assert hosts.chromium_rules(settings).split(", ") == [
            "MAP localhost 127.0.0.1",
            "MAP *.example.it 172.20.0.13",
            "MAP * ~NOTFOUND",
            "EXCLUDE 127.0.0.1",
            "EXCLUDE 127.0.0.1",
            "EXCLUDE 172.20.0.13",
            "EXCLUDE kubeflow.corp.example",
            "EXCLUDE 10.1.2.3",
        ]

    def test_they_have_the_given_address(self) -> None:
        settings = Settings(lab="existing", url=self.URLS, ingress_address=IPv4Address("10.9.8.7"))
        assert hosts.get_address("kubeflow.corp.example", settings) == "10.9.8.7"
        assert hosts.get_address("10.1.2.3", settings) == "10.1.2.3"
        assert "MAP kubeflow.corp.example 10.9.8.7" in hosts.chromium_rules(settings)
