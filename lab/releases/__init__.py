"""The Kubeflow releases that the suite supports: one TOML file for each release, and the schema of these files."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from lab.errors import LabError

DIRECTORY = Path(__file__).parent


def _check_range(text: str) -> str:
    try:
        SpecifierSet(text)
    except InvalidSpecifier as error:
        raise ValueError(str(error)) from None
    return text


Range = Annotated[str, AfterValidator(_check_range)]
"""A range of versions, as in >=1.24,<1.26."""


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Kubernetes(_Strict):
    """The Kubernetes that a release runs on.

    Args:
        supported: The range of Kubernetes versions.
        k3s_image: The image of the lab's node, with a version inside the range.
    """

    supported: Range
    k3s_image: str


class Machine(_Strict):
    """The size of a machine for the whole release, with upstream's images.

    Args:
        min_cpus: The sum of the CPU requests of all pods; on a smaller machine, some pods stay Pending.
        min_memory_gib: The sum of their memory requests, in GiB.
        recommended_cpus: The number of CPUs that upstream recommends.
        recommended_memory_gib: The memory that upstream recommends, in GiB.
    """

    min_cpus: float
    min_memory_gib: float
    recommended_cpus: int
    recommended_memory_gib: int


class Chart(_Strict):
    """A Helm chart.

    Args:
        repository: The URL of its repository.
        version: The pinned version.
    """

    repository: str
    version: str


class Tools(_Strict):
    """The programs that a user of the tutorial runs, each with the range of versions that works."""

    docker: Range
    k3d: Range
    helm: Range
    kubectl: Range
    kustomize: Range


class CiTools(_Strict):
    """The exact versions that CI installs to test upgrades, each inside the range of the tool."""

    k3d: str
    helm: str
    kubectl: str
    kustomize: str


class Manifests(_Strict):
    """The Git repository of the manifests.

    Args:
        repository: Its URL.
        branch: The branch that the tutorial checks out.
        commit: The pinned commit.
        apply: Whether `kubectl apply` merges objects on the client or on the server.
    """

    repository: str
    branch: str
    commit: str
    apply: Literal["client", "server"] = "client"


class Logout(_Strict):
    """The request that ends a session.

    Args:
        method: Its HTTP method.
        path: Its path.
        ends_session: Whether the session also ends for clients that have a copy of the cookie.
    """

    method: Literal["GET", "POST"]
    path: str
    ends_session: bool


class SessionLifetime(_Strict):
    """The parameter that sets the lifetime of sessions.

    Args:
        file: The file of the manifests that contains it.
        line: The line that sets it, NAME=VALUE; {seconds} is replaced by the number of seconds.
        directory: The directory that is built and applied to change it.
    """

    file: str
    line: str
    directory: str


class AuthProxy(_Strict):
    """The proxy that authenticates every request: oidc-authservice to release 1.8, oauth2-proxy from 1.9.

    Args:
        name: The name of the program.
        workload: NAMESPACE/KIND/NAME of the workload that runs it.
        ext_authz_object: NAMESPACE/KIND/NAME of the object that makes the gateway ask the proxy about every request.
        first_page: The first page that a browser without a session receives: Dex's login form, or a sign-in page of the
            proxy with a button that leads to Dex.
        session_cookie: The name of the session cookie.
        http_only: Whether the session cookie is hidden from scripts.
        callback: The path to which Dex redirects the browser after a login.
        logout: The request that ends a session.
        session_lifetime: The parameter that sets the lifetime of sessions.
        extra_parameters: The parameters of oidc-authservice that the tutorial does not list.
    """

    name: str
    workload: str
    ext_authz_object: str
    first_page: Literal["dex", "sign-in"]
    session_cookie: str
    http_only: bool
    callback: str
    logout: Logout
    session_lifetime: SessionLifetime
    extra_parameters: dict[str, str] = {}

    @property
    def namespace(self) -> str:
        """The namespace of its workload."""
        return self.workload.partition("/")[0]

    def list_session_cookies(self, names: Iterable[str]) -> list[str]:
        """Return which of the names are those of session cookies.

        oauth2-proxy splits a session that is too long for one cookie, as of a user with many groups: NAME_0, NAME_1, ….
        """
        return [name for name in names if re.fullmatch(rf"{re.escape(self.session_cookie)}(_\d+)?", name)]


class Password(_Strict):
    """The parameter that sets the owner's password.

    Args:
        file: The file of the manifests that contains it.
        key: The key whose value is the hash of the password.
        directory: The directory that is built and applied to change it.
    """

    file: str
    key: str
    directory: str


class WebApp(_Strict):
    """A web app in which users create resources.

    Args:
        path: Its path at the gateway.
        deployment: The name of its Deployment in the namespace kubeflow.
        file: The file of the manifests that contains its parameters.
        secure_cookies: The parameter that sets whether its cookies have the attribute Secure.
        directory: The directory that is built and applied to change it.
    """

    path: str
    deployment: str
    file: str
    secure_cookies: str
    directory: str


class Component(_Strict):
    """A component of the release, as the tutorial's tables list it.

    Args:
        name: Its name.
        directory: Its directory in the manifests.
        version: The upstream version that the manifests contain.
        workload: NAMESPACE/NAME of the Deployment that shows the version; empty if `example` does not install the
            component.
        interface: NAMESPACE/NAME of the Deployment that answers users, if it is another one.
        label: The label of the Deployment that contains the version; empty if the tag of an image contains it.
        expected_tag: The expected value of the label or tag; empty if it is the version itself.
        images: A part of the names of its images, and of no other component's images, to verify that a component that
            `example` does not install is not running.
    """

    name: str
    directory: str
    version: str
    workload: str = ""
    interface: str = ""
    label: str = ""
    expected_tag: str = ""
    images: str = ""


class Part(_Strict):
    """One part of a multi-command installation: its directories are built and applied together, then awaited.

    Args:
        name: Its name.
        directories: Its directories in the manifests.
        required: Whether nothing of Kubeflow works without it, so that a cluster without it is never as it should be.
    """

    name: str
    directories: tuple[str, ...]
    required: bool = False


class Release(_Strict):
    """One Kubeflow release.

    Args:
        kubeflow: Its version.
        kubernetes: The Kubernetes that it runs on.
        machine: The size of a machine for it.
        tools: The programs that a user runs.
        reasons: The reason for the range of a program, by its name, where the range excludes newer versions.
        ci_tools: The versions of these programs that CI installs.
        charts: The Helm charts of the layers below Kubeflow, by name.
        manifests: The Git repository of its manifests.
        namespaces: The namespaces whose pods must be ready.
        created_by_controllers: NAMESPACE/NAME of the Deployments that are not in the manifests, because controllers
            create them for the Profile.
        auth_proxy: The proxy that authenticates every request.
        password: The parameter that sets the owner's password.
        web_apps: The web apps in which users create resources, by the kind of resource.
        components: The components whose versions define the release.
        parts: The parts of `example`, in an order in which each part becomes ready before the next one is applied.
    """

    kubeflow: str
    kubernetes: Kubernetes
    machine: Machine
    tools: Tools
    reasons: dict[str, str] = {}
    ci_tools: CiTools
    charts: dict[str, Chart]
    manifests: Manifests
    namespaces: tuple[str, ...]
    created_by_controllers: tuple[str, ...]
    auth_proxy: AuthProxy
    password: Password
    web_apps: dict[Literal["volumes", "notebooks", "tensorboards"], WebApp]
    components: tuple[Component, ...]
    parts: tuple[Part, ...]

    def with_auth_proxy_in(self, namespace: str) -> Release:
        """Return this release with the auth proxy in another namespace; unchanged if the namespace is empty."""
        if not namespace:
            return self
        workload = f"{namespace}/{self.auth_proxy.workload.partition('/')[2]}"
        return self.model_copy(update={"auth_proxy": self.auth_proxy.model_copy(update={"workload": workload})})

    def list_optional(self) -> dict[str, tuple[str, ...]]:
        """Return the directories that a cluster may lack, by the names of parts, and of components that are less."""
        required = [directory for part in self.parts if part.required for directory in part.directories]
        optional = {part.name: part.directories for part in self.parts if not part.required}
        directories = [directory for part in optional.values() for directory in part]
        for component in self.components:
            own = tuple(directory for directory in directories if _is_below(directory, component.directory))
            if own and not any(_is_below(directory, component.directory) for directory in required):
                optional.setdefault(component.name, own)
        return optional

    def find_optional(self, name: str) -> tuple[str, ...]:
        """Return the directories of an optional part or component by its name, in any case and with any separators.

        Raises:
            ValueError: If there is none of this name; the message is meant for users.
        """
        optional = {normalize_name(known): directories for known, directories in self.list_optional().items()}
        if directories := optional.get(normalize_name(name)):
            return directories
        required = [part.name for part in self.parts if part.required]
        if normalize_name(name) in map(normalize_name, required):
            raise ValueError(f"nothing works without {name}; what can be missing is {', '.join(optional)}")
        raise ValueError(
            f"Kubeflow {self.kubeflow} has no part {name!r} that can be missing, only {', '.join(optional)}"
        )


def normalize_name(name: str) -> str:
    """Return the name of a part or component as it is typed on a command line: in lower case, with hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def _is_below(directory: str, parent: str) -> bool:
    return f"{directory}/".startswith(f"{parent}/")


def list_names() -> list[str]:
    """Return the names of the releases that have a file, oldest first."""
    return sorted((file.stem for file in DIRECTORY.glob("*.toml")), key=Version)


def load(name: str, directory: Path = DIRECTORY) -> Release:
    """Return a release.

    Args:
        name: The name of the release, as in 1.7.
        directory: The directory of the files.

    Raises:
        LabError: If there is no such file, or the file does not follow the schema.
    """
    file = directory / f"{name}.toml"
    if not file.is_file():
        raise LabError(
            f"Kubeflow {name} is not supported by this suite",
            expected=f"one of the releases {', '.join(list_names())}",
            seen=f"--release {name}",
            remedy="choose one of these, or add a file for it to lab/releases",
        )
    try:
        return Release.model_validate(tomllib.loads(file.read_text()))
    except (ValidationError, tomllib.TOMLDecodeError) as error:
        raise LabError(
            f"{file.name} does not follow the schema of releases",
            seen=str(error),
            remedy="correct the file; lab/releases/__init__.py documents the schema",
        ) from None
