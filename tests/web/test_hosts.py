"""lab/web/hosts.py: the hosts of the lab have addresses, other hosts have none."""

from __future__ import annotations

from ipaddress import IPv4Network

import pytest

from lab.config.settings import Settings
from lab.web import hosts


@pytest.fixture
def settings() -> Settings:
    """The settings of a lab with a name and a subnet of its own."""
    return Settings(name="one", subnet=IPv4Network("172.20.7.0/24"))


def test_localhost_is_the_loopback_address_of_the_lab(settings: Settings) -> None:
    assert hosts.resolve("localhost", settings) == settings.loopback
    assert str(hosts.resolve("localhost", Settings())) == "127.0.0.1"


@pytest.mark.parametrize("host", [hosts.NGINX_HOST, hosts.KUBEFLOW_HOST, "second.example.it"])
def test_hosts_of_the_domain_are_the_ingress_controller(host: str, settings: Settings) -> None:
    assert str(hosts.resolve(host, settings)) == "172.20.7.13"


@pytest.mark.parametrize(
    "host", ["www.example.com", "example.it", "example.it.example.com", "notexample.it", "127.0.0.1"]
)
def test_other_hosts_have_no_address(host: str, settings: Settings) -> None:
    assert hosts.resolve(host, settings) is None


def test_chromium_rules_resolve_the_hosts_of_the_lab_only(settings: Settings) -> None:
    assert hosts.chromium_rules(settings).split(", ") == [
        f"MAP localhost {settings.loopback}",
        "MAP *.example.it 172.20.7.13",
        "MAP * ~NOTFOUND",
        "EXCLUDE 127.0.0.1",
        f"EXCLUDE {settings.loopback}",
        "EXCLUDE 172.20.7.13",
    ]
