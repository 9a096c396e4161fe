"""The defaults that a later release changes for the people who log in, and for those who administrate Kubeflow."""

from __future__ import annotations

from collections.abc import Iterator

from lab.k8s.objects import get_nested
from lab.upgrades.findings import Finding, Topic
from lab.upgrades.tree import Tree

POD_SECURITY = "pod-security.kubernetes.io/enforce"


def list_default_findings(old: Tree, new: Tree) -> Iterator[Finding]:
    """Yield the changed defaults, each with its earlier and its later value.

    Args:
        old: The tree that was applied.
        new: The tree to be applied.
    """
    before, after = old.release.auth_proxy, new.release.auth_proxy
    replaced = "after the upgrade, everybody must log in again" if before.name != after.name else ""
    for name, values, consequence in (
        ("auth proxy", (before.name, after.name), replaced),
        ("workload of the auth proxy", (before.workload, after.workload), ""),
        ("first page without a session", (before.first_page, after.first_page), "change automated logins"),
        ("session cookie", (before.session_cookie, after.session_cookie), replaced),
        (
            "path to which Dex redirects after a login",
            (before.callback, after.callback),
            "register it as redirect URI in every Dex of your own",
        ),
        ("request that logs out", (_describe_logout(old), _describe_logout(new)), ""),
        (
            "file of the owner's password",
            (_describe_password(old), _describe_password(new)),
            "set your own password there before the manifests are applied; otherwise it is the default again",
        ),
        ("way to apply", (old.release.manifests.apply, new.release.manifests.apply), ""),
    ):
        if values[0] != values[1]:
            yield Finding(Topic.DEFAULTS, f"{name}: {values[0]} becomes {values[1]}", (name,), advice=consequence)
    yield from _compare_namespaces(old, new)
    yield from _compare_pod_security(old, new)


def _describe_logout(tree: Tree) -> str:
    logout = tree.release.auth_proxy.logout
    return f"{logout.method} {logout.path}"


def _describe_password(tree: Tree) -> str:
    return f"{tree.release.password.file} ({tree.release.password.key})"


def _compare_namespaces(old: Tree, new: Tree) -> Iterator[Finding]:
    before, after = ({key.ref.name for key, _ in tree.list_kind("Namespace")} for tree in (old, new))
    if added := sorted(after - before):
        yield Finding(Topic.DEFAULTS, "the release has further namespaces", tuple(added))


def _compare_pod_security(old: Tree, new: Tree) -> Iterator[Finding]:
    """Yield the namespaces in which the API server rejects more pods than before."""
    for key, namespace in new.list_kind("Namespace"):
        before, after = (
            get_nested(obj or {}, "metadata", "labels", POD_SECURITY) or "no"
            for obj in (old.objects.get(key), namespace)
        )
        if before != after and key in old.objects:
            yield Finding(
                Topic.DEFAULTS,
                f"Pod Security in the namespace {key.ref.name}: {before} level becomes the level {after}",
                (str(key),),
                advice=f"check your own pods in it: `kubectl label --dry-run=server --overwrite ns {key.ref.name} "
                f"{POD_SECURITY}={after}` prints those that violate it",
            )
