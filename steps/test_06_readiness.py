"""Chapter 6: Kubeflow is ready."""

from __future__ import annotations

from pytest_bdd import parsers, scenarios, then

from lab.kubeflow import PROFILE, Kubeflow
from lab.obstacles import full_name
from lab.rollout import unready, workload_is_ready

scenarios("06_readiness.feature")


@then(parsers.parse("all pods in {namespace} are ready"))
def pods_ready(installed: Kubeflow, namespace: str) -> None:
    """A namespace without pods is not ready either."""
    if not installed.pods(namespace):
        raise AssertionError("\n".join([f"there is no pod in {namespace}", *installed.stopped()]))
    found = unready(installed.kube, installed.site.terminal, namespace)
    assert not found, "\n".join([f"in {namespace}, not all pods are ready:", *found])


@then("every workload has all its replicas ready")
def replicas_ready(installed: Kubeflow) -> None:
    """A workload of 0 replicas, such as pingsource-mt-adapter, has all it wants."""
    workloads = installed.workloads()
    assert workloads, "there is no workload"
    waiting = [full_name(one) for one in workloads if not workload_is_ready(one)]
    assert not waiting, f"these workloads lack replicas: {', '.join(waiting)}"
    stopped = installed.stopped()
    assert not stopped, "\n".join(stopped)


@then(parsers.parse("the namespace {namespace} belongs to {owner}"))
def belongs_to(installed: Kubeflow, namespace: str, owner: str) -> None:
    """As the Profile says, and the controller has noted on the namespace."""
    found = installed.kube.one("Namespace", namespace) or {"metadata": {}}
    seen = (found["metadata"].get("annotations") or {}).get("owner")
    assert seen == owner, (
        f"expected that {namespace} belongs to {owner}, seen {seen}: see the Profile and its controller"
    )


@then(parsers.parse("the workload {name} runs in it"))
def runs(installed: Kubeflow, name: str) -> None:
    """In the Profile's namespace."""
    workload = installed.kube.one("Deployment", name, PROFILE)
    assert workload is not None, f"there is no Deployment {name} in {PROFILE}"
    assert workload_is_ready(workload), f"the Deployment {name} in {PROFILE} is not ready"
