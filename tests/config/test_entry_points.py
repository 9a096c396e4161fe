"""lab/config/entry_points.py: the URLs of --url, and what each invalid one is rejected with."""

from __future__ import annotations

import pytest

from lab.config.entry_points import (
    INGRESS_URL,
    PORT_FORWARD_URL,
    is_secure_context,
    parse_url,
    port_of,
    select_main,
    split_urls,
)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://kubeflow.corp.example", "https://kubeflow.corp.example"),
        ("https://kubeflow.corp.example/", "https://kubeflow.corp.example"),
        ("HTTPS://Kubeflow.Corp.Example:443", "https://kubeflow.corp.example"),
        ("http://10.1.2.3:8080", "http://10.1.2.3:8080"),
        ("http://localhost:80/", "http://localhost"),
        ("https://[2001:DB8::1]:8443", "https://[2001:db8::1]:8443"),
        ("https://küche.example", "https://xn--kche-0ra.example"),
    ],
)
def test_a_url_gets_its_normal_form(text: str, url: str) -> None:
    assert parse_url(text) == url


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("kubeflow.corp.example", "the URL has no scheme: write https://kubeflow.corp.example or http://"),
        ("localhost:8080", "the URL has no scheme: write https://localhost:8080 or http://localhost:8080"),
        ("ftp://kubeflow.corp.example", "the scheme ftp is not supported, only http and https"),
        ("https://ada:geheim@kubeflow.corp.example", "the URL contains credentials: leave them out"),
        ("https://kubeflow.corp.example/_/jupyter", "the URL has a path or a query: .*, https://kubeflow.corp.example"),
        ("https://kubeflow.corp.example?ns=ada", "the URL has a path or a query"),
        ("https://kubeflow.corp.example/#/", "the URL has a path or a query"),
        ("https://kubeflow.corp.example:99999", "this is not a URL: Port out of range"),
        ("https://kubeflow.corp.example:web", "this is not a URL: Port could not be cast"),
        ("https://kubeflow.corp.example:0", "port 0 cannot be connected to"),
        ("https://", "the URL names no host"),
        ("https://[2001:db8::1", "this is not a URL: Invalid IPv6 URL"),
        ("https://*.corp.example", r"\*.corp.example is not the name of a host"),
        ("https://kube flow", "kube flow is not the name of a host"),
    ],
)
def test_an_invalid_url_is_rejected(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        parse_url(text)
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize("value", ["http://a, http://b", ["http://a", "http://b"], ["http://a,http://b", ""]])
def test_commas_and_repeated_options_separate_urls(value: object) -> None:
    assert split_urls(value) == ("http://a", "http://b")


def test_other_values_are_left_to_the_validation() -> None:
    assert split_urls(7) == 7


@pytest.mark.parametrize(
    ("url", "expected"),
    [(PORT_FORWARD_URL, True), ("https://a.example", True), (INGRESS_URL, False), ("http://10.1.2.3", False)],
)
def test_https_and_localhost_are_secure_contexts(url: str, expected: bool) -> None:
    assert is_secure_context(url) is expected


def test_the_main_entry_point_is_no_port_forward_if_there_is_another() -> None:
    assert select_main([PORT_FORWARD_URL, INGRESS_URL]) == INGRESS_URL
    assert select_main([PORT_FORWARD_URL]) == PORT_FORWARD_URL


def test_ports_follow_from_the_scheme() -> None:
    assert [port_of(url) for url in ("http://a", "https://a", "https://a:8443")] == [80, 443, 8443]
