"""The selection of scenarios: not every scenario applies to each kind of lab and each release."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from lab.config.settings import Settings
from lab.releases import Release

AUTHSERVICE = "oidc-authservice"
"""The auth proxy of the tutorial, and the tag of the scenarios that only apply to it."""


def reason_to_deselect(tags: Collection[str], row: Mapping[str, str], settings: Settings, release: Release) -> str:
    """Return why a scenario does not apply to a run; empty if it applies.

    Args:
        tags: The tags of the scenario and of its feature.
        row: The row of its table of examples, by column; empty if it has none.
        settings: The settings of the run.
        release: The release of the run.
    """
    return _reason_by_tag(tags, settings, release) or _reason_by_row(row, release)


def _reason_by_tag(tags: Collection[str], settings: Settings, release: Release) -> str:
    if "docker" in tags and not settings.kind.has_docker:
        return "inspects the lab's own Docker, which an existing cluster need not have"
    if "changes" in tags and not settings.kind.is_installed:
        return "changes Kubeflow temporarily, which is not done to an existing cluster"
    if "pinned" in tags and settings.manifests:
        return "checks the release's own manifests, and other manifests were given"
    if AUTHSERVICE in tags and release.auth_proxy.name != AUTHSERVICE:
        return f"checks {AUTHSERVICE}, and Kubeflow {release.kubeflow} uses {release.auth_proxy.name}"
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
