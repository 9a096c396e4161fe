"""The containers of manifests, with the facts of each one that a stand-in needs to take its place.

A stand-in listens at all ports by which the manifests refer to its container: those of the container, of its probes,
and of the Services that select its pod.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from lab.errors import LabError
from lab.k8s.images import full_reference
from lab.k8s.objects import Object, get_nested, namespace_of
from lab.k8s.pod_templates import find_shared, find_template

JOBS = ("Job", "CronJob")
PROBES = ("readinessProbe", "livenessProbe", "startupProbe")
HANDLERS = ("httpGet", "tcpSocket", "grpc")
TCP = "TCP"
HOOKS = ("postStart", "preStop")


@dataclass
class Container:
    """A container of the manifests.

    Args:
        workload: Kind, namespace and name of the object that runs it, as in "Deployment auth/dex".
        name: Its name.
        image: The reference of its image, as in the manifests.
        pods: The beginning of the host names of its pods.
        command: Its command and arguments as in the manifests; empty if they are those of the image.
        ends: True if it must end by itself: it is an init container, or belongs to a Job.
        ports: The ports that the manifests refer to.
        certificates: The directories in which Secrets are mounted.
        probes: The commands of its probes and hooks.
    """

    workload: str
    name: str
    image: str
    pods: str
    command: list[str]
    ends: bool
    ports: set[int] = field(default_factory=set)
    certificates: list[str] = field(default_factory=list)
    probes: list[list[str]] = field(default_factory=list)

    @property
    def reference(self) -> str:
        """The full reference of its image."""
        return full_reference(self.image)

    @property
    def title(self) -> str:
        """The text that names it."""
        return f"{self.workload}, container {self.name}"

    @property
    def programs(self) -> list[str]:
        """The programs that its command, its probes and its hooks run."""
        return [command[0] for command in (self.command, *self.probes) if command]


def list_containers(objects: Sequence[Object]) -> list[Container]:
    """Return all containers of manifests, with the ports of the Services that select their pods.

    Args:
        objects: The objects of the manifests.
    """
    services = [obj for obj in objects if obj["kind"] == "Service" and get_nested(obj, "spec", "selector")]
    return [container for obj in objects for container in _list_containers(obj, services)]


def check_ports(containers: Iterable[Container]) -> None:
    """Check that no two containers of a pod have the same port: a stand-in could not listen at it.

    Args:
        containers: The containers of the manifests.

    Raises:
        LabError: If there are such containers; it names each port.
    """
    shared = find_shared(
        ((container.workload, port), container.name)
        for container in containers
        for port in (() if container.ends else sorted(container.ports))
    )
    taken = [f"{workload}: port {port} in {' and '.join(names)}" for (workload, port), names in shared.items()]
    if taken:
        raise LabError(
            "containers of one pod have the same port, at which only one stand-in can listen; nothing was applied",
            expected="each containerPort in one container of a pod",
            seen="\n".join(taken),
            remedy="correct containerPort of one of them in the manifests, and what refers to it; if their programs "
            "listen elsewhere, remove it",
        )


def _list_containers(obj: Object, services: Iterable[Object]) -> Iterator[Container]:
    template = find_template(obj)
    if not template:
        return
    spec = template.get("spec") or {}
    secrets = {volume["name"] for volume in spec.get("volumes") or [] if _has_secret(volume)}
    lasting = []
    for part in ("initContainers", "containers"):
        for content in spec.get(part) or []:
            ends = obj["kind"] in JOBS or (part == "initContainers" and content.get("restartPolicy") != "Always")
            container = _read_container(obj, content, secrets, ends=ends)
            if not ends:
                lasting.append((container, _name_ports(content)))
            yield container
    _assign_probed_ports(lasting)
    if lasting:
        labels = get_nested(template, "metadata", "labels") or {}
        _add_service_ports(lasting, services, namespace_of(obj), labels)


def _read_container(obj: Object, content: Object, secrets: set[str], *, ends: bool) -> Container:
    names = _name_ports(content)
    container = Container(
        workload=f"{obj['kind']} {namespace_of(obj)}/{obj['metadata']['name']}",
        name=content["name"],
        image=content["image"],
        pods=obj["metadata"]["name"] + ("" if obj["kind"] == "Pod" else "-"),
        command=[str(word) for word in (*(content.get("command") or ()), *(content.get("args") or ()))],
        ends=ends,
        ports=set(names.values()),
        certificates=[mount["mountPath"] for mount in content.get("volumeMounts") or [] if mount["name"] in secrets],
    )
    handlers = [content.get(probe) or {} for probe in PROBES]
    handlers += [(content.get("lifecycle") or {}).get(hook) or {} for hook in HOOKS]
    for handler in handlers:
        for kind in HANDLERS:
            port = (handler.get(kind) or {}).get("port")
            container.ports |= _resolve(port, names)
        if command := (handler.get("exec") or {}).get("command"):
            container.probes.append([str(word) for word in command])
    if not content.get("command") and container.command:
        container.command.insert(0, "")  # the program is the image's, only its arguments are given
    return container


def _assign_probed_ports(containers: Sequence[tuple[Container, dict[str, int]]]) -> None:
    """Remove ports that a probe refers to, and that another container of the pod has: all of them share one network."""
    own = [set(names.values()) for _, names in containers]
    for index, (container, _) in enumerate(containers):
        declared_elsewhere = set().union(*own[:index], *own[index + 1 :])
        earlier = {port for other, _ in containers[:index] for port in other.ports}
        container.ports -= (declared_elsewhere | earlier) - own[index]


def _add_service_ports(
    containers: Sequence[tuple[Container, dict[str, int]]],
    services: Iterable[Object],
    namespace: str,
    labels: dict[str, str],
) -> None:
    """Add the target ports of Services to the containers of a pod; one that no container names to the first one."""
    known = {port for container, _ in containers for port in container.ports}
    for service in services:
        if namespace_of(service) != namespace or not service["spec"]["selector"].items() <= labels.items():
            continue
        for port in service["spec"].get("ports") or []:
            for number in _resolve(port.get("targetPort", port.get("port")), {}) - known:
                containers[0][0].ports.add(number)


def _name_ports(content: Object) -> dict[str, int]:
    """Return the TCP ports of a container by name; those without a name by their number as text."""
    return {
        port.get("name") or str(port["containerPort"]): port["containerPort"]
        for port in content.get("ports") or []
        if port.get("protocol", TCP) == TCP
    }


def _resolve(port: Any, names: dict[str, int]) -> set[int]:
    """Return the number of a port, which is given as a number, as its text, or as a name."""
    text = str(port)
    if text in names:
        return {names[text]}
    return {int(text)} if text.isdecimal() else set()


def _has_secret(volume: Object) -> bool:
    sources = (volume.get("projected") or {}).get("sources") or []
    return "secret" in volume or any("secret" in source for source in sources)
