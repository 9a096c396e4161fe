"""The objects that stay in the cluster when the manifests of a later release are applied, which lack them.

`kubectl apply` deletes nothing. Most of these objects have no effect any more, some keep answering requests in place of
their successors, and some must never be deleted, because they contain people's work.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from lab.k8s.objects import Object, ObjectRef, get_nested
from lab.k8s.pod_templates import TEMPLATES
from lab.upgrades.findings import Finding, Topic
from lab.upgrades.tree import HASHED_KINDS, Key, Tree, remove_hash

WEBHOOKS = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")


@dataclass(frozen=True)
class Group:
    """Left-behind objects of some kinds that have the same effect.

    Args:
        effect: The effect.
        kinds: The kinds; empty for all.
        has: Returns whether an object of these kinds has the effect; None if each has it.
        blocks: Whether people cannot work before the objects are deleted.
        title: The remedy, if it is to delete the objects; empty if they must not be deleted.
        advice: Another remedy, or what to know about the deletion.
    """

    effect: str
    kinds: Collection[str] = ()
    has: Callable[[Key, Object], bool] | None = None
    blocks: bool = False
    title: str = ""
    advice: str = ""

    def contains(self, key: Key, obj: Object) -> bool:
        """Return whether an object belongs to the group."""
        return (not self.kinds or key.ref.kind in self.kinds) and (self.has is None or self.has(key, obj))


def find_left_behind(old: Tree, new: Tree) -> dict[Key, Object]:
    """Return the objects of the old tree that the new one lacks, by their identity."""
    return {key: obj for key, obj in old.objects.items() if key not in new.objects}


def list_left_behind(old: Tree, new: Tree) -> Iterator[Finding]:
    """Yield what applying the new tree leaves in a cluster with the old one, by effect.

    Args:
        old: The tree that was applied.
        new: The tree to be applied.
    """
    rest = find_left_behind(old, new)
    for group in _list_groups(old, new):
        keys = sorted(key for key, obj in rest.items() if group.contains(key, obj))
        if not keys:
            continue
        for key in keys:
            del rest[key]
        yield Finding(
            Topic.LEFT_BEHIND,
            group.effect,
            tuple(map(str, keys)),
            blocks=group.blocks,
            title=group.title,
            commands=tuple(_list_deletions(keys)) if group.title else (),
            advice=group.advice,
        )


def _list_groups(old: Tree, new: Tree) -> list[Group]:
    """Return the groups, the first of which that an object belongs to is that of the object."""
    proxy = ObjectRef.parse(old.release.auth_proxy.ext_authz_object)
    generated = {remove_hash(key.ref) for key in new.objects}
    return [
        Group(
            "the gateway asks the auth proxy of the earlier release about every request",
            has=lambda key, _: key.ref == proxy,
            blocks=True,
            title="delete the object by which the gateway asks the earlier auth proxy",
        ),
        Group(
            "the API server ignores the failure of a webhook of the earlier release",
            WEBHOOKS,
            has=lambda _, obj: not _rejects(obj),
            title="delete the webhooks whose failure is ignored",
        ),
        Group(
            "a webhook calls a Service that no workload answers, so the API server rejects what it is called for",
            WEBHOOKS,
            has=lambda _, obj: not _is_answered(obj, old, new),
            blocks=True,
            title="delete the webhooks that no workload answers",
        ),
        Group(
            "a webhook of the earlier release is still called, and blocks writes as soon as its workload is deleted",
            WEBHOOKS,
            title="delete the webhooks of the earlier release",
            advice="delete them before the workload",
        ),
        Group(
            "a workload of the earlier release keeps running",
            TEMPLATES,
            title="delete the workloads of the earlier release",
        ),
        Group(
            "a CustomResourceDefinition, and with it all objects of its kind, is no longer used",
            ("CustomResourceDefinition",),
            advice="keep it as long as people need these objects: to delete it deletes all of them",
        ),
        Group(
            "a volume with data is no longer used",
            ("PersistentVolumeClaim", "PersistentVolume"),
            advice="keep it until its data is copied: to delete it may delete the data",
        ),
        Group(
            "a namespace, with everything that people have created in it, is no longer used",
            ("Namespace",),
            advice="keep it until nothing in it is needed: to delete it deletes everything in it",
        ),
        Group(
            "a route still leads to a Service of the earlier release",
            ("VirtualService", "Gateway", "DestinationRule", "Ingress"),
            title="delete the routes of the earlier release",
        ),
        Group(
            "a policy of the earlier release is still in force",
            ("AuthorizationPolicy", "RequestAuthentication", "PeerAuthentication", "NetworkPolicy", "EnvoyFilter"),
            title="delete the policies of the earlier release",
        ),
        Group(
            "a ConfigMap or Secret has been replaced by one with another hash in its name, and has no effect",
            HASHED_KINDS,
            has=lambda key, _: remove_hash(key.ref) != key.ref and remove_hash(key.ref) in generated,
            title="delete the settings that have been replaced",
        ),
        Group(
            "an object is no longer part of the release",
            title="delete the other objects that are no longer part of the release",
        ),
    ]


def _is_answered(configuration: Object, old: Tree, new: Tree) -> bool:
    """Return whether a workload answers each webhook of a configuration after the new tree was applied."""
    applied = Tree(new.name, new.release, {**old.objects, **new.objects})
    services = [get_nested(webhook, "clientConfig", "service") for webhook in configuration.get("webhooks") or []]
    return all(
        applied.find_workloads(ObjectRef("Service", service["name"], service["namespace"]))
        for service in services
        if service
    )


def _rejects(configuration: Object) -> bool:
    """Return whether the API server rejects objects for which it cannot call a webhook; Fail is the default."""
    return any(webhook.get("failurePolicy", "Fail") == "Fail" for webhook in configuration.get("webhooks") or [])


def _list_deletions(keys: list[Key]) -> Iterator[str]:
    """Yield commands that delete objects, one for each namespace; to repeat a command has no effect."""
    by_namespace: dict[str, list[Key]] = {}
    for key in keys:
        by_namespace.setdefault(key.ref.namespace, []).append(key)
    for namespace, found in by_namespace.items():
        option = f"-n {namespace} " if namespace else ""
        yield f"kubectl delete {option}{' '.join(map(_name, found))} --ignore-not-found"


def _name(key: Key) -> str:
    """Return the name for kubectl, with the group of kinds that several groups may have."""
    kind = key.ref.kind.lower()
    return f"{kind}.{key.group}/{key.ref.name}" if key.group else f"{kind}/{key.ref.name}"
