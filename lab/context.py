"""The context of a run, and the lab: one explicit object that carries everything a layer, a check or a step needs."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

import docker

from lab import releases
from lab.config import loading
from lab.config import source as source_module
from lab.config.kinds import render_commands
from lab.config.paths import NAME_VARIABLE, Paths
from lab.config.proxies import bypass_proxies
from lab.config.session_cookies import read_cookies
from lab.config.settings import Settings
from lab.config.source import Source, StandIn
from lab.errors import LabError
from lab.host.memory import MemoryRecorder
from lab.k8s.client import Kube
from lab.k8s.kubeconfig import find_kubeconfig
from lab.rehearsal import Rehearsal
from lab.releases import Release
from lab.run import state as state_module
from lab.run.journal import Journal
from lab.run.progress import Progress
from lab.run.redaction import Secrets
from lab.run.shell import Shell
from lab.run.state import LabState
from lab.web.http_client import LabHttp


@dataclass(frozen=True)
class RunContext:
    """The context of a run, before there is a lab.

    Args:
        settings: The settings of the run.
        release: The Kubeflow release.
        source: The places that charts, manifests and images come from.
        paths: The directories of the lab.
        environment: The environment variables of this process, as they were at its start.
        journal: Records programs, waits and applied objects.
        secrets: The secrets that must not be printed.
        progress: Shows long operations.
    """

    settings: Settings
    release: Release
    source: Source
    paths: Paths
    environment: Mapping[str, str]
    journal: Journal = field(default_factory=Journal)
    secrets: Secrets = field(default_factory=Secrets)
    progress: Progress = field(default_factory=Progress)

    @classmethod
    def create(cls, options: Mapping[str, Any], environment: Mapping[str, str] | None = None) -> RunContext:
        """Return the context of a run.

        Args:
            options: The values from the command line by field name; None where an option was not given.
            environment: The environment variables; those of this process if None.

        Raises:
            LabError: If a setting is invalid, or the release or the source is unknown.
        """
        settings = loading.load(options)
        variables = dict(os.environ if environment is None else environment)
        release = releases.load(settings.release).with_auth_proxy_in(settings.auth_proxy_namespace)
        source = source_module.load(settings.source) if settings.source else source_module.from_release(release)
        # Programs that run inside the lab, such as another pytest, must select the same lab.
        named = {**variables, NAME_VARIABLE: settings.name}
        context = cls(settings, release, source, Paths.from_environment(variables, settings.name), named)
        context.secrets.add(settings.password.get_secret_value())
        if settings.session_cookie_file:
            context.secrets.add(*read_cookies(settings.session_cookie_file).values())
        if "://" in settings.manifests and (token := urlsplit(settings.manifests).password):
            context.secrets.add(token)
        return context

    def with_password(self, password: str) -> RunContext:
        """Return this context with a password that a user has typed, which is a secret."""
        self.secrets.add(password)
        return replace(self, settings=self.settings.with_password(password))

    def create_shell(self, environment: Mapping[str, str] | None = None, directory: Path | None = None) -> Shell:
        """Return a shell on this machine.

        Args:
            environment: Variables in addition to those of this process.
            directory: The working directory; None for that of this process.
        """
        return Shell({**self.environment, **(environment or {})}, directory, self.journal, self.secrets)

    def render_commands(self, text: str) -> str:
        """Rewrite the commands of a remedy so that a user can type them; see lab.config.kinds.render_commands."""
        return render_commands(text, self.settings.kind, self.settings.name)


@dataclass(frozen=True)
class Lab(RunContext):
    """A lab, and the context of the run that uses it.

    Args:
        state: The state of the lab, as it is saved.
        disposable: Whether the lab's Docker belongs to it and is removed with it, so that layers need not be removed
            one by one.
        rehearsal: The rehearsal of manifests whose images the lab does not have; None if it takes images as they are.
        memory: The record of the lab's memory; None if the lab is not the suite's own.
    """

    state: LabState = field(default_factory=lambda: LabState(kind="none"))
    disposable: bool = False
    rehearsal: Rehearsal | None = None
    memory: MemoryRecorder | None = None

    @classmethod
    def from_context(
        cls,
        context: RunContext,
        state: LabState,
        *,
        source: Source | None = None,
        disposable: bool = False,
        rehearsal: Rehearsal | None = None,
        memory: MemoryRecorder | None = None,
    ) -> Lab:
        """Return a lab with the context of a run.

        Args:
            context: The context of the run.
            state: The state of the lab.
            source: A source of the lab's own, in place of that of the context.
            disposable: See the class.
            rehearsal: See the class.
            memory: See the class.
        """
        values = {part.name: getattr(context, part.name) for part in fields(RunContext)}
        values["source"] = source or context.source
        return cls(**values, state=state, disposable=disposable, rehearsal=rehearsal, memory=memory)

    @property
    def stand_ins(self) -> list[StandIn]:
        """The stand-ins of the lab: those of its source, and those for images of the manifests."""
        return [*self.source.stand_ins, *(self.rehearsal.stand_ins if self.rehearsal else ())]

    @cached_property
    def kube(self) -> Kube:
        """The API of the lab's cluster."""
        return Kube(self.state.environment["KUBECONFIG"], self.journal, read_only=self.settings.read_only)

    @cached_property
    def http(self) -> LabHttp:
        """The HTTP client for the lab's hosts."""
        return LabHttp(self.settings, self.secrets)

    @cached_property
    def shell(self) -> Shell:
        """The shell in the lab, with its kubeconfig, its tools and its Docker."""
        direct = bypass_proxies(self.environment, self.settings.kind, self.settings.subnet)
        return self.create_shell({**self.state.environment, **direct})

    @cached_property
    def docker(self) -> docker.DockerClient:
        """The client of the lab's Docker Engine."""
        return docker.from_env(environment={**self.environment, **self.state.environment})

    @property
    def home(self) -> Path:
        """The directory for files that tools read and write in the lab."""
        return self.paths.home

    def owns(self, *undo: str) -> bool:
        """Return whether an object may belong to this lab: its undo command is registered, or all of Docker does."""
        return self.disposable or list(undo) in self.state.undo

    def register_undo(self, *undo: str) -> None:
        """Save, before an object is created in Docker, the command that removes it, unless all of Docker is removed."""
        if not self.disposable and list(undo) not in self.state.undo:
            self.state.undo.append(list(undo))
            self.state.save(self.paths)

    def close(self) -> None:
        """End the run: remove the lab, unless it is to be kept or was only verified."""
        if not self.state.keep and not self.settings.verify_only:
            self.state.remove(self.paths, self.shell)


