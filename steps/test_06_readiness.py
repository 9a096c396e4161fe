"""Chapter 6: Kubeflow is ready."""

from __future__ import annotations

from pytest_bdd import parsers, scenarios, then

from lab.k8s import certificates
from lab.k8s.workloads import describe_workload, is_workload_ready
from lab.layers.kubeflow import Kubeflow
from steps.shared import skip_if_omitted

scenarios("06_readiness.feature")


@then(parsers.parse("all pods in the namespace {namespace} are ready"))
def pods_are_ready(kubeflow: Kubeflow, namespace: str) -> None:
    """Check that Kubeflow's workloads in a namespace have pods, and that all of these are ready.

    Pods of other origin, such as a user's notebook, and pods that have ended are only noted.
    """
    namespace = kubeflow.owner.translate(namespace)
    skip_if_omitted(kubeflow, namespace, f"workloads in the namespace {namespace}")
    report = kubeflow.inspect_namespace(namespace)
    if not report.pods and kubeflow.has_workloads(namespace):
        lines = [f"the namespace {namespace} has no pods", *kubeflow.list_stopped_workloads(), *report.problems]
        raise AssertionError("\n".join(lines))
    assert not report.problems, "\n".join([f"pods in the namespace {namespace} are not ready:", *report.problems])


@then("every workload has all its replicas ready")
def replicas_are_ready(kubeflow: Kubeflow) -> None:
    """Check all workloads; one that is set to 0 replicas in the manifests, such as pingsource-mt-adapter, is ready."""
    workloads = kubeflow.list_workloads()
    assert workloads, "the namespaces of Kubeflow have no workloads"
    incomplete = [describe_workload(workload) for workload in workloads if not is_workload_ready(workload)]
    assert not incomplete, f"workloads do not have all their replicas ready: {', '.join(incomplete)}"
    stopped = kubeflow.list_stopped_workloads()
    assert not stopped, "\n".join(stopped)


@then("every Certificate of the manifests is ready")
def certificates_are_ready(kubeflow: Kubeflow) -> None:
    """Check the condition Ready of each Certificate, as cert-manager reports it."""
    existing = kubeflow.lab.kube.list_objects(certificates.KIND)
    unready = certificates.describe_unready(kubeflow.certificates, existing)
    assert not unready, "\n".join([*unready, certificates.REMEDY])


@then(parsers.parse("the namespace {namespace} belongs to {owner}"))
def namespace_belongs_to(kubeflow: Kubeflow, namespace: str, owner: str) -> None:
    """Check the owner, which the Profile controller copies from the Profile to the namespace."""
    namespace, owner = kubeflow.owner.translate(namespace), kubeflow.owner.translate(owner)
    found = kubeflow.lab.kube.get("Namespace", namespace) or {"metadata": {}}
    seen = (found["metadata"].get("annotations") or {}).get("owner")
    assert seen == owner, (
        f"expected the owner {owner} of the namespace {namespace}, seen {seen}: "
        f"check the Profile {namespace} and the log of the Profile controller"
    )


@then(parsers.parse("the workload {name} is ready in that namespace"))
def profile_workload_is_ready(kubeflow: Kubeflow, name: str) -> None:
    """Check a Deployment in the namespace of the Profile."""
    namespace = kubeflow.owner.namespace
    skip_if_omitted(kubeflow, f"{namespace}/{name}", "Kubeflow Pipelines")
    workload = kubeflow.lab.kube.get("Deployment", name, namespace)
    assert workload is not None, f"the Deployment {name} does not exist in the namespace {namespace}"
    assert is_workload_ready(workload), f"the Deployment {name} in the namespace {namespace} is not ready"
