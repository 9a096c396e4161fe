"""The table of variants: legitimate set-ups, and the chapters that must stay green with them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from lab.config.entry_points import INGRESS_URL
from lab.config.settings import TUTORIAL_NAMESPACE as PROFILE
from lab.config.settings import TUTORIAL_PASSWORD as PASSWORD
from lab.config.settings import TUTORIAL_USER as USER
from lab.context import Lab
from lab.layers.ingress_admission import CONFIGURATION
from lab.layers.metallb import ADVERTISEMENT, POOL
from lab.run.redaction import Secrets
from lab.web.hosts import NGINX_HOST
from lab.web.passwords import hash_password
from tools.existing_cluster import build_environment
from tools.observations import (
    Condition,
    accepts_login,
    accepts_second_ingress,
    exists,
    has_endpoint,
    has_external_address,
    has_pod_status,
    is_rolled_out,
    meets_all,
    shows_choice,
)
from tools.steps import Step, create, delete, edit, run_command
from tools.variants.objects import (
    ENDING_COMMAND,
    FAILING_COMMAND,
    NAME,
    OTHER_NAMESPACE,
    build_advertisement,
    build_evicted_pod,
    build_ingress,
    build_job,
    build_load_balancer,
    build_object,
    build_pod,
    build_pod_spec,
    build_pool,
    build_profile,
    build_quota_with_defaults,
    build_site_of_team,
    build_unreachable_webhook,
    build_unused_claim,
    build_workload,
)

READINESS = "kubeflow and not (versions or authservice or entry_points or login or resources or password)"
"""Chapters 5 and 6, which have no marker of their own, and chapter 13, which compares the objects."""
METALLB, INGRESS, NETWORKING = "metallb", "ingress", "metallb or ingress"
AUTHSERVICE, LOGIN, USE = "authservice", "authservice or login", "login or resources"
KUBEFLOW = "kubeflow"
"""Chapters 5 to 13."""
DIFFERENCES = "differences"
CANARY = {"nginx.ingress.kubernetes.io/canary": "true", "nginx.ingress.kubernetes.io/canary-weight": "0"}
"""The annotations of an Ingress that gets a part of the requests for the host and path of another one; here, none."""
SECOND_USER, OTHER_OWNER = "second@example.com", "ada@example.com"
UNREACHABLE_PROXY = "http://127.0.0.1:9"
"""A proxy at a port on which nothing listens."""
DEX, DEX_CONFIGURATION = "auth/Deployment/dex", "auth/ConfigMap/dex"
KATIB_UI, VOLUMES_WEB_APP = "kubeflow/Deployment/katib-ui", "kubeflow/Deployment/volumes-web-app-deployment"
DEX_RESTARTED = is_rolled_out(DEX)

Environment = Callable[[Lab, Path], Mapping[str, str]]
"""A function that returns environment variables for a run, from the lab and an empty directory for files."""


@dataclass(frozen=True)
class Variant:
    """One legitimate set-up.

    Args:
        name: The name, by which it can be selected.
        description: What differs from the lab as the tutorial installs it.
        chapters: The markers of the chapters that must stay green, as for pytest's -m.
        steps: The steps that set it up. They are reverted in the opposite order.
        effect: The condition to wait for before the features run; None if the steps have an immediate effect.
        environment: Returns environment variables for the run; None if it needs none.
        provokes_failure: Whether a second run must fail, for another reason, and leave intact reports: the suite
            collects the values of Secrets after a failure only.
    """

    name: str
    description: str
    chapters: str
    steps: Sequence[Step] = ()
    effect: Condition | None = None
    environment: Environment | None = None
    provokes_failure: bool = False


def use_proxy(*names: str, no_proxy: str) -> Environment:
    """Return the environment of a machine that is behind a proxy.

    Args:
        names: The variables that name the proxy.
        no_proxy: The addresses that are reached without it.
    """
    variables = {**dict.fromkeys(names, UNREACHABLE_PROXY), "no_proxy": no_proxy, "NO_PROXY": no_proxy}
    return lambda _lab, _directory: variables


def use_existing_cluster(
    write_kubeconfigs: Callable[[Path, Path], Sequence[Path]] = lambda kubeconfig, _directory: [kubeconfig],
    url: str = "",
) -> Environment:
    """Return the environment that verifies the lab as if it were a cluster of a user's own.

    Args:
        write_kubeconfigs: Gets the kubeconfig of the lab and an empty directory, and returns the files of KUBECONFIG.
        url: The entry points; empty for those of the tutorial.
    """

    def environment(lab: Lab, directory: Path) -> Mapping[str, str]:
        files = write_kubeconfigs(Path(lab.state.environment["KUBECONFIG"]), directory)
        return build_environment(lab, files, directory / "cache", {"url": url})

    return environment


def split_kubeconfig(kubeconfig: Path, directory: Path) -> list[Path]:
    """Write the clusters of a kubeconfig into one file, and everything else into another, as kubectl merges them."""
    content = yaml.safe_load(kubeconfig.read_text())
    clusters, others = directory / "clusters.yaml", directory / "contexts.yaml"
    kind = {key: content[key] for key in ("apiVersion", "kind")}
    clusters.write_text(yaml.safe_dump({**kind, "clusters": content["clusters"]}))
    others.write_text(yaml.safe_dump({key: value for key, value in content.items() if key != "clusters"}))
    return [clusters, others]


def list_missing_kubeconfig_first(kubeconfig: Path, directory: Path) -> list[Path]:
    """Return a file that does not exist, which kubectl ignores, and the kubeconfig."""
    return [directory / "no-such-file", kubeconfig]


def use_one_kubeconfig(kubeconfig: Path, _directory: Path) -> list[Path]:
    """Return the kubeconfig of the lab."""
    return [kubeconfig]


def use_session_of_browser(lab: Lab, directory: Path) -> Mapping[str, str]:
    """Return the environment of an existing cluster whose owner has copied the cookies of a session into a file."""
    cookies = lab.http.submit_form(INGRESS_URL, {"login": USER, "password": PASSWORD}).cookies
    file = directory / "session"
    file.touch(0o600)
    file.write_text("; ".join(f"{name}={value}" for name, value in cookies.items()))
    existing = use_existing_cluster(use_one_kubeconfig)(lab, directory)
    return {**existing, "KUBEFLOW_LAB_SESSION_COOKIE_FILE": str(file), "KUBEFLOW_LAB_PASSWORD": ""}


def leave_out_parts(lab: Lab, directory: Path) -> Mapping[str, str]:
    """Return the environment of an existing cluster whose owner leaves out two parts of Kubeflow."""
    return {**use_existing_cluster(use_one_kubeconfig)(lab, directory), "KUBEFLOW_LAB_WITHOUT": "katib,KServe"}


def edit_dex(old: str, new: str) -> Step:
    """Return a step that replaces a text in Dex's configuration, and restarts Dex."""
    return edit(DEX_CONFIGURATION, old, new, restart=DEX)


