"""lab/k8s/kubectl_rejections.py: what of kubectl's output is a rejection, and the cause of each.

The messages are those of kubectl and API servers of the versions 1.25 to 1.34.
"""

from __future__ import annotations

import pytest

from lab.k8s.kubectl_rejections import Rejection, name_subjects, parse_rejections
from lab.k8s.objects import Object, ObjectRef
from lab.k8s.rejection_causes import Definitions, Outlook

DEFINITIONS = Definitions({("kubeflow.org/v1beta1", "Profile"), ("kubeflow.org/v1", "Profile")}, {"kubeflow"})
CREATING = 'error when creating "STDIN": '
CALLING = f"Error from server (InternalError): {CREATING}Internal error occurred: failed calling webhook "
NOT_READY = (
    f'{CALLING}"webhook.cert-manager.io": failed to call webhook: Post "https://cert-manager-webhook.cert-manager.svc:'
    '443/mutate?timeout=10s": no endpoints available for service "cert-manager-webhook"'
)
NOISE = [
    "E1127 10:00:01.123456   12345 memcache.go:287] couldn't get resource list for custom.metrics.k8s.io/v1beta1: the "
    "server is currently unable to handle the request",
    "I0624 10:31:01.428761     375 request.go:668] Waited for 1.181153768s due to client-side throttling, not priority "
    "and fairness, request: GET:https://10.43.0.1:443/apis/rbac.authorization.k8s.io/v1?timeout=32s",
    "Throttling request took 1.10359s, request: GET:https://10.43.0.1:443/apis/apps/v1",
    "Waited for 1.04s due to client-side throttling",
    "Warning: policy/v1beta1 PodDisruptionBudget is deprecated in v1.21+, unavailable in v1.25+",
    "Warning: resource namespaces/kubeflow is missing the kubectl.kubernetes.io/last-applied-configuration annotation "
    "which is required by kubectl apply.",
    'Warning: would violate PodSecurity "restricted:v1.24": allowPrivilegeEscalation != false\n'
    '  (container "main" must set securityContext.allowPrivilegeEscalation=false),\n'
    '  unrestricted capabilities (container "main" must set securityContext.capabilities.drop=["ALL"])',
    "W0825 12:40:48.896003   38085 gcp.go:120] WARNING: the gcp auth plugin is deprecated in v1.22+, unavailable in "
    "v1.25+; use gcloud instead.\nTo learn more, consult https://cloud.google.com/blog/products/containers-kubernetes",
    "WARNING: This version information is deprecated",
    "ensure CRDs are installed first",
    "",
    "To sign in, use a web browser to open the page https://microsoft.com/devicelogin and enter the code ABCDEFGH",
]
PATCHED = """Error from server (Invalid): error when applying patch:
{"metadata":{"annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{}\\n"}},"spec":{"serviceName":"other"}}
to:
Resource: "apps/v1, Resource=statefulsets", GroupVersionKind: "apps/v1, Kind=StatefulSet"
Name: "database", Namespace: "kubeflow"
for: "STDIN": error when patching "STDIN": StatefulSet.apps "database" is invalid: spec: Forbidden: updates to \
statefulset spec for fields other than 'replicas', 'template', 'updateStrategy' and 'minReadySeconds' are forbidden"""
DENIED = f"""Error from server (BadRequest): {CREATING}admission webhook "validate.kyverno.svc-fail" denied the request:

resource Deployment/kubeflow/web was blocked due to the following policies

require-labels:
  check-for-labels: 'validation error: label team is required'
"""
CONFLICT = """error: Apply failed with 2 conflicts: conflicts with "manual":
- .data.a
- .data.c
Please review the fields above--they currently have other managers. Here
are the ways you can resolve this warning:
* If you intend to manage all of these fields, please re-run the apply
  command with the `--force-conflicts` flag.
See https://kubernetes.io/docs/reference/using-api/server-side-apply/#conflicts"""
RETRIEVING = """Error from server (Forbidden): error when retrieving current configuration of:
Resource: "/v1, Resource=namespaces", GroupVersionKind: "/v1, Kind=Namespace"
Name: "kubeflow", Namespace: ""
from server for: "STDIN": namespaces "kubeflow" is forbidden: User "jane" cannot get resource "namespaces" in API \
group "" in the namespace "kubeflow\""""
KINDS = """\
[resource mapping not found for name: "nightly" namespace: "web" from "STDIN": no matches for kind "Backup" in version \
"example.com/v1"
ensure CRDs are installed first, resource mapping not found for name: "web" namespace: "web" from "STDIN": no matches \
for kind "PodDisruptionBudget" in version "policy/v1beta1"
ensure CRDs are installed first]"""


