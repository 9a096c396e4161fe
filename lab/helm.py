"""Helm charts, added and installed as the tutorial does."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.releases import Chart
from lab.terminal import Terminal

TIMEOUT = 180


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

    def install(self) -> None:
        """Adds the repository, and installs the chart or brings it to the pinned version; does not wait for pods.

        Raises LabError when the repository does not answer or lacks the version, or when Helm fails.
        """
        self.terminal.run(
            *("helm", "repo", "add", "--force-update", self.name, self.chart.repository),
            remedy=f"see that the chart repository {self.chart.repository} can be reached",
        )
        self.terminal.run("helm", "repo", "update", self.name)
        if self._is_half_done():
            self.terminal.run("helm", "uninstall", "--namespace", self.namespace, self.name)
        self.terminal.run(
            *("helm", "upgrade", "--install", "--create-namespace", "--namespace", self.namespace),
            *(self.name, f"{self.name}/{self.name}", "--version", self.chart.version),
            *(("--values", self.values) if self.values else ()),
            timeout=TIMEOUT,
        )
