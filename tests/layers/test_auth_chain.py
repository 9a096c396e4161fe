"""lab/layers/auth_chain.py: the diagnosis names the problems of the auth chain, causes before consequences."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pytest_httpserver import HTTPServer

from lab.context import Lab
from lab.errors import KnownFailureId, LabError, UnreachableError
from lab.k8s.client import Kube
from lab.k8s.objects import Object
from lab.layers import auth_chain
from lab.layers.auth_chain import AuthProblem
from tests.conftest import MakeLab, WriteProgram
from tests.fake_cluster import pod
from tests.layers.static_kube import StaticKube, make_object

DEX, AUTHSERVICE = {"app": "dex"}, {"app": "authservice"}
Diagnose = Callable[[Kube], list[AuthProblem]]


class UnreachableKube(Kube):
    """The API of a cluster that does not answer."""

    def __init__(self) -> None:
        pass

    def get(self, kind: str, name: str, namespace: str | None = None) -> Object | None:
        """Raise an error."""
        raise UnreachableError(
            "the API server does not answer",
            seen="Connection refused",
            known_failure=KnownFailureId.API_SERVER_UNREACHABLE,
        )


def make_workload(kind: str, name: str, namespace: str, labels: dict[str, str]) -> Object:
    """Return a workload with one replica, whose pods have the labels."""
    return make_object(kind, name, namespace, {"replicas": 1, "selector": {"matchLabels": labels}})


def add_labels(obj: Object, labels: dict[str, str]) -> Object:
    """Return a pod with labels, and with the additional label of a controller."""
    return {**obj, "metadata": {**obj["metadata"], "labels": {**labels, "pod-template-hash": "1"}}}


HEALTHY = {
    "filter": make_object("EnvoyFilter", "authn-filter", "istio-system"),
    "dex": make_workload("Deployment", "dex", "auth", DEX),
    "dex pod": add_labels(pod("dex-1", ready=True, namespace="auth"), DEX),
    "dex service": make_object("Service", "dex", "auth", {"selector": DEX}),
    "authservice": make_workload("StatefulSet", "authservice", "istio-system", AUTHSERVICE),
    "authservice pod": add_labels(pod("authservice-0", ready=True, namespace="istio-system"), AUTHSERVICE),
    "authservice service": make_object("Service", "authservice", "istio-system", {"selector": AUTHSERVICE}),
    "other service": make_object("Service", "api", "istio-system", {}),
}
"""The objects of an intact auth chain."""


def without(*names: str) -> StaticKube:
    """Return a cluster whose auth chain lacks some objects."""
    return StaticKube(*(obj for name, obj in HEALTHY.items() if name not in names))


@pytest.fixture
def diagnose(make_lab: MakeLab, monkeypatch: pytest.MonkeyPatch) -> Diagnose:
    """A function that diagnoses a cluster."""

    def diagnose_cluster(kube: Kube) -> list[AuthProblem]:
        monkeypatch.setattr(Lab, "kube", kube)
        return auth_chain.diagnose(make_lab())

    return diagnose_cluster


@pytest.fixture
def dex_log(write_program: WriteProgram) -> None:
    """A kubectl that finds one log: that of the crashed container of Dex."""
    write_program("kubectl", 'case "$*" in *dex-1*--previous) echo bad config;; *) exit 1;; esac')


def test_an_intact_auth_chain_has_no_problems(diagnose: Diagnose) -> None:
    assert diagnose(StaticKube(*HEALTHY.values())) == []


def make_config_map(name: str, namespace: str, data: dict[str, str]) -> Object:
    """Return a ConfigMap."""
    return {**make_object("ConfigMap", name, namespace), "data": data}


EXPECTED, OTHER = "http://dex.auth.svc.cluster.local:5556/dex", "https://kubeflow.example.com/dex"
ENV_FROM = {"containers": [{"envFrom": [{"secretRef": {"name": "client"}}, {"configMapRef": {"name": "parameters"}}]}]}
VOLUME = {"containers": [{}], "volumes": [{"secret": {"secretName": "a"}}, {"configMap": {"name": "parameters"}}]}
CONFIGURATION = f'provider = "oidc"\noidc_issuer_url = "{EXPECTED}"\n'


@pytest.mark.parametrize(
    ("issuer", "template", "data", "problems"),
    [
        (EXPECTED, ENV_FROM, {"OIDC_PROVIDER": EXPECTED}, []),
        (OTHER, ENV_FROM, {"OIDC_PROVIDER": EXPECTED}, [f"Dex has the issuer {OTHER}, and oidc-authservice expects"]),
        (f"{EXPECTED}/", ENV_FROM, {"OIDC_PROVIDER": EXPECTED}, [f"Dex has the issuer {EXPECTED}/, and"]),
        (OTHER, VOLUME, {"oauth2_proxy.cfg": CONFIGURATION}, [f"Dex has the issuer {OTHER}, and"]),
        (EXPECTED, VOLUME, {"oauth2_proxy.cfg": CONFIGURATION}, []),
        (OTHER, VOLUME, {"other": "text"}, []),
    ],
)
def test_different_issuers_are_a_problem(
    issuer: str, template: Object, data: dict[str, str], problems: list[str], diagnose: Diagnose
) -> None:
    proxy = HEALTHY["authservice"]
    workload = {**proxy, "spec": {**proxy["spec"], "template": {"spec": template}}}
    config_maps = [
        make_config_map("dex", "auth", {"config.yaml": f"issuer: {issuer}"}),
        make_config_map("parameters", "istio-system", data),
        make_config_map("unused", "istio-system", {"OIDC_PROVIDER": "http://example.com/unused"}),
    ]
    found = diagnose(StaticKube(*{**HEALTHY, "authservice": workload}.values(), *config_maps))
    assert [str(problem).startswith(text) for problem, text in zip(found, problems, strict=True)] == [True] * len(found)
    assert all(problem.known_failure == KnownFailureId.ISSUER_DIFFERS for problem in found)


@pytest.mark.parametrize(
    ("missing", "problems"),
    [
        (["filter"], ["there is no EnvoyFilter authn-filter in istio-system: without it the gateway does not ask"]),
        (["dex"], ["Dex is not installed (there is no Deployment dex in auth)"]),
        (["dex pod"], ["Dex is not ready (Deployment dex in auth has 0 of 1 pods ready)"]),
        (["dex service"], ["no Service in auth selects the pods of Dex"]),
        (["authservice"], ["oidc-authservice is not installed (there is no StatefulSet authservice in istio-system)"]),
        (["authservice pod"], ["oidc-authservice is not ready (StatefulSet authservice in istio-system"]),
        (["authservice service"], ["no Service in istio-system selects the pods of oidc-authservice"]),
        (["dex pod", "authservice pod"], ["Dex is not ready", "oidc-authservice is not ready"]),
    ],
)
def test_each_missing_object_is_a_problem(missing: list[str], problems: list[str], diagnose: Diagnose) -> None:
    found = diagnose(without(*missing))
    assert len(found) == len(problems)
    assert all(str(problem).startswith(beginning) for problem, beginning in zip(found, problems, strict=True))


@pytest.mark.parametrize(
    ("missing", "known_failure"),
    [
        ("filter", KnownFailureId.EXT_AUTHZ_MISSING),
        ("dex", KnownFailureId.DEX_UNAVAILABLE),
        ("dex pod", KnownFailureId.DEX_UNAVAILABLE),
        ("dex service", KnownFailureId.DEX_UNAVAILABLE),
        ("authservice", KnownFailureId.AUTH_PROXY_UNAVAILABLE),
        ("authservice pod", KnownFailureId.AUTH_PROXY_UNAVAILABLE),
        ("authservice service", KnownFailureId.AUTH_PROXY_UNAVAILABLE),
    ],
)
def test_each_missing_object_is_a_known_failure(
    missing: str, known_failure: KnownFailureId, diagnose: Diagnose
) -> None:
    [problem] = diagnose(without(missing))
    assert problem.known_failure is known_failure


def test_a_missing_filter_opens_kubeflow_to_everybody(diagnose: Diagnose) -> None:
    [problem] = diagnose(without("filter"))
    assert str(problem).endswith("Kubeflow is open to everybody")


def test_the_end_of_a_crashed_pods_log_is_reported(dex_log: None, diagnose: Diagnose) -> None:
    crashing = add_labels(pod("dex-1", waiting="CrashLoopBackOff", namespace="auth"), DEX)
    unready, crash = diagnose(StaticKube(*{**HEALTHY, "dex pod": crashing}.values()))
    assert str(unready).startswith("Dex is not ready")
    assert crash == AuthProblem("Dex: dex-1 (CrashLoopBackOff), the last lines of its log:\nbad config")


def test_a_crashed_pod_is_reported_even_if_another_one_is_ready(dex_log: None, diagnose: Diagnose) -> None:
    crashing = add_labels(pod("authservice-1", waiting="CrashLoopBackOff", namespace="istio-system"), AUTHSERVICE)
    problems = diagnose(StaticKube(*HEALTHY.values(), crashing))
    assert problems == [AuthProblem("oidc-authservice: authservice-1 (CrashLoopBackOff), its log is empty")]


def test_an_unreachable_cluster_is_a_problem_and_no_error(diagnose: Diagnose) -> None:
    [problem] = diagnose(UnreachableKube())
    assert str(problem).endswith("the API server does not answer: Connection refused")
    assert problem.known_failure is KnownFailureId.API_SERVER_UNREACHABLE


class TestLogin:
    """An entry point that leads to no login of the lab fails like a layer, and once."""

    def test_a_redirect_to_https_is_the_error_of_a_layer(self, make_lab: MakeLab, http_server: HTTPServer) -> None:
        headline = "the gateway redirects to HTTPS, which is none of the entry points"
        http_server.expect_request("/").respond_with_data("", 301, {"Location": "https://localhost/"})
        with pytest.raises(LabError) as caught:
            auth_chain.check_login(make_lab(lab="existing", url=(f"http://localhost:{http_server.port}",)))
        assert (caught.value.headline, caught.value.layer) == (headline, "login")

    def test_an_identity_provider_of_an_existing_cluster_is_no_error(
        self, make_lab: MakeLab, http_server: HTTPServer
    ) -> None:
        http_server.expect_request("/").respond_with_data(
            "", 302, {"Location": "https://sso.corp.example/?client_id=a"}
        )
        other = auth_chain.check_login(make_lab(lab="existing", url=(f"http://localhost:{http_server.port}",)))
        assert other is not None
        assert other.headline.startswith("login is at sso.corp.example, an external identity provider")
        assert "--session-cookie-file" in other.remedy

    def test_a_page_of_choices_without_a_password_is_another_login(
        self, make_lab: MakeLab, http_server: HTTPServer
    ) -> None:
        page = '<a href="/dex/auth/corp?state=a">Log in with Corp</a> <a href="/dex/auth/github?state=a">GitHub</a>'
        http_server.expect_request("/").respond_with_data(page)
        other = auth_chain.check_login(make_lab(lab="existing", url=(f"http://localhost:{http_server.port}",)))
        assert other is not None
        assert other.headline == "Dex offers no login with a password of its own, only: Log in with Corp, GitHub"

    @pytest.mark.parametrize("status", [200, 403, 404, 503])
    def test_other_answers_are_left_to_the_scenarios(
        self, status: int, make_lab: MakeLab, http_server: HTTPServer
    ) -> None:
        http_server.expect_request("/").respond_with_data("", status)
        auth_chain.check_login(make_lab(lab="existing", url=(f"http://localhost:{http_server.port}",)))