def parse(errors: str, exit_status: int = 1) -> list[Rejection]:
    return parse_rejections(errors, exit_status, DEFINITIONS)


def parse_one(errors: str) -> Rejection:
    [rejection] = parse(errors)
    return rejection


def make_object(kind: str, name: str, namespace: str = "") -> Object:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": namespace}}


@pytest.mark.parametrize("noise", NOISE)
def test_other_lines_are_no_rejections(noise: str) -> None:
    """Neither with exit status 0 nor before and after a rejection."""
    assert parse(noise, 0) == []
    assert [r.text for r in parse(f"{noise}\n{NOT_READY}\n")] == [parse_one(NOT_READY).text]
    if not noise.startswith("To sign in"):  # a plugin signs in before kubectl sends anything
        assert [r.text for r in parse(f"{NOT_READY}\n{noise}")] == [parse_one(NOT_READY).text]


def test_unknown_text_is_a_rejection_only_with_another_exit_status() -> None:
    text = "something that no version of kubectl has printed so far"
    assert parse(text, 0) == []
    assert parse_one(text).text == text
    assert parse_one(f"{NOISE[0]}\n{text}").text == text


def test_failure_without_a_message_is_a_rejection() -> None:
    assert parse_rejections("", 137, DEFINITIONS)[0].text == "kubectl ended with exit status 137 and without a message"
    assert parse_one(NOISE[0]).text == "kubectl ended with exit status 1 and without a message"


def test_patch_is_one_rejection_with_its_object_and_without_its_content() -> None:
    rejection = parse_one(PATCHED)
    assert rejection.subject == ObjectRef("StatefulSet", "database", "kubeflow")
    assert "last-applied" not in rejection.text
    assert "updates to statefulset spec" in rejection.text
    assert "`kubectl delete statefulset/database -n kubeflow`" in rejection.remedy


def test_messages_of_several_lines_are_one_rejection_each() -> None:
    rejections = parse("\n".join([DENIED, CONFLICT, RETRIEVING, PATCHED, NOT_READY]))
    assert [rejection.cause.summary for rejection in rejections] == [
        "webhook validate.kyverno.svc-fail denies it",
        'another field manager ("manual") owns fields of the object',
        'this user ("jane") is not allowed to apply it',
        "an immutable field differs from that of the existing object",
        "webhook webhook.cert-manager.io not ready",
    ]
    assert "label team is required" in rejections[0].text


def test_each_missing_kind_is_a_rejection() -> None:
    backup, budget = parse(KINDS)
    assert backup.cause.summary == "no CRD in the tree defines kind Backup in example.com/v1"
    summary = (
        "this Kubernetes does not serve PodDisruptionBudget in policy/v1beta1; Kubernetes 1.25 was the first without"
    )
    assert budget.cause.summary == f"{summary} it"
    assert {backup.cause.outlook, budget.cause.outlook} == {Outlook.PERMANENT}
    assert (backup.subject, budget.subject) == (
        ObjectRef("Backup", "nightly", "web"),
        ObjectRef("PodDisruptionBudget", "web", "web"),
    )


def test_old_form_of_missing_kinds() -> None:
    line = 'unable to recognize "STDIN": no matches for kind "Profile" in version "kubeflow.org/v1"'
    assert parse_one(f"error: {line}").cause.summary == "no kind Profile yet"
    assert len(parse(f"[{line}, {line}]")) == 2


