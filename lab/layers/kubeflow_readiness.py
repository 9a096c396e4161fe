"""The readiness of Kubeflow: its workloads and its Certificates."""

from __future__ import annotations

from lab.k8s import certificates
from lab.k8s.contents import count_pods
from lab.k8s.objects import ObjectRef
from lab.k8s.rollout import wait_until_ready
from lab.k8s.workloads import is_workload_ready
from lab.layers import token_keys
from lab.layers.kubeflow import READY_TIMEOUT, Kubeflow
from lab.layers.temporary_objects import delete_leftovers, describe_leftovers, list_leftovers

PODS, READY_PODS = "pods", "ready pods"
"""The names of the counts."""
CERTIFICATES_TIMEOUT = 120
"""Seconds for cert-manager to issue all Certificates after its pods are ready; most pods wait for theirs anyway."""


class KubeflowReadiness:
    """All workloads of Kubeflow, ready: those of the manifests, and those that its controllers create.

    Args:
        kubeflow: The objects of Kubeflow.
    """

    name = "Kubeflow readiness"

    def __init__(self, kubeflow: Kubeflow) -> None:
        self.lab, self._kubeflow = kubeflow.lab, kubeflow

    def problem(self) -> str | None:
        """Return what is not ready, or what an interrupted run has left; or None."""
        kube = self.lab.kube
        if leftovers := self._list_leftovers():
            return describe_leftovers(leftovers)
        for name in self._kubeflow.created_by_controllers:
            namespace, _, deployment = name.partition("/")
            if kube.get("Deployment", deployment, namespace) is None:
                return f"there is no Deployment {name}"
        workloads = self._kubeflow.list_workloads()
        unready = [workload["metadata"]["name"] for workload in workloads if not is_workload_ready(workload)]
        if unready:
            return f"workloads are not ready: {', '.join(unready)}"
        existing = kube.list_objects(certificates.KIND)
        unready_certificates = certificates.describe_unready(self._kubeflow.certificates, existing)
        return next(iter(unready_certificates), None) or token_keys.describe_missing_keys(self.lab)

    def install(self) -> None:
        """Delete leftovers, which need not become ready, and wait until all others are ready, and the gateway has keys.

        Raises:
            UnrecoverableError: If a pod can never become ready.
            WaitTimeoutError: If they do not become ready in time.
        """
        delete_leftovers(self.lab, self._list_leftovers())
        required = self._kubeflow.certificates
        with self._kubeflow.retry_certificates():
            wait_until_ready(
                self.lab.kube,
                self.lab.shell,
                self._kubeflow.namespaces,
                self._kubeflow.created_by_controllers,
                READY_TIMEOUT,
                self._kubeflow.print_progress,
                owned=self._kubeflow.owned,
            )
            certificates.wait_until_ready(self.lab.kube, required, CERTIFICATES_TIMEOUT)
        token_keys.ensure_gateway_has_keys(self.lab)

    @property
    def counts(self) -> dict[str, int]:
        """The numbers of Kubeflow's pods that must be ready, and of those that are."""
        ready, total = count_pods(self.lab.kube, self._kubeflow.owned)
        return {PODS: total, READY_PODS: ready}

    def _list_leftovers(self) -> list[ObjectRef]:
        """Return what interrupted runs have left of the chapters on Kubeflow."""
        return list_leftovers(self.lab, ("authservice", "resources"))
