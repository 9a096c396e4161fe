"""Changes of a cluster after its installation, which are not reverted."""

from __future__ import annotations

import json
import shlex

import yaml

from lab.context import Lab
from lab.k8s.objects import Object, ObjectRef
from tests.clusters.shape import Change


def run(command: str) -> Change:
    """Return the change that a command makes.

    Args:
        command: A command line, which is run in the lab and without a shell.
    """

    def change(lab: Lab) -> None:
        lab.shell.run(*shlex.split(command))

    return change


def apply(*objects: Object) -> Change:
    """Return the change that applies objects."""
    manifest = yaml.safe_dump_all(objects)

    def change(lab: Lab) -> None:
        lab.shell.run("kubectl", "apply", "-f", "-", stdin=manifest)

    return change


def patch(name: str, content: Object) -> Change:
    """Return the change that merges a content into an object.

    Args:
        name: The object, as NAMESPACE/KIND/NAME.
        content: The fields to set.
    """
    ref = ObjectRef.parse(name)

    def change(lab: Lab) -> None:
        options = (f"--namespace={ref.namespace}", "--type=merge", f"--patch={json.dumps(content)}")
        lab.shell.run("kubectl", "patch", ref.kubectl_name, *options)

    return change
