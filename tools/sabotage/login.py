"""The sabotages of the entry points, of the login and of the web apps."""

from __future__ import annotations

from base64 import b64encode

from passlib.hash import bcrypt

from lab.config.entry_points import INGRESS_URL, KUBEFLOW_HOST
from lab.config.settings import TUTORIAL_NAMESPACE as PROFILE
from lab.config.settings import TUTORIAL_PASSWORD as PASSWORD
from lab.config.settings import TUTORIAL_USER as USER
from lab.k8s.objects import Object
from lab.layers.auth_chain import OPEN_TO_ALL
from lab.layers.direct_requests import describe_missing_sidecars
from lab.run.redaction import Secrets
from lab.web.passwords import hash_password
from tools.observations import (
    accepts_login,
    accepts_pod,
    fails_login,
    has_only_new_pods,
    identifies_owner_as,
    rejects_owner,
    returns_status,
    shows_text,
)
from tools.sabotage.sabotage import (
    AUTHSERVICE,
    FIRST_USE_OF_ENTRY_POINTS,
    LOGIN,
    NAME,
    OAUTH2_PROXY,
    OIDC_AUTHSERVICE,
    Sabotage,
    requires_auth_proxy,
)
from tools.steps import Step, create, edit, run_command

OTHER_USER, ADDITIONAL_USER = "admin@example.com", "nobody@example.com"


def _hash(password: str) -> str:
    """Return the bcrypt hash of a password of this table, which is no secret."""
    return hash_password(password, Secrets())


CHEAP_HASH = bcrypt.using(rounds=4, ident="2y").hash(PASSWORD)

OPEN_POLICY: Object = {
    "apiVersion": "security.istio.io/v1beta1",
    "kind": "AuthorizationPolicy",
    "metadata": {"name": NAME, "namespace": "kubeflow"},
    "spec": {"action": "ALLOW", "selector": {"matchLabels": {"app": "jupyter-web-app"}}, "rules": [{}]},
}


def _set_password_hash(password_hash: str) -> Step:
    """Return a step that sets the hash of the owner's password in the Secret of releases with oauth2-proxy."""
    return edit(
        "auth/Secret/dex-passwords",
        '"DEX_USER_PASSWORD": "[^"]*"',
        f'"DEX_USER_PASSWORD": "{b64encode(password_hash.encode()).decode()}"',
        restart="auth/Deployment/dex",
    )


