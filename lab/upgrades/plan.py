"""The plan of an upgrade: all findings about two trees."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lab.upgrades.defaults import list_default_findings
from lab.upgrades.findings import Finding, Topic
from lab.upgrades.images import list_image_findings
from lab.upgrades.kubernetes_versions import list_kubernetes_findings
from lab.upgrades.left_behind import list_left_behind
from lab.upgrades.refusals import list_refusals
from lab.upgrades.steps import Phase, Step, list_steps
from lab.upgrades.tree import Tree


@dataclass(frozen=True)
class Plan:
    """The effects of an upgrade, read from the manifests of both releases.

    Args:
        old: The tree that was applied.
        new: The tree to be applied.
        findings: The findings, by topic.
        steps: The steps of the upgrade in their order, each with its phase.
    """

    old: Tree
    new: Tree
    findings: tuple[Finding, ...]
    steps: tuple[tuple[Phase, Step], ...]

    @property
    def blockers(self) -> tuple[Finding, ...]:
        """The findings without whose remedy the upgrade does not succeed, or people cannot work after it."""
        return tuple(finding for finding in self.findings if finding.blocks)

    def list_topics(self) -> Iterator[tuple[Topic, list[Finding]]]:
        """Yield each topic with its findings, without topics that have none."""
        for topic in Topic:
            if found := [finding for finding in self.findings if finding.topic is topic]:
                yield topic, found


def make_plan(old: Tree, new: Tree) -> Plan:
    """Return the plan of an upgrade.

    Args:
        old: The tree that was applied.
        new: The tree to be applied.
    """
    findings = (
        *list_refusals(old, new),
        *list_left_behind(old, new),
        *list_kubernetes_findings(old, new),
        *list_image_findings(new),
        *list_default_findings(old, new),
    )
    return Plan(old, new, findings, tuple(list_steps(old, new, findings)))
