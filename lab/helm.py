"""Helm charts, added and installed as the tutorial does."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.releases import Chart
from lab.terminal import Terminal

TIMEOUT = 180
ALWAYS_THERE = "kube-system"
"""The namespace that Helm need not create; to look whether it must, it would ask for the OpenAPI."""


@dataclass(frozen=True)
class HelmRelease:
    """A chart of a repository, installed under the repository's name.

    Arguments:
        terminal: where helm runs.
        name: of the release and, as the tutorial has it, of the chart and its repository.
        namespace: the namespace of the release.
        chart: the repository's URL and the chart's version.
        values: a file of values, or None.
    """

    terminal: Terminal
    name: str
    namespace: str
    chart: Chart
    values: Path | None = None

    def wrong(self) -> str | None:
        """That it is not deployed at the pinned version; None when it is."""
        there = self.deployed()
        if there is None:
            return f"no Helm release {self.name} in {self.namespace}"
        chart, status = f"{self.name}-{self.chart.version}", "deployed"
        if (there["chart"], there["status"]) != (chart, status):
            return f"Helm release {self.name} is {there['status']} with {there['chart']}, not {status} with {chart}"
        return None

    def deployed(self) -> dict[str, Any] | None:
        """What Helm says of the release, or None when there is none."""
        listed = self.terminal.run(
            *("helm", "list", "--all", "--namespace", self.namespace, f"--filter=^{self.name}$", "--output=json")
        )
        releases: list[dict[str, Any]] = json.loads(listed.output)
        return releases[0] if releases else None

    def _is_half_done(self) -> bool:
        """Whether a Helm that was killed left the release in a state that Helm refuses to go on from."""
        there = self.deployed()
        return there is not None and there["status"].startswith("pending-")

    def prepare(self) -> None:
        """Adds the repository, and makes way for the chart; raises LabError when the repository does not answer."""
        self.terminal.run(
            *("helm", "repo", "add", "--force-update", self.name, self.chart.repository),
            remedy=f"see that the chart repository {self.chart.repository} can be reached",
        )
        self.terminal.run("helm", "repo", "update", self.name)
        if self._is_half_done():
            self.terminal.run("helm", "uninstall", "--namespace", self.namespace, self.name)

    def install(self) -> None:
        """Installs the chart, or brings it to the pinned version; does not wait for pods.

        The API server looks at each object anyway, so Helm does not, which needs the OpenAPI for it: while CRDs come,
        that is made anew all the time, and Helm has waited for it for 14 s.

        Raises LabError when the repository lacks the version, or when Helm fails.
        """
        self.terminal.run(
            *("helm", "upgrade", "--install", "--namespace", self.namespace),
            *(() if self.namespace == ALWAYS_THERE else ("--create-namespace",)),
            *(self.name, f"{self.name}/{self.name}", "--version", self.chart.version, "--disable-openapi-validation"),
            *(("--values", self.values) if self.values else ()),
            timeout=TIMEOUT,
        )