SABOTAGES = (
    Sabotage(
        name="authservice-parameter-differs",
        fault="authservice identifies users by another claim",
        chapter=AUTHSERVICE,
        scenario="authservice has the parameters of the tutorial",
        expected_words=("USERID_CLAIM: expected 'email', seen 'name'",),
        steps=[
            edit(
                "istio-system/ConfigMap/oidc-authservice-parameters",
                '"USERID_CLAIM": "email"',
                '"USERID_CLAIM": "name"',
            )
        ],
        explain_omission=requires_auth_proxy(OIDC_AUTHSERVICE),
    ),
    Sabotage(
        name="port-forward-without-target",
        fault="the gateway's Service lacks the port of the port-forward",
        chapter=AUTHSERVICE,
        scenario=FIRST_USE_OF_ENTRY_POINTS,
        expected_words=("the port-forward to istio-ingressgateway to be open", "does not have a service port 80"),
        steps=[edit("istio-system/Service/istio-ingressgateway", '"port": 80,', '"port": 81,')],
    ),
    Sabotage(
        name="kubeflow-at-other-host",
        fault="the Ingress of Kubeflow is for another host",
        chapter=AUTHSERVICE,
        scenario=FIRST_USE_OF_ENTRY_POINTS,
        expected_words=("does not redirect to Dex", "is for kubeflow.example.org, and not for kubeflow.example.it"),
        steps=[edit("istio-system/Ingress/svc-istio-ingressgateway", KUBEFLOW_HOST, "kubeflow.example.org")],
        effect=returns_status(INGRESS_URL, 404),
    ),
    Sabotage(
        name="ext-authz-filter-without-gateway",
        fault="the ext_authz filter applies to no gateway, so that the dashboard needs no login",
        chapter=AUTHSERVICE,
        scenario=FIRST_USE_OF_ENTRY_POINTS,
        expected_words=(f"login failed: {USER}", OPEN_TO_ALL),
        steps=[edit("istio-system/EnvoyFilter/authn-filter", '"istio": "ingressgateway"', '"istio": "other"')],
        effect=returns_status(INGRESS_URL, 200),
        explain_omission=requires_auth_proxy(OIDC_AUTHSERVICE),
    ),
    Sabotage(
        name="redirect-uri-unregistered",
        fault="the redirect URI of the auth proxy is not registered in Dex",
        chapter=AUTHSERVICE,
        scenario=FIRST_USE_OF_ENTRY_POINTS,
        expected_words=("Dex does not ask for user and password", "nregistered redirect_uri"),
        steps=[
            edit(
                "auth/ConfigMap/dex", "/(authservice/oidc|oauth2)/callback", "/elsewhere", restart="auth/Deployment/dex"
            )
        ],
        effect=shows_text(INGRESS_URL, "nregistered redirect_uri"),
    ),
    Sabotage(
        name="owner-password-differs",
        fault="the owner has another password in Dex",
        chapter=AUTHSERVICE,
        scenario=FIRST_USE_OF_ENTRY_POINTS,
        expected_words=(f"login failed: {USER}", "Invalid Email Address and password."),
        steps=[edit("auth/ConfigMap/dex", "hash: [^ ]*", f"hash: {_hash(NAME)}\\\\n", restart="auth/Deployment/dex")],
        effect=rejects_owner(),
        explain_omission=requires_auth_proxy(OIDC_AUTHSERVICE),
    ),
    Sabotage(
        name="password-hash-too-cheap",
        fault="the hash of the owner's password has a cost that Dex does not accept",
        chapter=AUTHSERVICE,
        scenario=FIRST_USE_OF_ENTRY_POINTS,
        expected_words=(f"login failed: {USER}", "returned 500"),
        diagnosis="Dex rejects the cost of a password hash",
        steps=[edit("auth/ConfigMap/dex", "hash: [^ ]*", f"hash: {CHEAP_HASH}\\\\n", restart="auth/Deployment/dex")],
        effect=fails_login(500),
        explain_omission=requires_auth_proxy(OIDC_AUTHSERVICE),
    ),
    Sabotage(
        name="auth-policy-without-gateway",
        fault="the policy that asks oauth2-proxy applies to no gateway, so that another policy denies all requests",
        chapter=AUTHSERVICE,
        scenario=FIRST_USE_OF_ENTRY_POINTS,
        expected_words=("RBAC: access denied",),
        steps=[
            edit(
                "istio-system/AuthorizationPolicy/istio-ingressgateway-oauth2-proxy",
                '"app": "istio-ingressgateway"',
                '"app": "other"',
            )
        ],
        effect=shows_text(INGRESS_URL, "RBAC: access denied"),
        explain_omission=requires_auth_proxy(OAUTH2_PROXY),
    ),
    Sabotage(
        name="owner-password-in-secret-differs",
        fault="the owner has another password in the Secret that Dex reads",
        chapter=AUTHSERVICE,
        scenario=FIRST_USE_OF_ENTRY_POINTS,
        expected_words=(f"login failed: {USER}", "Invalid Email Address and password."),
        steps=[_set_password_hash(_hash(NAME))],
        effect=rejects_owner(),
        explain_omission=requires_auth_proxy(OAUTH2_PROXY),
    ),
    Sabotage(
        name="password-hash-in-secret-too-cheap",
        fault="the hash in the Secret that Dex reads has a cost that Dex does not accept",
        chapter=AUTHSERVICE,
        scenario=FIRST_USE_OF_ENTRY_POINTS,
        expected_words=("expected the title 'Kubeflow Central Dashboard'", "seen 'dex'"),
        diagnosis="Dex rejects the cost of a password hash",
        steps=[_set_password_hash(CHEAP_HASH)],
        effect=fails_login(500),
        explain_omission=requires_auth_proxy(OAUTH2_PROXY),
    ),
    Sabotage(
        name="client-secret-differs",
        fault="Dex has another secret for its client than the auth proxy",
        chapter=AUTHSERVICE,
        scenario=FIRST_USE_OF_ENTRY_POINTS,
        expected_words=(f"login failed: {USER}",),
        diagnosis="Dex and the auth proxy have different client secrets",
        steps=[
            edit(
                "auth/Secret/dex-oidc-client",
                '"OIDC_CLIENT_SECRET": "[^"]*"',
                f'"OIDC_CLIENT_SECRET": "{b64encode(NAME.encode()).decode()}"',
                restart="auth/Deployment/dex",
            )
        ],
        effect=fails_login(403),
    ),
    Sabotage(
        name="issuer-differs",
        fault="Dex has another issuer than the auth proxy expects",
        chapter=AUTHSERVICE,
        scenario=FIRST_USE_OF_ENTRY_POINTS,
        expected_words=("Dex does not ask for user and password", "404 page not found"),
        diagnosis="Dex has another issuer than the auth proxy expects",
        steps=[edit("auth/ConfigMap/dex", ":5556/dex", ":5556/other", restart="auth/Deployment/dex")],
        effect=shows_text(INGRESS_URL, "404 page not found"),
    ),
    Sabotage(
        name="kubeflow-at-additional-host",
        fault="the Ingress of Kubeflow is for an additional host",
        chapter="09_entry_points",
        scenario="The Ingress exposes Kubeflow",
        expected_words=("Kubeflow's Ingress to expose", "seen ['second.example.it', 'kubeflow.example.it']"),
        steps=[
            edit(
                "istio-system/Ingress/svc-istio-ingressgateway",
                '"rules": \\[(.*)kubeflow.example.it(.*)\\]\\}',
                '"rules": [\\1second.example.it\\2, \\1kubeflow.example.it\\2]}',
            )
        ],
    ),
    Sabotage(
        name="dashboard-identifies-other-user",
        fault="the dashboard identifies every user as another user",
        chapter=LOGIN,
        scenario="The owner logs in and is greeted",
        expected_words=(f"expected the dashboard to greet {USER}, who has logged in, seen {OTHER_USER}",),
        diagnosis="a request does not arrive",
        steps=[
            edit(
                "kubeflow/VirtualService/centraldashboard",
                '"route": \\[',
                f'"headers": {{"request": {{"set": {{"kubeflow-userid": "{OTHER_USER}"}}}}}}, "route": [',
            )
        ],
        effect=identifies_owner_as(OTHER_USER),
    ),
    Sabotage(
        name="profile-owned-by-other-user",
        fault="another user owns the Profile",
        chapter=LOGIN,
        scenario="The owner logs in and is greeted",
        expected_words=(f"expected the user to own the namespace {PROFILE}, seen none",),
        steps=[edit(f"Profile/{PROFILE}", f'"name": "{USER}"', f'"name": "{OTHER_USER}"')],
    ),
    Sabotage(
        name="additional-dex-user",
        fault="Dex has an additional user",
        chapter=LOGIN,
        scenario="Unknown users and wrong passwords are rejected",
        expected_words=("expected the error message 'Invalid Email Address and password.' of Dex, seen ''",),
        steps=[
            edit(
                "auth/ConfigMap/dex",
                r"(staticPasswords:\\n)",
                rf"\1- {{email: {ADDITIONAL_USER}, hash: '{_hash(PASSWORD)}', username: second, userID: second}}\\n",
                restart="auth/Deployment/dex",
            )
        ],
        effect=accepts_login(ADDITIONAL_USER),
    ),
    Sabotage(
        name="userid-header-not-removed",
        fault="the gateway does not remove the header kubeflow-userid from requests of clients",
        chapter=LOGIN,
        scenario="A user cannot impersonate another user",
        expected_words=(
            f"who claims to be {OTHER_USER}, seen {OTHER_USER}",
            "does not remove the header kubeflow-userid",
        ),
        steps=[
            edit("istio-system/EnvoyFilter/authn-filter", r"(remove\(\W+)kubeflow-userid", r"\1x-other"),
            edit(
                "istio-system/EnvoyFilter/authn-filter",
                '"allowed_upstream_headers"',
                '"allowed_upstream_headers_to_append"',
            ),
        ],
        effect=identifies_owner_as(OTHER_USER, claimed_user=OTHER_USER),
        explain_omission=requires_auth_proxy(OIDC_AUTHSERVICE),
    ),
    Sabotage(
        name="insecure-cookies",
        fault="the cookies of a web app do not have the Secure attribute",
        chapter="11_resources",
        scenario="Users cannot create resources over plain HTTP at the Ingress",
        expected_words=("the web app accepted the request", "XSRF-TOKEN is not Secure"),
        steps=[
            edit(
                "kubeflow/Deployment/jupyter-web-app-deployment",
                '"name": "APP_SECURE_COOKIES", "value": "true"',
                '"name": "APP_SECURE_COOKIES", "value": "false"',
            )
        ],
        effect=has_only_new_pods("kubeflow", "app=jupyter-web-app", '"APP_SECURE_COOKIES", "value": "false"'),
    ),
    Sabotage(
        name="dex-rollout-paused",
        fault="the rollout of Dex is paused, so that Dex never reads another password",
        chapter="12_password",
        scenario="The new password works, the old one is rejected",
        expected_words=("can't restart paused deployment", "rollout resume"),
        steps=[
            run_command(
                "kubectl rollout pause deployment/dex --namespace=auth",
                "kubectl rollout resume deployment/dex --namespace=auth",
            )
        ],
        options=("-m", "password"),
    ),
    Sabotage(
        name="web-app-open-to-pods",
        fault="an additional AuthorizationPolicy accepts the requests of all pods to the Jupyter Web App",
        chapter=LOGIN,
        scenario="Within the cluster, a pod cannot pose as a user",
        expected_words=(
            "expected the Service jupyter-web-app-service to reject a pod that sends the header kubeflow-userid",
            "seen: HTTP/1.1 200 OK",
        ),
        steps=[create(OPEN_POLICY)],
        effect=accepts_pod("jupyter-web-app-service:80", f"/api/namespaces/{PROFILE}/notebooks"),
        # The scenarios before it may take longer than a detection may.
        options=("-m", "login and not changes", "-k", "pose_as_a_user"),
        explain_omission=describe_missing_sidecars,
    ),
)