def tool_environment(home: Path) -> dict[str, str]:
    """Return variables that keep kubectl, k3d and helm from reading and writing the user's own configuration."""
    return {
        "KUBECONFIG": str(home / "kubeconfig"),
        "KUBECACHEDIR": str(home / "kubectl"),
        "HELM_CACHE_HOME": str(home / "helm/cache"),
        "HELM_CONFIG_HOME": str(home / "helm/config"),
        "HELM_DATA_HOME": str(home / "helm/data"),
    }


def no_lab_to_verify() -> LabError:
    """Return the error for --verify-only without a lab."""
    return LabError(
        "there is no lab to verify",
        expected="a lab that an earlier run kept with --keep-lab",
        seen="none",
        remedy="run without --verify-only to install one, or give --lab existing and KUBECONFIG for a cluster of yours",
    )


@contextmanager
def open_k3d_lab(context: RunContext, tools: Mapping[str, Path] = MappingProxyType({})) -> Iterator[Lab]:
    """Open a lab on the user's own Docker, with the tools on PATH; at the end, remove it unless it is to be kept.

    Args:
        context: The context of the run.
        tools: Programs in place of those on PATH, by name.

    Raises:
        LabError: If there is no lab to verify.
    """
    state = state_module.load_kind(context.paths, "k3d")
    if context.settings.verify_only and not state:
        raise no_lab_to_verify()
    if state:
        context.progress.print("reusing the lab of an earlier run")
    else:
        environment = {**tool_environment(context.paths.home), **context.source.environment}
        state = LabState(kind="k3d", environment=environment)
    state.keep = state.keep or context.settings.keep_lab
    state.environment["PATH"] = _link_tools(tools, context.paths.lab / "bin", context.environment.get("PATH", ""))
    state.save(context.paths)
    lab = Lab.from_context(context, state)
    try:
        yield lab
    finally:
        lab.close()


def _link_tools(tools: Mapping[str, Path], directory: Path, path: str) -> str:
    """Link programs into a directory of the lab, and return a PATH on which they precede all others.

    They are hard links, so that a lab that was kept can be removed after the kit was deleted.
    """
    directory.mkdir(parents=True, exist_ok=True)
    for file in directory.iterdir():
        file.unlink()
    for name, program in tools.items():
        os.link(program, directory / name)
    return f"{directory}:{path}"


@contextmanager
def open_existing_lab(context: RunContext, tools: Mapping[str, Path] = MappingProxyType({})) -> Iterator[Lab]:
    """Open a cluster that exists already, named by KUBECONFIG or in kubectl's default place.

    Args:
        context: The context of the run.
        tools: Programs in place of those on PATH, by name.

    Raises:
        LabError: If there is no kubeconfig, or it is invalid.
    """
    path = ":".join([*(str(program.parent) for program in tools.values()), context.environment.get("PATH", "")])
    environment = {"KUBECONFIG": find_kubeconfig(context.environment), "PATH": path}
    yield Lab.from_context(context, LabState(kind="existing", environment=environment))