def add_metadata(namespace: str, objects: str) -> list[Step]:
    """Return steps that add a label and an annotation to objects.

    Args:
        namespace: The namespace.
        objects: The objects as KIND/NAME, separated by spaces.
    """
    return [
        run_command(
            f"kubectl {verb} --namespace={namespace} {objects} {NAME}=yes",
            f"kubectl {verb} --namespace={namespace} {objects} {NAME}-",
        )
        for verb in ("label", "annotate")
    ]


def _hash(password: str) -> str:
    """Return the bcrypt hash of a password of the tutorial, which is no secret."""
    return hash_password(password, Secrets())


VARIANTS = (
    # Pods that have ended, or that do not work and are not Kubeflow's.
    Variant(
        name="evicted-pod",
        description="an evicted pod of phase Failed remains besides the pod that has replaced it",
        chapters=READINESS,
        steps=[create(build_evicted_pod("kubeflow", "ml-pipeline-ui"))],
        effect=has_pod_status("kubeflow", "app=ml-pipeline-ui", '"Evicted"'),
    ),
    Variant(
        name="failed-pod",
        description="a pod of phase Failed, whose program could not be started, remains in the namespace kubeflow",
        chapters=READINESS,
        steps=[create(build_pod("kubeflow", FAILING_COMMAND))],
        effect=has_pod_status("kubeflow", f"app={NAME}", '"Failed"'),
    ),
    Variant(
        name="finished-job",
        description="a finished Job and its completed pod remain in the namespace kubeflow",
        chapters=READINESS,
        steps=[create(build_job("kubeflow", ENDING_COMMAND))],
        effect=has_pod_status("kubeflow", f"job-name={NAME}", '"Succeeded"'),
    ),
    Variant(
        name="failed-job",
        description="a failed Job and its pod remain in the namespace kubeflow",
        chapters=READINESS,
        steps=[create(build_job("kubeflow", FAILING_COMMAND))],
        effect=has_pod_status("kubeflow", f"job-name={NAME}", '"Failed"'),
    ),
    Variant(
        name="failed-pipeline-step",
        description="the pod of a failed step of a pipeline run remains in the owner's namespace",
        chapters=f"({READINESS}) or login",
        steps=[
            create(
                build_pod(
                    PROFILE,
                    FAILING_COMMAND,
                    **{"workflows.argoproj.io/workflow": "train", "workflows.argoproj.io/completed": "true"},
                )
            )
        ],
        effect=has_pod_status(PROFILE, f"app={NAME}", '"Failed"'),
    ),
    Variant(
        name="crashing-notebook",
        description="the container of a notebook-like StatefulSet in the owner's namespace keeps crashing",
        chapters=f"({READINESS}) or {USE}",
        steps=[create(build_workload("StatefulSet", PROFILE, build_pod_spec(ENDING_COMMAND), serviceName=NAME))],
        effect=has_pod_status(PROFILE, f"app={NAME}", "CrashLoopBackOff"),
    ),
    Variant(
        name="notebook-without-image",
        description="the image of a Deployment in the owner's namespace does not exist",
        chapters=READINESS,
        steps=[create(build_workload("Deployment", PROFILE, build_pod_spec(image="registry.team.example/x:1")))],
        effect=has_pod_status(PROFILE, f"app={NAME}", "ImagePull"),
    ),
    Variant(
        name="unschedulable-notebook",
        description="a pod in the owner's namespace requests a GPU, and no node has one",
        chapters=READINESS,
        steps=[
            create(build_workload("Deployment", PROFILE, build_pod_spec(nodeSelector={"accelerator": "gpu"}))),
        ],
        effect=has_pod_status(PROFILE, f"app={NAME}", "Unschedulable"),
    ),
    Variant(
        name="stopped-deployments",
        description="Deployments of the user's own in the namespaces of Kubeflow and of the owner have 0 replicas",
        chapters=READINESS,
        steps=[
            create(
                *(build_workload("Deployment", name, build_pod_spec(), replicas=0) for name in ("kubeflow", PROFILE))
            )
        ],
    ),
    Variant(
        name="broken-pod-in-foreign-namespace",
        description="the image of a pod in a namespace that has nothing to do with Kubeflow does not exist",
        chapters=f"cluster or ({READINESS})",
        steps=[
            create(
                build_object("Namespace", name=OTHER_NAMESPACE),
                build_pod(OTHER_NAMESPACE, image="registry.team.example/x:1"),
            )
        ],
        effect=has_pod_status(OTHER_NAMESPACE, f"app={NAME}", "ImagePull"),
    ),
    Variant(
        name="unused-volume",
        description="a PersistentVolumeClaim in the owner's namespace stays Pending, since no pod uses it",
        chapters=f"({READINESS}) or resources",
        steps=[create(build_unused_claim())],
    ),
    # Users, Profiles and namespaces.
    Variant(
        name="further-dex-user",
        description="Dex has a further user, who is listed before the owner",
        chapters=LOGIN,
        steps=[
            edit_dex(
                r"(staticPasswords:\\n)",
                rf"\1- {{email: {SECOND_USER}, hash: '{_hash(PASSWORD)}', username: second, userID: second}}\\n",
            )
        ],
        effect=meets_all(DEX_RESTARTED, accepts_login(SECOND_USER)),
    ),
    Variant(
        name="further-profile-of-other-owner",
        description="there is a Profile of another owner",
        chapters=f"({READINESS}) or login",
        steps=[create(build_profile(OTHER_OWNER))],
        effect=exists("Namespace", NAME),
    ),
    Variant(
        name="further-profile-of-same-owner",
        description="the owner has a second Profile",
        chapters=f"({READINESS}) or {USE}",
        steps=[create(build_profile(USER))],
        effect=exists("Namespace", NAME),
    ),
    Variant(
        name="further-namespaces",
        description="there are further namespaces, also with labels of Kubeflow's",
        chapters=f"cluster or ({READINESS}) or login",
        steps=[
            create(
                build_object("Namespace", name=OTHER_NAMESPACE),
                build_object("Namespace", metadata={"labels": {"app.kubernetes.io/part-of": "kubeflow-profile"}}),
            )
        ],
    ),
    Variant(
        name="quota-with-defaults",
        description="the owner's namespace has a ResourceQuota, and a LimitRange with defaults for it",
        chapters=f"({READINESS}) or resources",
        steps=[create(*build_quota_with_defaults())],
    ),
    # MetalLB, and Services of type LoadBalancer.
    Variant(
        name="additional-pool",
        description="MetalLB has an additional IPAddressPool",
        chapters=NETWORKING,
        steps=[create(build_pool("172.20.0.20-172.20.0.29"))],
    ),
    Variant(
        name="advertisement-of-all-pools",
        description="the L2Advertisement names no pool, so that it announces all",
        chapters=NETWORKING,
        steps=[edit(f"metallb-system/L2Advertisement/{ADVERTISEMENT}", rf'"ipAddressPools": \["{POOL}"\]', "")],
    ),
    Variant(
        name="pool-as-cidrs",
        description="the addresses of the pool are written as CIDRs",
        chapters=NETWORKING,
        steps=[
            edit(
                f"metallb-system/IPAddressPool/{POOL}",
                '"172.20.0.10-172.20.0.15"',
                '"172.20.0.10/31", "172.20.0.12/30"',
            )
        ],
    ),
    Variant(
        name="pool-in-parts",
        description="the addresses of the pool are written as a range, a CIDR, and a range of one address",
        chapters=NETWORKING,
        steps=[
            edit(
                f"metallb-system/IPAddressPool/{POOL}",
                '"172.20.0.10-172.20.0.15"',
                '"172.20.0.14-172.20.0.15", "172.20.0.12/31", "172.20.0.10-172.20.0.10", "172.20.0.11/32"',
            )
        ],
    ),
    Variant(
        name="additional-advertisement",
        description="an additional L2Advertisement announces the pool, too",
        chapters=NETWORKING,
        steps=[create(build_advertisement(POOL))],
    ),
    Variant(
        name="service-with-ipv6-address",
        description="a Service has an IPv6 and an IPv4 address of another load balancer",
        chapters=NETWORKING,
        steps=[
            create(
                build_load_balancer(
                    {"ip": "fd00:172:20::13"}, {"ip": "172.20.0.9"}, load_balancer_class="example.com/other"
                )
            )
        ],
    ),
    Variant(
        name="service-with-several-addresses",
        description="a Service has a host name and several addresses of another load balancer",
        chapters=NETWORKING,
        steps=[
            create(
                build_load_balancer(
                    {"hostname": "lb.example.com"},
                    {"ip": "172.20.0.8"},
                    {"ip": "172.20.0.9"},
                    load_balancer_class="example.com/other",
                )
            )
        ],
    ),
    Variant(
        name="additional-load-balancer",
        description="a Service of type LoadBalancer of the user's own has an address of the pool",
        chapters=NETWORKING,
        steps=[create(build_load_balancer())],
        effect=has_external_address("Service", "default", NAME),
    ),
    # Ingresses and routes.
    Variant(
        name="ingress-without-host",
        description="an additional Ingress of the user's own names no host",
        chapters=f"{INGRESS} or entry_points",
        steps=[create(build_ingress("/team-a"))],
        effect=has_external_address("Ingress", "default", NAME),
    ),
    Variant(
        name="ingress-of-other-host",
        description="an additional Ingress of the user's own is for another host",
        chapters=f"{INGRESS} or entry_points",
        steps=[create(build_ingress("/", "team-a.example.it"))],
        effect=has_external_address("Ingress", "default", NAME),
    ),
    Variant(
        name="canary-of-test-site",
        description="a canary Ingress of the user's own has the host and path of the test site, and gets no requests",
        chapters=INGRESS,
        steps=[create(build_ingress("/", NGINX_HOST, annotations=CANARY))],
        effect=has_external_address("Ingress", "default", NAME),
    ),
    Variant(
        name="existing-cluster-without-ingress-webhook",
        description="the Ingress controller of an existing cluster has no admission webhook",
        chapters=INGRESS,
        steps=[delete(f"ValidatingWebhookConfiguration/{CONFIGURATION}")],
        effect=accepts_second_ingress(),
        environment=use_existing_cluster(),
    ),
    Variant(
        name="further-ingressclass",
        description="there is an IngressClass of another controller, which is not the default",
        chapters=f"{INGRESS} or entry_points",
        steps=[
            create(build_object("IngressClass", "networking.k8s.io/v1", spec={"controller": "example.com/other"})),
        ],
    ),
    Variant(
        name="site-of-team-behind-gateway",
        description="a site in a foreign namespace has a Gateway and a VirtualService of its own at Istio's gateway",
        chapters=f"({READINESS}) or {LOGIN} or entry_points",
        steps=[create(*build_site_of_team())],
        effect=has_endpoint(OTHER_NAMESPACE, NAME),
    ),
    # Dex and authservice.
    Variant(
        name="public-client",
        description="Dex has a public client without redirect URIs",
        chapters=LOGIN,
        steps=[
            edit_dex(r"(staticClients:\\n)", r"\1- {id: kubectl, name: kubectl, public: true}\\n"),
        ],
        effect=DEX_RESTARTED,
    ),
    Variant(
        name="connector-besides-passwords",
        description="Dex has a connector besides its passwords, so that it shows a choice first",
        chapters=f"{LOGIN} or entry_points or resources",
        steps=[
            edit_dex(
                r"enablePasswordDB: true\\n",
                r"enablePasswordDB: true\\nconnectors:\\n- {type: mockCallback, id: corp, name: Corp LDAP}\\n",
            )
        ],
        effect=meets_all(DEX_RESTARTED, shows_choice("Corp LDAP")),
    ),
    Variant(
        name="login-screen-always-shown",
        description="Dex always shows the choice of connectors, although there is only one",
        chapters=f"{LOGIN} or entry_points",
        steps=[
            edit_dex(
                r"( *)skipApprovalScreen: true\\n", r"\1skipApprovalScreen: true\\n\1alwaysShowLoginScreen: true\\n"
            )
        ],
        effect=meets_all(DEX_RESTARTED, shows_choice("Log in with Email")),
    ),
    Variant(
        name="authservice-with-additional-port",
        description="the Service of authservice has an additional port",
        chapters=f"{LOGIN} or {DIFFERENCES}",
        steps=[
            edit(
                "istio-system/Service/authservice",
                r'"ports": \[',
                '"ports": [{"name": "metrics", "port": 9090, "protocol": "TCP", "targetPort": 9090}, ',
            )
        ],
    ),
    Variant(
        name="authservice-with-additional-setting",
        description="the ConfigMap of authservice has a setting that the tutorial does not have",
        chapters=AUTHSERVICE,
        steps=[
            edit(
                "istio-system/ConfigMap/oidc-authservice-parameters", r'"data": \{', '"data": {"CLIENT_NAME": "Lab", '
            ),
        ],
    ),
    # Kubeflow's own objects.
    Variant(
        name="additional-labels",
        description="objects of Kubeflow have additional labels and annotations",
        chapters=KUBEFLOW,
        steps=[
            *add_metadata(
                "kubeflow", "deployment/centraldashboard service/centraldashboard virtualservice/centraldashboard"
            ),
            *add_metadata(
                "istio-system",
                "envoyfilter/authn-filter service/istio-ingressgateway ingress/svc-istio-ingressgateway",
            ),
            *add_metadata("auth", "configmap/dex deployment/dex"),
            *add_metadata("metallb-system", f"ipaddresspool/{POOL} l2advertisement/{ADVERTISEMENT}"),
            *add_metadata(PROFILE, f"serviceaccount/default-editor namespace/kubeflow namespace/{PROFILE}"),
        ],
    ),
    Variant(
        name="more-replicas",
        description="a Deployment of Kubeflow has two replicas",
        chapters=f"({READINESS}) or login",
        steps=[edit("kubeflow/Deployment/centraldashboard", '"replicas": 1', '"replicas": 2')],
        effect=is_rolled_out("kubeflow/Deployment/centraldashboard"),
    ),
    Variant(
        name="service-with-additional-port",
        description="a Service of Kubeflow has an additional port",
        chapters=DIFFERENCES,
        steps=[
            edit(
                "kubeflow/Service/katib-ui",
                r'"ports": \[',
                '"ports": [{"name": "metrics", "port": 9090, "protocol": "TCP", "targetPort": 9090}, ',
            )
        ],
    ),
    Variant(
        name="additional-variable",
        description="a Deployment of Kubeflow has an additional environment variable",
        chapters=READINESS,
        steps=[edit(KATIB_UI, '"image":', '"env": [{"name": "TEAM", "value": "a"}], "image":')],
        effect=is_rolled_out(KATIB_UI),
    ),
    Variant(
        name="additional-container",
        description="a Deployment of Kubeflow has an additional container",
        chapters=READINESS,
        steps=[
            edit(KATIB_UI, r'"containers": \[', f'"containers": [{json.dumps(build_pod_spec()["containers"][0])}, '),
        ],
        effect=is_rolled_out(KATIB_UI),
    ),
    Variant(
        name="image-of-mirror",
        description="a Deployment of Kubeflow has its image from a mirror, with the same name and tag",
        chapters=DIFFERENCES,
        steps=[edit(KATIB_UI, r'"docker.io/(kubeflowkatib/katib-ui:[\w.-]*")', r'"mirror.team.example/hub/\1')],
    ),
    Variant(
        name="insecure-cookies-on-purpose",
        description="the owner has set the cookies of a web app to be insecure",
        chapters=READINESS,
        steps=[
            edit(VOLUMES_WEB_APP, '"APP_SECURE_COOKIES", "value": "true"', '"APP_SECURE_COOKIES", "value": "false"')
        ],
        effect=is_rolled_out(VOLUMES_WEB_APP),
    ),
    Variant(
        name="katib-default-password",
        description='the Secret of Katib has its default password, "test", which must not damage reports',
        chapters=READINESS,
        steps=[
            create(
                build_object(
                    "Secret",
                    name="katib-mysql-secrets",
                    namespace="kubeflow",
                    stringData={"MYSQL_ROOT_PASSWORD": "test"},
                )
            )
        ],
        provokes_failure=True,
    ),
    # Other objects of the user's own.
    Variant(
        name="further-storageclass",
        description="there is a StorageClass that is not the default",
        chapters="cluster",
        steps=[create(build_object("StorageClass", "storage.k8s.io/v1", provisioner="example.com/other"))],
    ),
    Variant(
        name="autoscaler-and-disruption-budget",
        description="a Deployment of the user's own has an autoscaler without metrics, and a disruption budget",
        chapters=READINESS,
        steps=[
            create(
                build_workload("Deployment", PROFILE, build_pod_spec()),
                build_object(
                    "HorizontalPodAutoscaler",
                    "autoscaling/v2",
                    namespace=PROFILE,
                    spec={
                        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": NAME},
                        "maxReplicas": 2,
                    },
                ),
                build_object(
                    "PodDisruptionBudget",
                    "policy/v1",
                    namespace=PROFILE,
                    spec={"minAvailable": 1, "selector": {"matchLabels": {"app": NAME}}},
                ),
                build_object(
                    "PodDisruptionBudget",
                    "policy/v1",
                    namespace="kubeflow",
                    spec={"maxUnavailable": 1, "selector": {"matchLabels": {"app": "centraldashboard"}}},
                ),
            )
        ],
        effect=is_rolled_out(f"{PROFILE}/Deployment/{NAME}"),
    ),
    Variant(
        name="network-policies",
        description="NetworkPolicies allow everything in the namespaces of Kubeflow and of the owner",
        chapters=f"({READINESS}) or {USE}",
        steps=[
            create(
                *(
                    build_object(
                        "NetworkPolicy",
                        "networking.k8s.io/v1",
                        namespace=namespace,
                        spec={"podSelector": {}, "ingress": [{}], "egress": [{}], "policyTypes": ["Ingress", "Egress"]},
                    )
                    for namespace in ("kubeflow", PROFILE)
                )
            )
        ],
    ),
    Variant(
        name="unreachable-webhook-of-team",
        description="a webhook for pods of a foreign namespace cannot be reached; its failurePolicy is Ignore",
        chapters=f"cluster or ({READINESS}) or resources",
        steps=[create(build_object("Namespace", name=OTHER_NAMESPACE), build_unreachable_webhook())],
    ),
    Variant(
        name="strict-mutual-tls",
        description="the Jupyter Web App accepts requests by mutual TLS only",
        chapters=LOGIN,
        steps=[
            create(
                build_object(
                    "PeerAuthentication",
                    "security.istio.io/v1beta1",
                    namespace="kubeflow",
                    spec={"selector": {"matchLabels": {"app": "jupyter-web-app"}}, "mtls": {"mode": "STRICT"}},
                )
            )
        ],
    ),
    # The environment of the run.
    Variant(
        name="http-proxy",
        description="a proxy for HTTP is set, and cannot be reached",
        chapters=f"{NETWORKING} or {LOGIN}",
        environment=use_proxy("http_proxy", "HTTP_PROXY", no_proxy="localhost"),
    ),
    Variant(
        name="proxies-for-all-protocols",
        description="proxies for all protocols are set, with exceptions for the addresses of the lab only",
        chapters=f"cluster or {NETWORKING} or {LOGIN}",
        environment=use_proxy(
            "http_proxy",
            "HTTP_PROXY",
            "https_proxy",
            "HTTPS_PROXY",
            "all_proxy",
            no_proxy="0.0.0.0,127.0.0.1,172.20.0.0/24",
        ),
    ),
    Variant(
        name="kubeconfig-in-several-files",
        description="KUBECONFIG of an existing cluster is a list of files: one has the cluster, one the context",
        chapters="cluster or metallb or login",
        environment=use_existing_cluster(split_kubeconfig),
    ),
    Variant(
        name="session-of-a-browser",
        description="the session of an existing cluster comes from a file of cookies, and login is not tried",
        chapters=USE,
        environment=use_session_of_browser,
    ),
    Variant(
        name="parts-left-out",
        description="Katib and KServe of an existing cluster are not verified",
        chapters=f"versions or differences or ({READINESS})",
        environment=leave_out_parts,
    ),
    Variant(
        name="kubeconfig-with-missing-file",
        description="KUBECONFIG of an existing cluster lists a file that does not exist",
        chapters="cluster",
        environment=use_existing_cluster(list_missing_kubeconfig_first),
    ),
    Variant(
        name="entry-point-given",
        description="the user opens an existing cluster at one host, through an Ingress, without the port-forward",
        chapters=f"authservice or entry_points or {USE}",
        environment=use_existing_cluster(url=INGRESS_URL),
    ),
    Variant(
        name="existing-cluster-without-tutorial-route",
        description="an existing cluster does not have the tutorial's route to authservice's pages",
        chapters=AUTHSERVICE,
        steps=[delete("istio-system/VirtualService/authservice-web")],
        environment=use_existing_cluster(),
    ),
)
