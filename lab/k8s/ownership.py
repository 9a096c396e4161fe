"""The workloads that belong to an installation, and the workload that each pod belongs to.

On a cluster in use, the namespaces of an installation contain pods of other origin: notebooks, jobs and pipeline runs
of users, and workloads that other people have added.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from lab.k8s.objects import Object, ObjectRef, namespace_of

CONTROLLERS = ("Deployment", "StatefulSet", "DaemonSet", "Job")
"""The kinds of workloads whose pods are created by controllers of Kubernetes."""
KINDS = (*CONTROLLERS, "CronJob", "ReplicaSet", "Pod")
"""The kinds of objects that an installation can consist of, and that run as pods."""
HASH_LABEL = "pod-template-hash"
"""The label with which a Deployment distinguishes its ReplicaSets: their names end with its value."""


def list_owned(manifests: Iterable[Object], deployments: Collection[str]) -> frozenset[ObjectRef]:
    """Return the workloads and the pods that belong to an installation.

    Args:
        manifests: The objects of the manifests.
        deployments: NAMESPACE/NAME of Deployments that controllers of the installation create.
    """
    names = (deployment.partition("/") for deployment in deployments)
    created = (ObjectRef("Deployment", name, namespace) for namespace, _, name in names)
    return frozenset({*created, *(_locate(obj) for obj in manifests if _runs_pods(obj))})


def find_workload(pod: Object, replica_sets: Mapping[str, Object]) -> ObjectRef:
    """Return the object at the top of a pod's chain of controllers: a pod without a controller is its own.

    Of a Job, the chain ends with the Job, also if a CronJob has created it.

    Args:
        pod: The pod.
        replica_sets: The ReplicaSets of the cluster, by uid.
    """
    namespace = pod["metadata"]["namespace"]
    controller = find_controller(pod)
    if controller is None:
        return ObjectRef("Pod", pod["metadata"]["name"], namespace)
    if controller["kind"] == "ReplicaSet":
        if replica_set := replica_sets.get(controller["uid"]):
            controller = find_controller(replica_set) or controller
        else:
            # The ReplicaSet has just been created, or is already deleted.
            suffix = f"-{(pod['metadata'].get('labels') or {}).get(HASH_LABEL)}"
            if (name := controller["name"]).endswith(suffix):
                return ObjectRef("Deployment", name.removesuffix(suffix), namespace)
    return ObjectRef(controller["kind"], controller["name"], namespace)


def find_controller(obj: Object) -> Object | None:
    """Return the reference to the controller of an object, or None."""
    references: list[Object] = obj["metadata"].get("ownerReferences") or []
    return next((reference for reference in references if reference.get("controller")), None)


def _runs_pods(obj: Object) -> bool:
    """Return whether an object of manifests is a workload or a pod; a name may be missing (generateName)."""
    return obj.get("kind") in KINDS and "name" in (obj.get("metadata") or {})


def _locate(obj: Object) -> ObjectRef:
    """Return the reference to an object of manifests, which may lack the namespace."""
    return ObjectRef(obj["kind"], obj["metadata"]["name"], namespace_of(obj))
