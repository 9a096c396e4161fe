"""Reversible changes to a lab: each step is a context manager that restores the previous state at its end."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import yaml

from lab.context import Lab
from lab.errors import LabError
from lab.k8s.objects import Object, ObjectRef

SERVER_FIELDS = ("uid", "resourceVersion", "creationTimestamp", "generation", "managedFields")
"""The fields of metadata that the API server sets; a restored object must not have them."""

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
"""The annotation in which kubectl stores an object as it was applied."""

Step = Callable[[Lab], AbstractContextManager[None]]


def run_command(command: str, undo: str) -> Step:
    """Return a step that runs a command, and at its end another one that reverts it.

    Args:
        command: A command line, which is run without a shell.
        undo: The command line that reverts it. It also runs if the command fails halfway.
    """

    @contextmanager
    def step(lab: Lab) -> Iterator[None]:
        try:
            lab.shell.run(*shlex.split(command))
            yield
        finally:
            lab.shell.run(*shlex.split(undo))

    return step


def create(*objects: Object) -> Step:
    """Return a step that creates objects, and deletes them and what belongs to them at its end.

    Args:
        objects: The objects. The status of an object is set after its creation, in place of a controller.
    """
    manifest = yaml.safe_dump_all([{key: value for key, value in obj.items() if key != "status"} for obj in objects])
    with_status = [obj for obj in objects if "status" in obj]

    @contextmanager
    def step(lab: Lab) -> Iterator[None]:
        try:
            lab.shell.run("kubectl", "apply", "-f", "-", stdin=manifest)
            for obj in with_status:
                name = _name_arguments(ObjectRef.from_object(obj))
                patch = json.dumps({"status": obj["status"]})
                lab.shell.run("kubectl", "patch", *name, "--subresource=status", "--type=merge", f"--patch={patch}")
            yield
        finally:
            delete_all = ("delete", "--ignore-not-found", "--cascade=foreground", "-f", "-")
            lab.shell.run("kubectl", *delete_all, stdin=manifest)

    return step


def scale_to_zero(name: str) -> Step:
    """Return a step that scales a workload to zero replicas, and restores it at its end.

    Args:
        name: The workload, as NAMESPACE/KIND/NAME.
    """
    return _run_kubectl(ObjectRef.parse(name), "scale", "--replicas=0")


def delete(name: str) -> Step:
    """Return a step that deletes an object, and restores it at its end.

    Args:
        name: The object, as NAMESPACE/KIND/NAME, or KIND/NAME if it has no namespace.
    """
    return _run_kubectl(ObjectRef.parse(name), "delete")


def edit(name: str, old: str, new: str, restart: str = "") -> Step:
    """Return a step that replaces a text in an object, and restores the object at its end.

    Args:
        name: The object, as NAMESPACE/KIND/NAME, or KIND/NAME if it has no namespace.
        old: A regular expression that matches the text in the object's JSON.
        new: The replacement, as for re.sub.
        restart: The workload that reads the object only at its start and must be restarted; empty if there is none.
    """
    ref, workload = ObjectRef.parse(name), ObjectRef.parse(restart) if restart else None

    @contextmanager
    def step(lab: Lab) -> Iterator[None]:
        before = _get(ref, lab)
        (before["metadata"].get("annotations") or {}).pop(LAST_APPLIED, None)  # is not edited
        text = json.dumps(before)
        after = json.loads(re.sub(old, new, text))
        if after == before:
            raise LabError(f"{ref} does not contain {old!r}", seen=text, remedy="correct the step in the table")
        try:
            _patch(build_merge_patch(before, after), ref, lab)
            _restart(workload, lab)
            yield
        finally:
            _patch(build_merge_patch(after, before), ref, lab)
            _restart(workload, lab)

    return step


def set_label(name: str, key: str, value: str) -> Step:
    """Return a step that sets a label of an object, and restores its earlier value, or its absence, at its end.

    Args:
        name: The object, as NAMESPACE/KIND/NAME, or KIND/NAME if it has no namespace.
        key: The name of the label.
        value: Its value.
    """
    ref = ObjectRef.parse(name)

    @contextmanager
    def step(lab: Lab) -> Iterator[None]:
        before = (_get(ref, lab)["metadata"].get("labels") or {}).get(key)
        try:
            _patch({"metadata": {"labels": {key: value}}}, ref, lab)
            yield
        finally:
            _patch({"metadata": {"labels": {key: before}}}, ref, lab)

    return step


def build_merge_patch(before: Object, after: Object) -> Object:
    """Return the JSON merge patch (RFC 7386) that changes one object to another.

    kubectl replace would also change the annotation that contains the object as it was applied.
    """
    patch: Object = dict.fromkeys(before.keys() - after.keys())
    for key, value in after.items():
        if isinstance(value, dict) and isinstance(before.get(key), dict):
            if nested := build_merge_patch(before[key], value):
                patch[key] = nested
        elif key not in before or value != before[key]:
            patch[key] = value
    return patch


def _run_kubectl(ref: ObjectRef, *command: str) -> Step:
    """Return a step that runs a kubectl command on an object, and restores the object at its end."""

    @contextmanager
    def step(lab: Lab) -> Iterator[None]:
        before = json.dumps(_get(ref, lab))
        try:
            lab.shell.run("kubectl", *command, *_name_arguments(ref))
            yield
        finally:
            _put(before, ref, lab)

    return step


def _name_arguments(ref: ObjectRef) -> list[str]:
    """Return the arguments that name an object for kubectl."""
    return [ref.kubectl_name, *(["--namespace", ref.namespace] if ref.namespace else [])]


def _get(ref: ObjectRef, lab: Lab) -> Object:
    """Return an object without its status and without the fields that the API server sets."""
    obj: Object = json.loads(lab.shell.run("kubectl", "get", "--output=json", *_name_arguments(ref)).output)
    metadata = {key: value for key, value in obj["metadata"].items() if key not in SERVER_FIELDS}
    return {**{key: value for key, value in obj.items() if key != "status"}, "metadata": metadata}


def _patch(patch: Object, ref: ObjectRef, lab: Lab) -> None:
    arguments = (*_name_arguments(ref), "--type=merge", "--patch-file=/dev/stdin")
    lab.shell.run("kubectl", "patch", *arguments, stdin=json.dumps(patch))


def _put(obj: str, ref: ObjectRef, lab: Lab) -> None:
    """Replace an object, or create it if it does not exist."""
    found = lab.shell.run("kubectl", "get", "--ignore-not-found", "--output=name", *_name_arguments(ref)).output
    lab.shell.run("kubectl", "replace" if found.strip() else "create", "-f", "-", stdin=obj)


def _restart(workload: ObjectRef | None, lab: Lab) -> None:
    if workload:
        lab.shell.run("kubectl", "rollout", "restart", *_name_arguments(workload))
