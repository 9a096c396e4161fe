"""The selection of scenarios: not every scenario applies to each kind of lab and each release."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from lab.config.entry_points import INGRESS_URL, PORT_FORWARD_URL, is_secure_context
from lab.config.settings import Settings
from lab.releases import Release

AUTHSERVICE = "oidc-authservice"
"""The auth proxy of the tutorial, and the tag of the scenarios that only apply to it."""

ENTRY_POINT = "entry_point"
"""The column of a table of examples that lists entry points."""


def reason_to_deselect(tags: Collection[str], row: Mapping[str, str], settings: Settings, release: Release) -> str:
    """Return why a scenario does not apply to a run; empty if it applies.

    Args:
        tags: The tags of the scenario and of its feature.
        row: The row of its table of examples, by column; empty if it has none.
        settings: The settings of the run.
        release: The release of the run.
    """
    return (
        _reason_by_tag(tags, settings, release)
        or _reason_by_entry_point(tags, row, settings)
        or _reason_by_row(row, release)
    )


def _reason_by_tag(tags: Collection[str], settings: Settings, release: Release) -> str:
    if "docker" in tags and not settings.kind.has_docker:
        return "inspects the lab's own Docker, which an existing cluster need not have"
    if "changes" in tags and not settings.kind.is_installed:
        return "changes Kubeflow temporarily, which is not done to an existing cluster"
    if "admission_webhook" in tags and not settings.kind.is_installed:
        return (
            "checks the webhook of the tutorial's Ingress controller, which that of an existing cluster need not have"
        )
    if settings.read_only and not {"changes", "creates"}.isdisjoint(tags):
        return "creates or changes objects in the cluster, which --read-only excludes"
    if "login_form" in tags and settings.session_cookie_file:
        return "uses the login form, and the owner's session comes from --session-cookie-file"
    if "pinned" in tags and settings.manifests:
        return "checks the release's own manifests, and other manifests were given"
    if "pinned" in tags and settings.remote_bases:
        return "checks the release's own manifests, and parts of them are replaced with --remote-bases"
    if AUTHSERVICE in tags and release.auth_proxy.name != AUTHSERVICE:
        return f"checks {AUTHSERVICE}, and Kubeflow {release.kubeflow} uses {release.auth_proxy.name}"
    return ""


def _reason_by_entry_point(tags: Collection[str], row: Mapping[str, str], settings: Settings) -> str:
    required = {"port_forward": PORT_FORWARD_URL, "kubeflow_ingress": INGRESS_URL}
    for tag, url in required.items():
        if tag in tags and url not in settings.entry_points:
            return f"checks {url}, which is none of the entry points of this run"
    url = row.get(ENTRY_POINT, "")
    if url and "secure_context" in tags and not is_secure_context(url):
        return "needs an entry point with HTTPS, or localhost: browsers store Secure cookies of no other"
    if url and "plain_http" in tags and is_secure_context(url):
        return "checks an entry point with plain HTTP, where browsers do not store Secure cookies"
    return ""


def _reason_by_row(row: Mapping[str, str], release: Release) -> str:
    """Return a reason for the columns whose values depend on the release; other columns apply to all releases."""
    values_of_release = {
        "branch": (release.manifests.branch,),
        "namespace": release.namespaces,
        "workload": tuple(name.partition("/")[2] for name in release.created_by_controllers),
        "component": tuple(component.name for component in release.components if component.workload),
        "uninstalled": tuple(component.name for component in release.components if not component.workload),
    }
    for column, value in row.items():
        if value not in values_of_release.get(column, (value,)):
            return f"applies to other releases, and not to Kubeflow {release.kubeflow}"
    return ""


def list_rows(rows: Iterable[Mapping[str, str]], settings: Settings) -> list[dict[str, str]]:
    """Return the rows of a table of examples for the entry points of a run.

    A table with the column `entry_point` lists those of the tutorial. If others are given with --url, each row is
    repeated for each of these.

    Args:
        rows: The rows of the feature.
        settings: The settings of the run.
    """
    repeated: list[dict[str, str]] = []
    for row in rows:
        urls = settings.url if ENTRY_POINT in row else ()
        for values in [{**row, ENTRY_POINT: url} for url in urls] or [dict(row)]:
            if values not in repeated:
                repeated.append(values)
    return repeated
