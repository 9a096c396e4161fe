"""Which scenarios a run can mean anything by: not all that the features tell is true of each lab and each release."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from lab.releases import Release
from lab.settings import Settings

AUTHSERVICE = "oidc-authservice"
"""The front end that the tutorial has, and the tag of what is about it alone."""


def reason_to_leave_out(tags: Collection[str], row: Mapping[str, str], settings: Settings, release: Release) -> str:
    """Why a scenario does not apply to a run; empty where it does.

    Arguments:
        tags: those of the scenario and of its feature.
        row: of its table of examples, by column.
    """
    return _by_tag(tags, settings, release) or _by_row(row, release)


def _by_tag(tags: Collection[str], settings: Settings, release: Release) -> str:
    existing = settings.lab == "existing"
    if existing and "docker" in tags:
        return "about the lab's own Docker, which an existing cluster need not be in"
    if existing and "changes" in tags:
        return "changes Kubeflow for a moment, which is not done to an existing cluster"
    if settings.manifests and "pinned" in tags:
        return "about the release's own manifests, and these are others"
    if AUTHSERVICE in tags and release.front_end.name != AUTHSERVICE:
        return f"about {AUTHSERVICE}, and Kubeflow {release.kubeflow} has {release.front_end.name} in its place"
    return ""


def _by_row(row: Mapping[str, str], release: Release) -> str:
    """By what a column is of: those that are not listed here are of no release's own."""
    known = {
        "branch": (release.manifests.branch,),
        "namespace": release.namespaces,
        "workload": tuple(name.partition("/")[2] for name in release.created_later),
        "component": tuple(one.name for one in release.components if one.workload),
        "uninstalled": tuple(one.name for one in release.components if not one.workload),
    }
    for column, name in row.items():
        if name not in known.get(column, (name,)):
            return f"about what other releases have, and Kubeflow {release.kubeflow} has not in this way"
    return ""
