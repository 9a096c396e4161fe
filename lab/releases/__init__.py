"""What each Kubeflow release is to this suite: one TOML file a release, and the schema they all follow."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Literal

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from lab.errors import LabError

FOLDER = Path(__file__).parent


def _is_range(text: str) -> str:
    try:
        SpecifierSet(text)
    except InvalidSpecifier as error:
        raise ValueError(str(error)) from None
    return text


Range = Annotated[str, AfterValidator(_is_range)]
"""A range of versions, as in >=1.24,<1.26."""


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Kubernetes(_Strict):
    """The Kubernetes that a release runs on: a version range, and the k3s image of the lab inside it."""

    supported: Range
    k3s_image: str


class Machine(_Strict):
    """The machine that all of a release fits on, with its images as upstream has them.

    Arguments:
        least_cpus, least_memory_gib: what its pods ask for together; on a smaller machine some stay Pending.
        advised_cpus, advised_memory_gib: what upstream recommends.
    """

    least_cpus: float
    least_memory_gib: float
    advised_cpus: int
    advised_memory_gib: int


class Chart(_Strict):
    """A Helm chart: the repository that has it, by URL, and the pinned version."""

    repository: str
    version: str


class Tools(_Strict):
    """The programs that a person types in the tutorial, and a version range for each."""

    docker: Range
    k3d: Range
    helm: Range
    kubectl: Range
    kustomize: Range


class Gate(_Strict):
    """The very versions that the gate of upgrades installs, each inside of the range of that tool."""

    k3d: str
    helm: str
    kubectl: str
    kustomize: str


class Manifests(_Strict):
    """The tree of manifests.

    Arguments:
        repository, branch, commit: where it is, and which state of it.
        apply: on which side objects are merged.
    """

    repository: str
    branch: str
    commit: str
    apply: Literal["client", "server"] = "client"


class LogOut(_Strict):
    """The request by which a session is ended.

    Arguments:
        method, path: of the request.
        ends_session: whether it ends the session also for whoever has a copy of the cookie.
    """

    method: Literal["GET", "POST"]
    path: str
    ends_session: bool


class SessionLength(_Strict):
    """Where it is set how long a session lasts.

    Arguments:
        file: of the manifests.
        line: that says it, NAME=VALUE, in which {seconds} stands for their number.
        apply: the folder that is built and applied to change it.
    """

    file: str
    line: str
    apply: str


class FrontEnd(_Strict):
    """What asks for a log-in in front of everything.

    Arguments:
        name: of the program.
        workload: NAMESPACE/KIND/NAME of what runs it.
        guard: NAMESPACE/KIND/NAME of the object for whose sake the gateway asks it about every request.
        first_page: what a browser without a session sees first: Dex's form, or a page with a button that leads there.
        session_cookie: the cookie that is the session.
        http_only: whether scripts of a page cannot read it.
        state_cookie: the cookie that remembers a log-in that has begun.
        callback: the path to which Dex sends who has logged in.
        log_out: how a session is ended.
        session_length: where it is set how long one lasts.
        more_parameters: those that oidc-authservice has beside the tutorial's.
    """

    name: str
    workload: str
    guard: str
    first_page: Literal["dex", "sign-in"]
    session_cookie: str
    http_only: bool
    state_cookie: str
    callback: str
    log_out: LogOut
    session_length: SessionLength
    more_parameters: dict[str, str] = {}


class Password(_Strict):
    """Where the hash of the user's password is set.

    Arguments:
        file: of the manifests.
        key: what stands before the hash in it.
        apply: the folder that is built and applied to change it.
    """

    file: str
    key: str
    apply: str


class WebApp(_Strict):
    """A web app in which a person creates things.

    Arguments:
        path: at the gateway.
        deployment: what runs it, in the namespace kubeflow.
        file: of the manifests, with its parameters.
        secure_cookies: the parameter that says whether its cookies are Secure.
        apply: the folder that is built and applied to change it.
    """

    path: str
    deployment: str
    file: str
    secure_cookies: str
    apply: str


class Component(_Strict):
    """A component of the release, as the tutorial's tables have it.

    Arguments:
        folder: in the manifests.
        version: the upstream revision that they are taken from.
        workload: NAMESPACE/NAME of the Deployment that tells it; empty where `example` does not install the component.
        label: the Deployment's label that tells it; empty where the tag of an image does.
        told_as: what label or tag read, where that is not the version itself.
        images: what the names of its images have and those of no other component, where `example` does not install it.
    """

    name: str
    folder: str
    version: str
    workload: str = ""
    label: str = ""
    told_as: str = ""
    images: str = ""


class Part(_Strict):
    """One step of an installation part by part: folders that are built and applied together, and then waited for."""

    name: str
    folders: tuple[str, ...]


class Release(_Strict):
    """One Kubeflow release.

    Arguments:
        kubeflow: its version.
        kubernetes: the Kubernetes that it runs on.
        machine: the machine that it fits on.
        tools: the programs that a person types.
        gate: those of them that the gate of upgrades installs.
        charts: the Helm charts of the layers below it.
        manifests: what it is installed from.
        namespaces: those whose pods must be ready.
        created_later: Deployments that no manifest has, as NAMESPACE/NAME: controllers create them for the Profile.
        front_end: what asks for a log-in.
        password: where the user's password is set.
        web_apps: those in which a person creates things, by the kind of thing.
        components: those whose versions the release is.
        parts: what `example` consists of, in an order in which each part becomes ready before the next one is begun.
    """

    kubeflow: str
    kubernetes: Kubernetes
    machine: Machine
    tools: Tools
    gate: Gate
    charts: dict[str, Chart]
    manifests: Manifests
    namespaces: tuple[str, ...]
    created_later: tuple[str, ...]
    front_end: FrontEnd
    password: Password
    web_apps: dict[Literal["volumes", "notebooks", "tensorboards"], WebApp]
    components: tuple[Component, ...]
    parts: tuple[Part, ...]


def names() -> list[str]:
    """The releases that there is a file for, the oldest first."""
    return sorted((file.stem for file in FOLDER.glob("*.toml")), key=Version)


def load(name: str, folder: Path = FOLDER) -> Release:
    """Reads a release's file.

    Arguments:
        name: the release, as in 1.7.
        folder: where the files are.

    Raises LabError when there is no such file, or when it does not follow the schema.
    """
    file = folder / f"{name}.toml"
    if not file.is_file():
        raise LabError(
            f"Kubeflow {name} is not known to this suite",
            expected=f"one of the releases {', '.join(names())}",
            seen=f"--release {name}",
            remedy="choose one of these, or write a file for it in lab/releases",
        )
    try:
        return Release.model_validate(tomllib.loads(file.read_text()))
    except (ValidationError, tomllib.TOMLDecodeError) as error:
        raise LabError(
            f"{file.name} does not follow the schema of releases", seen=str(error), remedy="correct it"
        ) from None