@pytest.mark.parametrize(
    ("message", "cause"),
    [
        (NOT_READY, "webhook webhook.cert-manager.io not ready"),
        (
            f'{CALLING}"a.example.com": failed to call webhook: Post '
            '"https://web.kubeflow.svc:443/validate?timeout=10s": '
            "dial tcp 10.43.0.7:443: connect: connection refused",
            "webhook a.example.com not ready",
        ),
        (
            f'{CALLING}"a.example.com": failed to call webhook: Post "https://web.kubeflow.svc:443/v?timeout=10s": '
            "tls: "
            "failed to verify certificate: x509: certificate signed by unknown authority",
            "webhook a.example.com cannot be called: the API server does not trust the certificate of a webhook",
        ),
        (
            'Error from server: error when retrieving current configuration of:\nResource: "x"\nfrom server for: '
            '"STDIN": conversion webhook for serving.kserve.io/v1beta1, Kind=InferenceService failed: Post '
            '"https://kserve-webhook-server-service.kubeflow.svc:443/convert?timeout=30s": dial tcp 10.43.0.7:443: '
            "connect: connection refused",
            "webhook for the conversion of serving.kserve.io/v1beta1, Kind=InferenceService not ready",
        ),
        (f'Error from server (NotFound): {CREATING}namespaces "kubeflow" not found', "no namespace kubeflow yet"),
        (
            f'Error from server (Forbidden): {CREATING}configmaps "x" is forbidden: unable to create new content in '
            "namespace auth because it is being terminated",
            "namespace auth is being deleted",
        ),
        (
            f"Error from server (MethodNotAllowed): {CREATING}create not allowed while custom resource definition is "
            "terminating",
            "a CRD is being deleted",
        ),
        (
            'error: error validating "STDIN": error validating data: failed to download openapi: Get '
            '"https://10.0.0.1:6443/openapi/v2?timeout=32s": net/http: TLS handshake timeout; if you choose to ignore '
            "these errors, turn validation off with --validate=false",
            "the API server does not return its schema",
        ),
        (
            "Unable to connect to the server: dial tcp 0.0.0.0:6443: connect: connection refused",
            "the API server does not answer",
        ),
        (
            "The connection to the server 127.0.0.1:9 was refused - did you specify the right host or port?",
            "the API server does not answer",
        ),
        ("Error from server: etcdserver: request timed out", "the API server does not answer"),
        (
            'Error from server (Conflict): Operation cannot be fulfilled on deployments.apps "web": the object has '
            "been "
            "modified; please apply your changes to the latest version and try again",
            "the object was changed at the same time",
        ),
        (
            f'Error from server (Forbidden): {CREATING}pods "nginx" is forbidden: error looking up service account '
            'default/default: serviceaccount "default" not found',
            "the API server is not ready to admit the object",
        ),
        (
            f'Error from server (Forbidden): {CREATING}pods "nginx" is forbidden: status unknown for quota: small, '
            "resources: pods",
            "the API server is not ready to admit the object",
        ),
        (
            'Error from server (AlreadyExists): object is being deleted: services "web" already exists',
            "an object of the same name is being deleted",
        ),
        (
            "Error from server (NotFound): the server could not find the requested resource",
            "the API server does not serve",
        ),
    ],
)
def test_transient_cause(message: str, cause: str) -> None:
    rejection = parse_one(message)
    assert rejection.cause.outlook is Outlook.TRANSIENT
    assert rejection.cause.summary.startswith(cause)
    assert rejection.remedy


@pytest.mark.parametrize(
    ("message", "cause"),
    [
        (
            "Error from server: failed to create typed patch object (web/w; cert-manager.io/v1, Kind=Certificate): "
            ".spec.issuer: field not declared in schema",
            "does not fit the schema",
        ),
        (f'Error from server (NotFound): {CREATING}namespaces "other" not found', "there is no namespace other"),
        ("error: You must be logged in to the server (Unauthorized)", "does not accept the credentials"),
        (
            "Unable to connect to the server: x509: certificate signed by unknown authority",
            "the certificate of the API server is not accepted",
        ),
        (
            f'Error from server: {CREATING}admission webhook "ipaddresspoolvalidationwebhook.metallb.io" denied the '
            "request: failed to get existing pools: context deadline exceeded",
            "denies it for now",
        ),
    ],
)
def test_cause_that_disappears_soon_or_never(message: str, cause: str) -> None:
    rejection = parse_one(message)
    assert rejection.cause.outlook is Outlook.LASTING
    assert cause in rejection.cause.summary
    assert rejection.remedy


