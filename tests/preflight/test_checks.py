"""lab/preflight/checks.py: the checks that are selected for a run, and their findings."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest
from pytest_httpserver import HTTPServer

from lab import releases
from lab.config.paths import Paths
from lab.context import RunContext
from lab.errors import LabError
from lab.preflight import checks, tools
from lab.preflight.findings import Finding, warning
from lab.preflight.requirements import GIB, InotifyLimits, Requirements
from lab.preflight.tools import KitTool
from lab.run.shell import Shell
from lab.run.state import LabState
from tests.conftest import Listener, MakeContext, WriteProgram
from tests.mirror_source import url_of, write_source

SUPPORTED = {
    "docker": ">=20.10",
    "k3d": ">=5.4,<6",
    "helm": ">=3.8,<4",
    "kubectl": ">=1.24,<1.27",
    "kustomize": ">=5.0",
}
OUTPUTS = {
    "docker": "24.0.7",
    "k3d": "k3d version v5.6.0\nk3s version v1.27.4-k3s1 (default)",
    "helm": "v3.14.4+g81c902a",
    "kustomize": "v5.0.3",
    "kubectl": "clientVersion:\n  buildDate: '2022-11-09T13:36:36Z'\n  gitVersion: v1.25.4\n  goVersion: go1.19.3\n",
}
"""The real output of each tool."""
KUSTOMIZE_4 = "{Version:kustomize/v4.5.7 GitCommit:56d82a8378dfc8dc3b3b1085e5a6e67b82966bd7 GoOs:linux GoArch:amd64}"
HUGE = 10**9 * GIB
MINIMAL = Requirements(
    memory=1,
    inotify=InotifyLimits(0, 0),
    browsers=["true"],
    k3d_ports={},
    port_forward_port=0,  # the kernel chooses a free port
)
"""Requirements that every machine meets; a program that does nothing is accepted as a browser."""


@pytest.fixture
def stubs(programs: Path, write_program: WriteProgram) -> Shell:
    """A shell whose only programs are tools that print the versions above."""
    for name, text in OUTPUTS.items():
        write_program(name, f'/bin/cat <<"END"\n{text}\nEND')
    return Shell({"PATH": str(programs)})


def test_tools_with_supported_versions_have_no_findings(stubs: Shell) -> None:
    assert list(tools.check_tools(SUPPORTED, stubs)) == []


@pytest.mark.parametrize(
    ("name", "output", "version"),
    [
        ("docker", "19.03.15", "19.03.15"),
        ("k3d", "k3d version v4.4.8\nk3s version v1.21.3-k3s1 (default)", "4.4.8"),
        ("helm", "v4.0.1+g12500dd", "4.0.1"),
        ("helm", "v2.17.0+ga690bad", "2.17.0"),
        ("kubectl", OUTPUTS["kubectl"].replace("v1.25.4", "v1.30.0"), "1.30.0"),
        ("kustomize", KUSTOMIZE_4, "4.5.7"),
        ("k3d", "k3d version v6.0.0-rc.1\nk3s version v1.27.4-k3s1 (default)", "6.0.0"),
    ],
)
def test_an_unsupported_version_is_an_error_with_both_versions(
    stubs: Shell, write_program: WriteProgram, name: str, output: str, version: str
) -> None:
    write_program(name, f'/bin/cat <<"END"\n{output}\nEND')
    [finding] = tools.check_tools(SUPPORTED, stubs)
    assert finding.severity == "error"
    assert finding.problem.headline == f"{name} has an unsupported version"
    assert (finding.problem.expected, finding.problem.seen) == (f"{name} {SUPPORTED[name]}", f"{name} {version}")
    assert f"install a supported version of {name}" in finding.problem.remedy


@pytest.mark.parametrize("release", ["1.9", "1.10", "1.11"])
@pytest.mark.parametrize("version", ["5.8.0", "5.8.1"])
def test_a_kustomize_that_builds_another_profile_is_an_error_with_the_reason(
    stubs: Shell, write_program: WriteProgram, version: str, release: str
) -> None:
    loaded = releases.load(release)
    write_program("kustomize", f"echo v{version}")
    [finding] = tools.check_tool("kustomize", loaded.tools.kustomize, stubs, reason=loaded.reasons.get("kustomize", ""))
    assert finding.severity == "error"
    assert "builds a Profile that is called $(profile-name)" in finding.problem.expected
    assert "install a supported version of kustomize" in finding.problem.remedy
    write_program("kustomize", "echo v5.7.1")
    [finding] = tools.check_tool("kustomize", loaded.tools.kustomize, stubs)
    assert finding.severity == "note"


@pytest.mark.parametrize("release", ["1.7", "1.8", "26.03"])
def test_kustomize_5_8_is_accepted_for_the_other_releases(
    stubs: Shell, write_program: WriteProgram, release: str
) -> None:
    write_program("kustomize", "echo v5.8.1")
    [finding] = tools.check_tool("kustomize", releases.load(release).tools.kustomize, stubs)
    assert finding.severity == "note"


@pytest.mark.parametrize(
    ("name", "output"),
    [
        ("kustomize", "(devel)"),
        ("kustomize", "{Version:unknown GitCommit:$Format:%H$ BuildDate:1970-01-01T00:00:00Z GoOs:linux GoArch:amd64}"),
        ("k3d", "k3d version v5-dev\nk3s version v1.27.4-k3s1 (default)"),
        ("k3d", "k3s version v1.27.4-k3s1 (default)"),
        ("helm", "v3+unreleased"),
        ("kubectl", "clientVersion:\n  gitVersion: v0.0.0-master+$Format:%H$\nkustomizeVersion: v4.5.7"),
        ("kubectl", "kustomizeVersion: v4.5.7"),
        ("kubectl", "an output without a version"),
        ("docker", "library-import"),
        ("docker", ""),
    ],
)
def test_a_version_that_is_not_printed_is_a_warning(
    stubs: Shell, write_program: WriteProgram, name: str, output: str
) -> None:
    write_program(name, f'/bin/cat <<"END"\n{output}\nEND')
    [finding] = tools.check_tools(SUPPORTED, stubs)
    assert finding.severity == "warning"
    assert finding.problem.headline == f"the version of {name} is not known, and was not checked"
    first_line = output.splitlines()[0] if output else "nothing"
    assert finding.problem.seen == f"{name} prints {first_line}"


@pytest.mark.parametrize(
    ("name", "output"),
    [
        ("kustomize", "v5.0.4-0.20230601165947-6ce0bf390ce3"),
        ("kustomize", "{Version:kustomize/v5.0.0 GitCommit:738ca56ccd511a5fcd57b958d6d2019d5b7f2091 GoOs:linux}"),
        ("kustomize", "5.6.0"),
        ("helm", "v3.14+unreleased"),
        ("docker", "20.10.21+dfsg1"),
        ("kubectl", "clientVersion:\n  gitVersion: v1.25.16-eks-8cb36c9\n  goVersion: go1.19.3"),
    ],
)
def test_versions_of_distributions_are_recognized(
    stubs: Shell, write_program: WriteProgram, name: str, output: str
) -> None:
    write_program(name, f'/bin/cat <<"END"\n{output}\nEND')
    assert list(tools.check_tools(SUPPORTED, stubs)) == []


@pytest.mark.parametrize("name", OUTPUTS)
def test_a_missing_tool_is_an_error(stubs: Shell, programs: Path, name: str) -> None:
    (programs / name).unlink()
    [finding] = tools.check_tools(SUPPORTED, stubs)
    assert finding.severity == "error"
    assert finding.problem.headline == f"{name} cannot be used"
    assert "No such file or directory" in finding.problem.seen


def test_a_docker_without_its_engine_is_an_error_with_its_message(stubs: Shell, write_program: WriteProgram) -> None:
    write_program("docker", "echo Cannot connect to the Docker daemon >&2; exit 1")
    [finding] = tools.check_tools(SUPPORTED, stubs)
    assert "Cannot connect to the Docker daemon" in finding.problem.seen


def run_checks(
    context: RunContext,
    tags: Collection[str] = (),
    requirements: Requirements = MINIMAL,
    kit_tools: Mapping[str, KitTool] = MappingProxyType({}),
) -> list[Finding]:
    """Return the findings of all checks of a run, with minimal requirements unless others are given."""
    return checks.run_checks(context, tags, requirements=requirements, kit_tools=kit_tools)


def headlines(findings: Iterable[Finding]) -> list[str]:
    """Return the headlines of findings."""
    return [finding.problem.headline for finding in findings]


def test_a_suitable_machine_has_no_findings(context: RunContext) -> None:
    assert run_checks(context) == []


def test_findings_of_the_extra_check_are_included(context: RunContext) -> None:
    extra = warning("the kit is not built")
    assert checks.run_checks(context, (), lambda: [extra], MINIMAL) == [extra]


def test_an_error_of_the_extra_check_is_a_finding(context: RunContext) -> None:
    def check() -> Iterator[Finding]:
        yield warning("the kit is not built")
        raise LabError("the kit is damaged")

    findings = checks.run_checks(context, (), check, MINIMAL)
    assert [(finding.severity, finding.problem.headline) for finding in findings] == [("error", "the kit is damaged")]


def test_insufficient_memory_for_an_embedded_lab_is_an_error(context: RunContext) -> None:
    [finding] = run_checks(context, requirements=replace(MINIMAL, memory=HUGE))
    assert finding.severity == "error"
    assert finding.problem.headline == "there is not enough memory"


def test_resources_that_an_existing_lab_uses_are_not_checked(context: RunContext, paths: Paths) -> None:
    requirements = replace(MINIMAL, memory=HUGE, inotify=InotifyLimits(10**9, 10**9))
    LabState(kind="embedded").save(paths)
    assert run_checks(context, requirements=requirements) == []


def test_missing_chromium_is_an_error_if_a_scenario_needs_it(context: RunContext) -> None:
    requirements = replace(MINIMAL, browsers=["no-such-chromium"])
    context = replace(context, environment={**context.environment, "PLAYWRIGHT_BROWSERS_PATH": "/does/not/exist"})
    assert headlines(run_checks(context, {"ingress", "browser"}, requirements)) == ["there is no Chromium"]
    assert run_checks(context, {"ingress"}, requirements) == []


def test_a_browser_without_its_libraries_is_an_error_with_its_message(
    context: RunContext, write_program: WriteProgram
) -> None:
    message = "error while loading shared libraries: libnss3.so: cannot open shared object file"
    program = write_program("chromium-without-libraries", f"echo '{message}' >&2; exit 127")
    [finding] = run_checks(context, {"browser"}, replace(MINIMAL, browsers=[program.name]))
    assert (finding.severity, finding.problem.headline) == ("error", f"the browser {program} cannot be run")
    assert message in finding.problem.seen


@pytest.mark.parametrize(
    ("lab", "tags", "checked"),
    [
        ("embedded", {"cluster", "kubeflow"}, set()),
        ("k3d", {"cluster"}, {"kubectl", "docker", "k3d", "helm"}),
        ("k3d", {"cluster", "kubeflow"}, {"kubectl", "docker", "k3d", "helm", "kustomize"}),
        ("existing", {"cluster"}, {"kubectl"}),
        ("existing", {"cluster", "kubeflow"}, {"kubectl", "kustomize"}),
        ("existing", {"metallb"}, {"kubectl", "helm"}),
        ("existing", {"ingress", "kubeflow"}, {"kubectl", "helm", "kustomize"}),
    ],
)
def test_the_tools_that_a_run_uses_are_checked(
    make_own_context: MakeContext, write_program: WriteProgram, lab: str, tags: set[str], checked: set[str]
) -> None:
    for name in OUTPUTS:
        write_program(name, "echo 0.0.1")
    # No registry is asked about the images of this release, of which none is known to be gone.
    findings = run_checks(make_own_context(lab=lab, release="1.10"), tags)
    assert {text.split()[0] for text in headlines(findings) if "has an unsupported version" in text} == checked


def list_notes(findings: Iterable[Finding]) -> list[str]:
    """Return the notes among findings."""
    return [finding.problem.headline for finding in findings if finding.severity == "note"]


def test_tools_that_fit_are_taken_from_path(make_own_context: MakeContext, programs: Path) -> None:
    findings = run_checks(make_own_context(lab="existing"), {"kubeflow"}, kit_tools={"kubectl": KitTool("1.25.4")})
    assert f"kubectl 1.25.4 is {programs}/kubectl" in list_notes(findings)
    assert f"kustomize 5.0.3 is {programs}/kustomize" in list_notes(findings)


def test_the_kit_has_tools_that_path_lacks(
    make_own_context: MakeContext, write_program: WriteProgram, tmp_path: Path
) -> None:
    write_program("kustomize", f"cat <<'END'\n{KUSTOMIZE_4}\nEND")
    write_program("kubectl", "exit 1")
    write_program("go", "exit 1")
    kit_tools = {"kubectl": KitTool("1.25.4", tmp_path / "kubectl"), "kustomize": KitTool("5.0.3")}
    findings = run_checks(make_own_context(lab="existing"), {"kubeflow"}, kit_tools=kit_tools)
    assert list_notes(findings) == [
        f"kubectl 1.25.4 is {tmp_path}/kubectl: there is no usable one on PATH",
        "kustomize 5.0.3 is built from its Go module, which takes some minutes: that on PATH has version 4.5.7",
    ]
    assert not [text for text in headlines(findings) if "kustomize has" in text or "kubectl cannot" in text]


def test_a_tool_can_be_built_only_with_go(programs: Path) -> None:
    shell = Shell({"PATH": str(programs)})
    [finding] = tools.check_tool("kustomize", ">=5.0", shell, KitTool("5.0.3"))
    assert finding.severity == "error"
    assert finding.problem.headline == "kustomize 5.0.3 cannot be built"
    assert "`make ready` installs Go" in finding.problem.remedy


def test_a_cluster_is_checked_later_if_there_is_no_kubectl_yet(context: RunContext, tmp_path: Path) -> None:
    content = "{current-context: a, contexts: [{name: a, context: {cluster: b}}], clusters: [{name: b, cluster: "
    (tmp_path / "kubeconfig").write_text(content + "{server: 'https://127.0.0.1:1'}}]}")
    environment = {**context.environment, "PATH": "", "KUBECONFIG": str(tmp_path / "kubeconfig")}
    settings = context.settings.model_copy(update={"lab": "existing"})
    findings = run_checks(replace(context, settings=settings, environment=environment))
    assert "the cluster was not checked" in headlines(findings)


def test_an_old_kustomize_is_found_before_anything_is_changed(
    make_own_context: MakeContext, write_program: WriteProgram
) -> None:
    write_program("kustomize", f"cat <<'END'\n{KUSTOMIZE_4}\nEND")
    findings = run_checks(make_own_context(lab="existing"), {"kubeflow"})
    problems = {finding.problem.headline: finding.problem for finding in findings}
    problem = problems["kustomize has an unsupported version"]
    assert (problem.expected, problem.seen) == ("kustomize >=5.0", "kustomize 4.5.7")


@pytest.mark.parametrize("lab", ["k3d", "existing"])
def test_a_used_port_of_the_port_forward_is_an_error_if_kubeflow_is_tested(
    make_own_context: MakeContext, listener: Listener, lab: str
) -> None:
    requirements = replace(MINIMAL, port_forward_port=listener.port)
    headline = f"port {listener.port} is in use"
    assert headline not in headlines(run_checks(make_own_context(lab=lab), {"cluster"}, requirements))
    findings = run_checks(make_own_context(lab=lab, release="1.10"), {"kubeflow"}, requirements)
    [problem] = [finding.problem for finding in findings if finding.problem.headline == headline]
    assert "the port-forward" in problem.expected
    assert f"process {listener.pid} (" in problem.seen


def test_an_embedded_lab_has_ports_of_its_own(context: RunContext, listener: Listener) -> None:
    ports = {listener.port: "the Kubernetes API"}
    requirements = replace(MINIMAL, port_forward_port=listener.port, k3d_ports=ports)
    assert run_checks(context, {"kubeflow"}, requirements) == []


def test_used_ports_of_k3d_are_an_error_in_the_lab_without_a_name(
    make_own_context: MakeContext, listener: Listener
) -> None:
    requirements = replace(MINIMAL, k3d_ports={listener.port: "the Kubernetes API"})
    headline = f"port {listener.port} is in use"
    assert headline in headlines(run_checks(make_own_context(lab="k3d"), {"cluster"}, requirements))
    assert headline not in headlines(run_checks(make_own_context(lab="k3d", name="second"), {"cluster"}, requirements))


def test_a_node_image_with_an_unsupported_kubernetes_is_a_finding(make_own_context: MakeContext) -> None:
    context = make_own_context(lab="k3d")
    source = context.source.model_copy(update={"k3s_image": "docker.io/rancher/k3s:v1.34.1-k3s1"})
    findings = run_checks(replace(context, source=source), {"cluster"})
    [problem] = [finding.problem for finding in findings if "Kubernetes" in finding.problem.headline]
    assert (problem.expected, problem.seen.split(";")[0]) == ("Kubernetes >=1.24,<1.26", "Kubernetes 1.34.1")


@pytest.mark.parametrize("lab", ["k3d", "existing"])
def test_preflight_takes_three_seconds_even_if_all_tools_hang(
    make_own_context: MakeContext, write_program: WriteProgram, tmp_path: Path, lab: str
) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.touch()
    for name in OUTPUTS:
        write_program(name, "exec sleep 60")
    context = make_own_context({"KUBECONFIG": str(kubeconfig)}, lab=lab)
    begin = time.monotonic()
    findings = run_checks(context, checks.ALL_TAGS)
    assert time.monotonic() - begin < 3
    assert "kustomize did not print its version in time" in headlines(findings)
    assert not [text for text in headlines(findings) if "cannot be used" in text]


@pytest.fixture
def make_own_context(make_context: MakeContext, write_program: WriteProgram, tmp_path: Path) -> MakeContext:
    """A function that returns a context with the user's own tools in supported versions, no Docker and no cluster."""
    for name, output in OUTPUTS.items():
        write_program(name, f"cat <<'END'\n{output}\nEND")

    def make(environment: dict[str, str] | None = None, **options: object) -> RunContext:
        absent = {"DOCKER_HOST": f"unix://{tmp_path}/docker.sock", "KUBECONFIG": str(tmp_path / "no-kubeconfig")}
        return make_context({**absent, **(environment or {})}, **options)

    return make


def test_images_that_are_in_no_registry_are_an_error_in_a_lab_that_pulls_them(
    make_own_context: MakeContext, registry: HTTPServer, paths: Paths, tmp_path: Path
) -> None:
    source, headline = write_source(tmp_path / "source.toml", url_of(registry), "gcr.io"), "cannot be installed from"

    def is_reported(tags: Collection[str], **options: object) -> bool:
        findings = run_checks(make_own_context(source=str(source), **options), tags)
        return any(headline in text for text in headlines(findings))

    assert is_reported({"kubeflow"}, lab="k3d")
    assert not is_reported({"cluster"}, lab="k3d")
    assert not is_reported({"kubeflow"}, lab="k3d", verify_only=True)
    assert not is_reported({"kubeflow"}, lab="existing")
    LabState(kind="k3d").save(paths)  # its node may have the images
    assert not is_reported({"kubeflow"}, lab="k3d")
