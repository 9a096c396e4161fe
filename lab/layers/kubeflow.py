"""Kubeflow, installed from its manifests."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from lab.config.settings import TUTORIAL_NAMESPACE, TUTORIAL_USER
from lab.config.source import STAND_IN_SUFFIX
from lab.context import Lab
from lab.k8s import certificates, images
from lab.k8s.api_kinds import check_kinds_served
from lab.k8s.certificate_retries import retry_until_cancelled
from lab.k8s.contents import NamespaceReport, describe_other_workloads, inspect_namespace
from lab.k8s.differences import Difference, is_compared, list_differences
from lab.k8s.documents import parse_documents
from lab.k8s.kubectl_apply import apply_in_rounds
from lab.k8s.missing_objects import describe_object, find_missing_objects, find_stopped_workloads
from lab.k8s.objects import Object, ObjectRef, namespace_of, qualified_name
from lab.k8s.ordering import order_manifests
from lab.k8s.ownership import list_owned
from lab.k8s.rollout import wait_until_ready
from lab.k8s.workloads import WORKLOADS
from lab.layers import apply_order, changes
from lab.layers.authservice import PARAMETERS
from lab.layers.dex_configuration import find_unknown_user, get_from
from lab.layers.kubeflow_images import describe_pullable_images
from lab.layers.kustomize_build import build_directory
from lab.layers.manifests import Manifests
from lab.layers.omitted_parts import OmittedPart, find_omitted_parts, get_key
from lab.layers.owner import Owner, find_in_cluster, find_in_manifests
from lab.releases import Component
from lab.run.background import run_in_background

INSTALL_TIMEOUT = 600
READY_TIMEOUT = 900
OBJECTS, ACCEPTED, ROUNDS = "objects", "accepted objects", "rounds"
"""The names of the counts."""
PIPELINES_CONTROLLER = ObjectRef("Deployment", "kubeflow-pipelines-profile-controller", "kubeflow")
"""The workload that creates those of Kubeflow Pipelines in the namespace of each Profile."""


class Kubeflow:
    """All objects of Kubeflow, accepted by the API server: applied by the tutorial's command in a loop, or in parts.

    Args:
        lab: The lab.
        manifests: The manifests.
        example: The result of build_example, from the unchanged manifests: scenarios that change them revert that.

    Attributes:
        counts: The numbers of objects, of accepted ones, and of rounds; in several parts, their sums. Empty if nothing
            was applied.
    """

    name = "Kubeflow"

    def __init__(self, lab: Lab, manifests: Manifests, example: str) -> None:
        self.lab, self.manifests, self._example = lab, manifests, example
        self.counts: Counter[str] = Counter()

    @property
    def log_directory(self) -> Path:
        """The directory for the output of each round of applying."""
        return self.lab.home / "kubeflow"

    @cached_property
    def owner(self) -> Owner:
        """The user who owns a Profile: that of the manifests, or that of the settings in an existing cluster.

        Raises:
            LabError: If no Profile belongs to the user.
        """
        settings = self.lab.settings
        if settings.kind.is_installed:
            return find_in_manifests(parse_documents(self._example), settings)
        return find_in_cluster(self.lab.kube.list_objects("Profile"), settings)

    @property
    def namespaces(self) -> list[str]:
        """The namespaces whose pods must be ready."""
        return [self.owner.translate(namespace) for namespace in self.lab.release.namespaces]

    @property
    def created_by_controllers(self) -> list[str]:
        """The Deployments that are not in the manifests, because controllers create them, as NAMESPACE/NAME.

        Without Kubeflow Pipelines, there is no controller that creates them.
        """
        if self._may_lack_parts and PIPELINES_CONTROLLER not in list_owned(self.objects, ()):
            return []
        return [self.owner.translate(name) for name in self.lab.release.created_by_controllers]

    @cached_property
    def owned(self) -> frozenset[ObjectRef]:
        """The workloads and pods that belong to Kubeflow: those of the manifests, and those of its controllers."""
        return list_owned(self.objects, self.created_by_controllers)

    @cached_property
    def objects(self) -> tuple[Object, ...]:
        """The objects of the manifests, without those of omitted parts."""
        omitted = {key for part in self.omitted_parts for key in part.objects}
        return tuple(obj for obj in parse_documents(self._example) if get_key(obj) not in omitted)

    @cached_property
    def omitted_parts(self) -> list[OmittedPart]:
        """The parts of the manifests that an existing cluster does not have, which is noted."""
        parts = find_omitted_parts(
            parse_documents(self._example),
            self.lab,
            self.manifests,
            lambda objects: find_missing_objects(objects, self.lab.kube, self.lab.progress.note),
        )
        self._print_notes(part.reason for part in parts)
        return parts

    @property
    def _may_lack_parts(self) -> bool:
        """True if parts of the release may be missing: in a user's own manifests, or in an existing cluster."""
        return bool(self.lab.settings.manifests or self.omitted_parts)

    def describe_omission(self, part: str, namespace: str, name: str = "") -> str:
        """Return why a part of the release is not verified; empty if it is.

        Manifests that a user gave may lack it, or an existing cluster does not have it.

        Args:
            part: The part, as the text names it.
            namespace: The namespace of the part.
            name: The workload of the part; empty for the namespace itself.
        """
        if not self._may_lack_parts or (namespace == self.owner.namespace and not name):
            return ""
        if any(ref.namespace == namespace and name in ("", ref.name) for ref in self.owned):
            return ""
        is_created = f"{namespace}/{name}" in map(self.owner.translate, self.lab.release.created_by_controllers)
        names = (PIPELINES_CONTROLLER.namespace, PIPELINES_CONTROLLER.name) if is_created else (namespace, name)
        reasons = (omitted.reason for omitted in self.omitted_parts if omitted.has(*names))
        return next(reasons, f"the given manifests do not contain {part}" if self.lab.settings.manifests else "")

    def lacks(self, component: Component) -> bool:
        """Return whether the release installs a component, and the manifests or the cluster do not have it."""
        namespace, _, name = component.workload.partition("/")
        return bool(component.workload and self.describe_omission(component.name, namespace, name))

    def is_stand_in(self, component: Component) -> bool:
        """Return whether a stand-in for a component, or another version of it, answers users.

        This lab knows its stand-ins; in another cluster, the tag of an image states it.
        """
        namespace, _, name = (component.interface or component.workload).partition("/")
        workload = self.lab.kube.get("Deployment", name, namespace)
        found = images.list_images([workload])
        replaced = {image for stand_in in self.lab.stand_ins for image in stand_in.images}
        return not replaced.isdisjoint(found) or any(
            images.image_tag(image).endswith(STAND_IN_SUFFIX) for image in found
        )

    def _save_facts(self) -> None:
        """Save what the diagnosis of failures needs: the names of what belongs to Kubeflow, and objects to compare."""
        owned, compared = _owned_file(self.lab), _compared_file(self.lab)
        owned.parent.mkdir(parents=True, exist_ok=True)
        owned.write_text("\n".join(sorted(f"{ref.namespace}/{ref.kind}/{ref.name}" for ref in self.owned)))
        compared.write_text(json.dumps([obj for obj in self.objects if is_compared(obj)]))

    def problem(self) -> str | None:
        """Return what is missing, or was changed in the cluster or in the manifests since it was applied; or None.

        Raises:
            LabError: If the manifests contain no Profile of the user, or Dex does not know this user.
        """
        if self.lab.settings.kind.is_installed:
            self._report_owner()
        self._save_facts()
        if changed := changes.list_leftovers(self.lab):
            return f"an interrupted run has changed {', '.join(map(str, changed))}"
        if self._applied.exists() and self._applied.read_text() != self._digest:
            return "the cluster has been installed from other manifests"
        if missing := next(self._find_missing_objects(), None):
            return f"objects are missing, such as {describe_object(missing)}"
        return next(iter(self.list_stopped_workloads()), None)

    def install(self) -> None:
        """Apply the manifests in rounds until the API server has accepted all objects.

        In parts, wait until each part is ready. Print meanwhile which images are not pullable; this is no error, since
        a node may have them already.

        Raises:
            LabError: If the cluster does not serve a kind of object, or rejects an object permanently.
            WaitError: In parts, if a pod does not become ready.
        """
        check_kinds_served(parse_documents(self._example), self.lab.kube, self.lab.release)
        with (
            self.retry_certificates(),
            run_in_background(
                lambda: self.print_progress(describe_pullable_images(self.lab, self._example))
            ) as image_check,
        ):
            if self.lab.settings.install == "single":
                self._apply(self._example, self.log_directory)
            else:
                self._install_parts()
            image_check.result()
        changes.restart_leftovers(self.lab)
        self._applied.write_text(self._digest)

    @contextmanager
    def retry_certificates(self) -> Iterator[None]:
        """Let cert-manager retry Certificates of the manifests during the block, if it has lost a private key."""
        kube, shell = self.lab.kube, self.lab.shell
        with run_in_background(lambda: retry_until_cancelled(kube, shell, self.certificates, self.print_progress)):
            yield

    def list_missing_objects(self) -> list[str]:
        """Return the objects of the manifests that the cluster does not have, as KIND/NAME and namespace."""
        return [describe_object(obj) for obj in self._find_missing_objects()]

    def list_differences(self, category: str) -> list[Difference]:
        """Return the differences between the cluster and the manifests in a category of lab.k8s.difference_rules."""
        return list_differences(self.objects, self.lab.kube, category)

    @property
    def certificates(self) -> list[ObjectRef]:
        """The Certificates of the manifests."""
        return certificates.list_certificates(self.objects)

    def list_stopped_workloads(self) -> list[str]:
        """Return a text for each workload that has 0 replicas in the cluster, and more in the manifests."""
        return find_stopped_workloads(self.objects, self.lab.kube)

    def get_authservice_parameters(self) -> dict[str, str]:
        """Return the parameters in authservice's ConfigMap, without those that the release adds to the tutorial's."""
        config_map = self.lab.kube.get("ConfigMap", PARAMETERS, self.lab.release.auth_proxy.namespace) or {}
        extra = self.lab.release.auth_proxy.extra_parameters
        return {name: value for name, value in (config_map.get("data") or {}).items() if extra.get(name) != value}

    def list_workloads(self) -> list[Object]:
        """Return the Deployments and StatefulSets of Kubeflow in its namespaces, and print a note about unready others.

        Others are the workloads that users or other people have added to these namespaces.
        """
        namespaces = self.namespaces
        workloads = [
            workload
            for kind in WORKLOADS
            for workload in self.lab.kube.list_objects(kind)
            if workload["metadata"]["namespace"] in namespaces
        ]
        own = [workload for workload in workloads if ObjectRef.from_object(workload) in self.owned]
        self._print_notes(describe_other_workloads(workload for workload in workloads if workload not in own))
        return own

    def inspect_namespace(self, namespace: str) -> NamespaceReport:
        """Return what is not ready in a namespace now, and print the notes about pods that do not count."""
        report = inspect_namespace(self.lab.kube, self.lab.shell, namespace, self.owned)
        self._print_notes(report.notes)
        return report

    def has_workloads(self, namespace: str) -> bool:
        """Return whether Kubeflow has workloads in a namespace; from release 1.11, it has none in that of a Profile."""
        return any(ref.namespace == namespace and ref.kind in WORKLOADS for ref in self.owned)

    def print_progress(self, text: str) -> None:
        """Print progress with the name of the layer, since other layers are installed at the same time."""
        self.lab.progress.print(f"{self.name}: {text}")

    def _find_missing_objects(self) -> Iterator[Object]:
        return find_missing_objects(self.objects, self.lab.kube, self.lab.progress.note)

    def _print_notes(self, notes: Iterable[str]) -> None:
        for note in notes:
            self.lab.progress.note(note)

    @property
    def _applied(self) -> Path:
        """The file with the digest of the manifests that were applied last."""
        return self.log_directory / "applied.sha256"

    @cached_property
    def _digest(self) -> str:
        return hashlib.sha256(self._example.encode()).hexdigest()

    def _report_owner(self) -> None:
        """Print who owns the Profile if it is not the tutorial's user.

        Raises:
            LabError: If Dex does not know this user in the manifests.
        """
        owner = self.owner
        if unknown := find_unknown_user(get_from(parse_documents(self._example)), owner.user):
            raise unknown
        if (owner.user, owner.namespace) != (TUTORIAL_USER, TUTORIAL_NAMESPACE):
            self.print_progress(f"the Profile {owner.namespace} belongs to {owner.user}, who is the user that logs in")

    def _install_parts(self) -> None:
        parts = self.lab.release.parts
        for number, part in enumerate(parts, 1):
            self.print_progress(f"part {number} of {len(parts)}: {part.name}")
            manifests = "---\n".join(
                build_directory(self.lab, self.manifests, directory) for directory in part.directories
            )
            if self.lab.rehearsal:
                manifests = self.lab.rehearsal.adapt(manifests)
            self._apply(manifests, self.log_directory / f"part-{number:02}")
            self._wait_for(parse_documents(manifests))

    def _apply(self, manifests: str, log_directory: Path) -> None:
        result = apply_in_rounds(
            self.lab.shell,
            order_manifests(manifests, apply_order.FIRST, apply_order.LAST),
            log_directory,
            timeout=INSTALL_TIMEOUT,
            server_side=self.lab.release.manifests.apply == "server",
            report=self.print_progress,
            kube=self.lab.kube,
        )
        self.counts += Counter({OBJECTS: result.total, ACCEPTED: result.accepted, ROUNDS: result.number})

    def _wait_for(self, objects: Iterable[Object]) -> None:
        """Wait until the workloads among the objects, and all others in their namespaces, are ready."""
        workloads = [obj for obj in objects if obj["kind"] in WORKLOADS]
        wait_until_ready(
            self.lab.kube,
            self.lab.shell,
            set(map(namespace_of, workloads)),
            list(map(qualified_name, workloads)),
            READY_TIMEOUT,
            self.print_progress,
            owned=self.owned,
        )


def load_owned(lab: Lab) -> frozenset[ObjectRef]:
    """Return what belongs to Kubeflow according to the manifests of the last run; empty if no run has read them."""
    file = _owned_file(lab)
    return frozenset(map(ObjectRef.parse, file.read_text().splitlines())) if file.exists() else frozenset()


def find_known_differences(lab: Lab) -> list[Difference]:
    """Return the differences between the cluster and the manifests of the last run; none if no run has read them."""
    file = _compared_file(lab)
    return list_differences(json.loads(file.read_text()), lab.kube) if file.exists() else []


def _owned_file(lab: Lab) -> Path:
    return lab.home / "kubeflow/owned.txt"


def _compared_file(lab: Lab) -> Path:
    return lab.home / "kubeflow/compared.json"