@pytest.mark.parametrize(
    ("message", "cause", "remedy"),
    [
        (
            'Error from server (Invalid): Deployment.apps "web" is invalid: spec.selector: Invalid value: '
            "v1.LabelSelector{"
            'MatchLabels:map[string]string{"app":"other"}, MatchExpressions:[]v1.LabelSelectorRequirement(nil)}: '
            "field is "
            "immutable",
            "immutable field",
            "kubectl delete deployment/web",
        ),
        (
            'The CustomResourceDefinition "backups.example.com" is invalid: spec.scope: Invalid value: '
            '"Namespaced": field '
            "is immutable",
            "immutable field",
            "deletes all objects of its kind",
        ),
        (
            'Service "web" is invalid: spec.clusterIPs[0]: Invalid value: []string{"10.43.9.9"}: may not change '
            "once set",
            "immutable field",
            "kubectl delete",
        ),
        (
            'RoleBinding.rbac.authorization.k8s.io "editor" is invalid: roleRef: Invalid value: '
            'rbac.RoleRef{APIGroup:"",'
            ' Kind:"ClusterRole", Name:"edit"}: cannot change roleRef',
            "immutable field",
            "kubectl delete rolebinding/editor",
        ),
        (
            'Secret "fixed" is invalid: data: Forbidden: field is immutable when `immutable` is set',
            "immutable field",
            "kubectl delete secret/fixed",
        ),
        (
            'The PersistentVolumeClaim "data" is invalid: spec: Forbidden: spec is immutable after creation except '
            "resources.requests for bound claims",
            "immutable field",
            "copy of its data",
        ),
        (
            f'Error from server (Forbidden): {CREATING}services "web" is forbidden: exceeded quota: small, requested: '
            "services=1, used: services=1, limited: services=1",
            "a ResourceQuota of the namespace is exhausted",
            "kubectl describe resourcequotas -n",
        ),
        (
            f'Error from server (Forbidden): {CREATING}pods "web" is forbidden: failed quota: small: must specify '
            "limits.cpu,limits.memory",
            "a ResourceQuota requires limits and requests",
            "LimitRange",
        ),
        (
            f'Error from server (Forbidden): {CREATING}pods "nginx" is forbidden: violates PodSecurity '
            '"restricted:latest": '
            "host namespaces (hostNetwork=true)",
            "Pod Security of the namespace forbids it",
            "pod-security.kubernetes.io/enforce",
        ),
        (
            f'Error from server (Forbidden): {CREATING}pods "nginx" is forbidden: unable to validate against any '
            "security "
            "context constraint: [provider restricted-v2: .spec.securityContext.hostNetwork: Invalid value: true]",
            "security context constraint",
            "oc adm policy",
        ),
        (
            f'Error from server (Forbidden): {CREATING}pods "nginx" is forbidden: [maximum memory usage per '
            "Container is "
            "1Gi, but limit is 2Gi]",
            "LimitRange",
            "kubectl describe limitranges",
        ),
        (
            "The galaxies \"example\" is invalid: : ValidatingAdmissionPolicy 'storage' with binding 'storage-binding' "
            "denied request: storage_type should not be empty",
            "policy storage denies it",
            "kubectl get validatingadmissionpolicy storage",
        ),
        (
            f'Error from server (Forbidden): {CREATING}admission webhook "validation.gatekeeper.sh" denied the '
            "request: "
            "[owner] you must provide labels",
            "webhook validation.gatekeeper.sh denies it",
            "policy",
        ),
        (
            f'Error from server: {CREATING}admission webhook "validation.webhook.serving.knative.dev" denied the '
            "request: "
            "validation failed: missing field(s): spec.template.spec.containers",
            "webhook validation.webhook.serving.knative.dev denies it",
            "correct what the webhook's message names",
        ),
        (
            f'Error from server (Forbidden): {CREATING}clusterroles.rbac.authorization.k8s.io "admin" is forbidden: '
            "user "
            '"jane" (groups=["dev"]) is attempting to grant RBAC permissions not currently held',
            "not allowed to grant permissions",
            "kubectl auth can-i",
        ),
        (f"Error from server (Forbidden): {CREATING}services is forbidden", "not allowed", "kubectl auth can-i"),
        (
            'The CustomResourceDefinition "gateways.networking.istio.io" is invalid: status.storedVersions[0]: Invalid '
            'value: "v1": must appear in spec.versions',
            "stores objects in a version",
            "kubectl delete customresourcedefinition/gateways.networking.istio.io",
        ),
        (CONFLICT, 'field manager ("manual")', "--force-conflicts"),
        (
            'The CustomResourceDefinition "x" is invalid: metadata.annotations: Too long: must have at most 262144 '
            "bytes",
            "--server-side",
            "--server-side",
        ),
        (
            'The ConfigMap "long" is invalid: metadata.annotations: Too long: may not be more than 262144 bytes',
            "--server-side",
            "--server-side",
        ),
        (
            f"Error from server (RequestEntityTooLarge): {CREATING}Request entity too large: limit is 3145728",
            "too large",
            "smaller",
        ),
        (
            f'Error from server (BadRequest): {CREATING}Deployment in version "v1" cannot be handled as a Deployment: '
            'strict decoding error: unknown field "spec.replica"',
            "cannot be decoded",
            "manifests",
        ),
        (
            "error: error parsing STDIN: error converting YAML to JSON: yaml: line 3: did not find expected ',' or '}'",
            "not valid YAML",
            "manifests",
        ),
        (
            'error: error validating "STDIN": error validating data: ValidationError(Deployment.spec): unknown field '
            '"replica" in io.k8s.api.apps.v1.DeploymentSpec; if you choose to ignore these errors, turn validation off',
            "the object is invalid",
            "manifests",
        ),
        (
            f'Error from server (Invalid): {CREATING}ConfigMap "Bad_Name" is invalid: metadata.name: Invalid value: '
            '"Bad_Name": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters',
            "the object is invalid",
            "names the field",
        ),
        (
            'resource mapping not found for name: "x" namespace: "" from "STDIN": no matches for kind "Profile" in '
            "version "
            '"kubeflow.org/v2"',
            "the CRD of Profile in the tree serves kubeflow.org/v1, kubeflow.org/v1beta1, and not kubeflow.org/v2",
            "same release",
        ),
        (
            'resource mapping not found for name: "x" namespace: "" from "STDIN": no matches for kind "Gateway" in '
            "version "
            '"gateway.networking.k8s.io/v1"',
            "no CRD in the tree defines kind Gateway",
            "kubectl get crds",
        ),
        (
            'resource mapping not found for name: "x" namespace: "" from "STDIN": no matches for kind "FlowSchema" in '
            'version "flowcontrol.apiserver.k8s.io/v1beta1"',
            "this Kubernetes does not serve FlowSchema",
            "kubectl api-versions",
        ),
    ],
)
def test_permanent_cause_has_a_remedy_of_its_own(message: str, cause: str, remedy: str) -> None:
    rejection = parse_one(message)
    assert rejection.cause.outlook is Outlook.PERMANENT
    assert cause in rejection.cause.summary
    assert remedy in rejection.remedy
    assert "Kubernetes" not in rejection.cause.summary or "this Kubernetes does not serve" in cause


