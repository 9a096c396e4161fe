"""lab/config/selection.py: the rows of tables for the entry points of a run."""

from __future__ import annotations

import pytest

from lab import releases
from lab.config.entry_points import INGRESS_URL, PORT_FORWARD_URL
from lab.config.selection import list_rows, reason_to_deselect
from lab.config.settings import Settings

HTTPS = "https://kubeflow.corp.example"
ROWS = [{"entry_point": url, "user": user} for url in (PORT_FORWARD_URL, INGRESS_URL) for user in ("owner", "other")]


def test_the_tutorials_entry_points_have_the_rows_of_the_feature() -> None:
    assert list_rows(ROWS, Settings()) == ROWS


def test_each_row_is_repeated_for_the_given_entry_points() -> None:
    settings = Settings(lab="existing", url=(HTTPS, PORT_FORWARD_URL))
    assert list_rows(ROWS, settings) == [
        {"entry_point": url, "user": user} for user in ("owner", "other") for url in (HTTPS, PORT_FORWARD_URL)
    ]


def test_tables_without_entry_points_are_unchanged() -> None:
    rows = [{"path": "/jupyter/"}]
    assert list_rows(rows, Settings(lab="existing", url=(HTTPS,))) == rows


@pytest.mark.parametrize(
    ("tag", "url", "reason"),
    [
        ("secure_context", HTTPS, ""),
        ("secure_context", PORT_FORWARD_URL, ""),
        ("secure_context", "http://kubeflow.corp.example", "needs an entry point with HTTPS, or localhost"),
        ("plain_http", HTTPS, "checks an entry point with plain HTTP"),
        ("plain_http", "http://kubeflow.corp.example", ""),
        ("port_forward", HTTPS, f"checks {PORT_FORWARD_URL}, which is none of the entry points"),
        ("port_forward", PORT_FORWARD_URL, ""),
        ("kubeflow_ingress", HTTPS, f"checks {INGRESS_URL}, which is none of the entry points"),
    ],
)
def test_scenarios_about_other_entry_points_are_deselected(tag: str, url: str, reason: str) -> None:
    settings = Settings(lab="existing", url=(url,))
    found = reason_to_deselect({tag}, {"entry_point": url}, settings, releases.load("1.7"))
    assert found.startswith(reason)
    assert bool(found) == bool(reason)


def test_another_ingress_controller_needs_no_webhook() -> None:
    release = releases.load("1.7")
    existing = reason_to_deselect({"ingress", "admission_webhook"}, {}, Settings(lab="existing"), release)
    assert existing.startswith("checks the webhook of the tutorial's Ingress controller")
    for installed in (Settings(), Settings(lab="k3d")):
        assert reason_to_deselect({"ingress", "admission_webhook"}, {}, installed, release) == ""
