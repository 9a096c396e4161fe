"""Helm charts, installed as in the tutorial."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.k8s.permissions import DENIED, explain_denial
from lab.releases import Chart
from lab.run.shell import Shell

TIMEOUT = 180
EXISTING_NAMESPACE = "kube-system"
"""A namespace that every cluster has; to check whether it must create one, Helm would request the OpenAPI document."""


@dataclass(frozen=True)
class HelmRelease:
    """A Helm release of a chart.

    Args:
        shell: Runs helm.
        name: The name of the release and, as in the tutorial, of the chart and its repository.
        namespace: The namespace of the release.
        chart: The URL of the repository, and the pinned version of the chart.
        values: A file of values, or None.
    """

    shell: Shell
    name: str
    namespace: str
    chart: Chart
    values: Path | None = None

    def problem(self) -> str | None:
        """Return how the release differs from one that is deployed at the pinned version, or None."""
        listed = self._read()
        if listed is None:
            return f"no Helm release {self.name} in {self.namespace}"
        chart, status = f"{self.name}-{self.chart.version}", "deployed"
        if (listed["chart"], listed["status"]) != (chart, status):
            return f"Helm release {self.name} is {listed['status']} with {listed['chart']}, not {status} with {chart}"
        return None

    def prepare(self) -> None:
        """Add the chart repository, and remove a release that blocks the installation.

        Raises:
            LabError: If the repository does not answer.
        """
        remedy = f"check that the chart repository {self.chart.repository} can be reached"
        self.shell.run("helm", "repo", "add", "--force-update", self.name, self.chart.repository, remedy=remedy)
        self.shell.run("helm", "repo", "update", self.name)
        if self._is_pending():
            self.shell.run("helm", "uninstall", "--namespace", self.namespace, self.name)

    def install(self) -> None:
        """Install the chart, or upgrade it to the pinned version; of pods, Helm waits for those of hooks only.

        Helm does not validate the objects, since the API server does. To validate them, Helm needs the OpenAPI
        document, which is rebuilt continuously while CRDs are created: Helm has waited 14 s for it.

        Raises:
            LabError: If the repository does not have the version, or Helm fails.
        """
        command = ["helm", "upgrade", "--install", "--namespace", self.namespace]
        if self.namespace != EXISTING_NAMESPACE:
            command.append("--create-namespace")
        command += [self.name, f"{self.name}/{self.name}", "--version", self.chart.version]
        command.append("--disable-openapi-validation")
        if self.values:
            command += ["--values", str(self.values)]
        self.shell.run(*command, timeout=TIMEOUT)

    def _read(self) -> dict[str, Any] | None:
        """Return Helm's description of the release, or None if there is no such release.

        Raises:
            PermissionDeniedError: If the user may not list Secrets in the namespace.
            LabError: If Helm fails.
        """
        name = f"--filter=^{self.name}$"
        command = ("helm", "list", "--all", "--namespace", self.namespace, name, "--output=json")
        listed = self.shell.run(*command, allow_failure=True)
        if listed.exit_status and DENIED.search(listed.errors):  # Helm keeps its releases in Secrets
            raise explain_denial(listed.errors)
        if listed.exit_status:
            raise self.shell.describe_failure(listed)
        releases: list[dict[str, Any]] = json.loads(listed.output)
        return releases[0] if releases else None

    def _is_pending(self) -> bool:
        """Return whether a killed Helm left the release in a state that Helm refuses to continue from."""
        listed = self._read()
        return listed is not None and listed["status"].startswith("pending-")
