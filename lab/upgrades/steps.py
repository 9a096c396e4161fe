"""The steps of an upgrade in their order: those of the file of a pair of releases, and those that are derived."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from lab.upgrades.findings import Finding, Topic
from lab.upgrades.tree import Tree

DIRECTORY = Path(__file__).with_name("pairs")
APPLY = {
    "client": "while ! kustomize build example | kubectl apply -f -; do sleep 20; done",
    "server": "while ! kustomize build example | kubectl apply --server-side --force-conflicts -f -; do sleep 20; done",
}
"""The command that applies the manifests until the API server has accepted all objects, by the way to apply."""


class Phase(StrEnum):
    """The part of an upgrade that a step belongs to."""

    BEFORE = "before"
    APPLY = "apply"
    AFTER = "after"


class Step(BaseModel):
    """A step of an upgrade.

    Args:
        title: The change, as an imperative sentence.
        reason: The consequence of leaving it out.
        commands: Its commands, for a shell.
        source: Where it comes from: an issue, upstream's README, or DERIVED.
        objects: The objects that it deletes or changes, as KIND NAME or KIND NAME in NAMESPACE, so that no other step
            repeats it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    reason: str
    commands: tuple[str, ...]
    source: str
    objects: tuple[str, ...] = ()


class Pair(BaseModel):
    """The steps between two releases that do not follow from their manifests, or that upstream describes.

    Args:
        before: The steps before the manifests are applied.
        after: The steps after all objects are accepted, and all pods are ready.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    before: tuple[Step, ...] = ()
    after: tuple[Step, ...] = ()


def load_pair(old: Tree, new: Tree) -> Pair:
    """Return the steps of the file of a pair; none if there is no such file."""
    file = DIRECTORY / f"{_minor(old)}-{_minor(new)}.toml"
    return Pair.model_validate(tomllib.loads(file.read_text())) if file.is_file() else Pair()


def list_steps(old: Tree, new: Tree, findings: Iterable[Finding]) -> Iterator[tuple[Phase, Step]]:
    """Yield the steps of an upgrade in their order.

    Args:
        old: The tree that was applied.
        new: The tree to be applied.
        findings: The findings of the plan; those with commands become steps, unless the file of the pair has them.
    """
    pair, found = load_pair(old, new), tuple(findings)
    known = {name for step in (*pair.before, *pair.after) for name in step.objects}
    yield from ((Phase.BEFORE, step) for step in pair.before)
    yield from ((Phase.BEFORE, step) for step in _derive(found, Topic.REFUSED, known))
    command = APPLY[new.release.manifests.apply]
    apply = Step(
        title=f"apply the manifests of {new.name} until all objects are accepted",
        reason="this is the upgrade itself",
        commands=(command,),
        source="the tutorial",
    )
    yield Phase.APPLY, apply
    yield from ((Phase.AFTER, step) for step in pair.after)
    yield from ((Phase.AFTER, step) for step in _derive(found, Topic.LEFT_BEHIND, known))


def _derive(
    findings: Iterable[Finding], topic: Literal[Topic.REFUSED, Topic.LEFT_BEHIND], known: set[str]
) -> Iterator[Step]:
    for finding in findings:
        if finding.topic is topic and finding.commands and not known.issuperset(finding.subjects):
            yield Step(
                title=finding.title,
                reason=finding.effect,
                commands=finding.commands,
                source=finding.source,
                objects=finding.subjects,
            )


def _minor(tree: Tree) -> str:
    return ".".join(tree.release.kubeflow.split(".")[:2])