def test_long_message_is_shortened() -> None:
    message = f"Error from server: {'x' * 5000} the end"
    assert len(parse_one(message).text) < 600
    assert parse_one(message).text.endswith("the end")
    assert len(parse_one(message).cause.summary) < 150


def test_unknown_messages_about_different_objects_have_one_cause() -> None:
    first, second = parse('Error from server: "web" is odd\nError from server: "database" is odd')
    assert first.cause.summary == second.cause.summary == '"…" is odd'


def test_objects_are_named_by_their_order() -> None:
    objects = [
        make_object("Certificate", "serving", "kubeflow"),
        make_object("Backup", "nightly", "web"),
        make_object("PodDisruptionBudget", "web", "web"),
        make_object("Issuer", "self-signed", "kubeflow"),
    ]
    rejections = name_subjects(parse(f"{KINDS}\n{NOT_READY}\n{NOT_READY}"), objects)
    assert [str(rejection.subject) for rejection in rejections] == [
        "Backup nightly in web",
        "PodDisruptionBudget web in web",
        "Certificate serving in kubeflow",
        "Issuer self-signed in kubeflow",
    ]
    assert str(rejections[2]).startswith("webhook webhook.cert-manager.io not ready: Certificate serving in kubeflow: ")


def test_objects_are_not_named_if_the_numbers_differ() -> None:
    [rejection] = name_subjects(parse(NOT_READY), [make_object("Issuer", "a"), make_object("Issuer", "b")])
    assert rejection.subject is None


def test_definitions_in_manifests() -> None:
    versions = [{"name": "v1", "served": True}, {"name": "v1alpha1", "served": False}]
    crd = {**make_object("CustomResourceDefinition", "backups.example.com")}
    crd["spec"] = {"group": "example.com", "names": {"kind": "Backup"}, "versions": versions}
    objects = [
        crd,
        make_object("Namespace", "web"),
        make_object("Profile", "user"),
        {"kind": "List", "apiVersion": "v1"},
    ]
    assert Definitions.from_objects(objects) == Definitions({("example.com/v1", "Backup")}, {"web", "user"})
