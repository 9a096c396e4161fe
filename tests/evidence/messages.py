"""Messages of real programs that show known failures."""

from __future__ import annotations

from lab.evidence.symptoms import SymptomSource

REJECTED = (
    'Error from server (InternalError): error when creating "STDIN": Internal error occurred: failed calling webhook '
)
CALL = 'failed to call webhook: Post "https://a.b.svc:443/mutate?timeout=10s"'
INTERNAL = "Error from server (InternalError): Internal error occurred:"
HOOK = 'failed calling webhook "admission-webhook-deployment.kubeflow.org"'
PULL = (
    'Failed to pull image "gcr.io/a/b:1": rpc error: code = Unknown desc = failed to pull and unpack image '
    '"gcr.io/a/b:1": failed to resolve reference "gcr.io/a/b:1"'
)
SYMPTOMS: list[tuple[str, SymptomSource, str]] = [
    (
        "the subnet of the network is in use",
        "error",
        "Error response from daemon: Pool overlaps with other one on this address space",
    ),
    ("the node finds no memory cgroup", "docker", 'level=fatal msg="failed to find memory cgroup (v2)"'),
    (
        "inotify is exhausted",
        "log",
        "failed to create fsnotify watcher: too many open files",
    ),
    ("kustomize is too old", "error", 'Error: invalid Kustomization: json: unknown field "sortOptions"'),
    (
        "kustomize prints a warning among the manifests",
        "error",
        'Error from server (BadRequest): error when creating "STDIN": Namespace in version "v1" cannot be handled '
        "as a Namespace: strict decoding error: unknown field "
        '"2023/02/27 11:40:30 well-defined vars that were never replaced"',
    ),
    (
        "Kubernetes is newer than the release supports",
        "error",
        'error: resource mapping not found for name: "x" namespace: "default" from "STDIN": no matches for kind '
        '"HorizontalPodAutoscaler" in version "autoscaling/v2beta2"',
    ),
    (
        "a CRD is missing",
        "error",
        'error: resource mapping not found for name: "x" namespace: "" from "STDIN": no matches for kind "Profile" in '
        'version "kubeflow.org/v1"',
    ),
    (
        "an annotation is too long for client-side apply",
        "error",
        'The ConfigMap "x" is invalid: metadata.annotations: Too long: must have at most 262144 bytes',
    ),
    (
        "there is no route to a webhook",
        "error",
        f'{REJECTED}"webhook.cert-manager.io": {CALL}: dial tcp 10.102.59.155:443: connect: no route to host',
    ),
    (
        "the webhook of cert-manager is not ready",
        "error",
        f'{REJECTED}"webhook.cert-manager.io": {CALL}: dial tcp 10.43.241.254:443: connect: connection refused',
    ),
    (
        "the webhook of MetalLB is not ready",
        "error",
        f'{REJECTED}"ipaddresspoolvalidationwebhook.metallb.io": {CALL}: EOF',
    ),
    (
        "the webhook of MetalLB is not ready",
        "error",
        f'{REJECTED}"l2advertisementvalidationwebhook.metallb.io": {CALL}: EOF',
    ),
    (
        "the webhook of the Ingress controller is not ready",
        "error",
        f'{REJECTED}"validate.nginx.ingress.kubernetes.io": {CALL}: dial tcp 10.43.9.1:443: connect: connection '
        "refused",
    ),
    ("a webhook is not ready", "event", f'FailedCreate: {REJECTED}"sidecar-injector.istio.io": {CALL}: EOF'),
    (
        "a webhook is not ready",
        "event",
        f"FailedCreate: Error creating: Internal error occurred: {HOOK}: {CALL}: no endpoints available for service "
        '"a"',
    ),
    (
        "the certificate of a webhook has expired",
        "error",
        f"{INTERNAL} {HOOK}: {CALL}: x509: certificate has expired or is not yet valid: current time "
        "2026-11-27T10:00:00Z is after 2026-08-01T10:00:00Z",
    ),
    (
        "the certificate of a webhook is for another name",
        "event",
        f"FailedCreate: Error creating: {INTERNAL} {HOOK}: {CALL}: x509: certificate is valid for "
        "admission-webhook.kubeflow.svc, not admission-webhook-service.kubeflow.svc",
    ),
    (
        "the certificate of a webhook is for another name",
        "error",
        f"{INTERNAL} {HOOK}: {CALL}: tls: failed to verify certificate: x509: certificate relies on legacy Common Name "
        "field, use SANs instead",
    ),
    (
        "the certificate of a webhook is not trusted",
        "error",
        f"{INTERNAL} {HOOK}: {CALL}: x509: certificate signed by unknown authority",
    ),
    (
        "the certificate of a webhook is not trusted",
        "event",
        f"FailedCreate: Error creating: {INTERNAL} {HOOK}: {CALL}: tls: failed to verify certificate: x509: "
        "certificate "
        'signed by unknown authority (possibly because of "crypto/rsa: verification error" while trying to verify '
        'candidate authority certificate "cert-manager.webhook.ca")',
    ),
    (
        "the API server must not call a webhook at its address",
        "error",
        'Error from server (InternalError): error when creating "STDIN": Internal error occurred: failed calling '
        "webhook "
        '"webhook.cert-manager.io": Post https://cert-manager-webhook.cert-manager.svc:443/mutate?timeout=10s: Address '
        "is not allowed",
    ),
    ("a webhook does not answer in time", "error", f"{INTERNAL} {HOOK}: {CALL}: dial tcp 10.0.3.7:4443: i/o timeout"),
    ("a webhook does not answer in time", "error", f"{INTERNAL} {HOOK}: {CALL}: context deadline exceeded"),
    (
        "a webhook does not answer in time",
        "error",
        f"{INTERNAL} {HOOK}: {CALL}: net/http: request canceled while waiting for connection (Client.Timeout exceeded "
        "while awaiting headers)",
    ),
    (
        "the Service of a webhook does not exist",
        "error",
        f'{INTERNAL} {HOOK}: {CALL}: service "admission-webhook-service" not found',
    ),
    (
        "a ResourceQuota requires limits that pods do not have",
        "event",
        'FailedCreate: Error creating: pods "ml-pipeline-ui-artifact-5c4b87f876-" is forbidden: failed quota: '
        "kf-resource-quota: must specify cpu,memory",
    ),
    (
        "a ResourceQuota requires limits that pods do not have",
        "pod",
        'FailedCreate: pods "web-5c4b87f876-x2x8p" is forbidden: failed quota: compute: must specify limits.cpu for: '
        "nginx; limits.memory for: nginx",
    ),
    (
        "a ResourceQuota is exhausted",
        "event",
        'FailedCreate: create Pod authservice-0 in StatefulSet authservice failed error: pods "authservice-0" is '
        "forbidden: exceeded quota: pods, requested: pods=1, used: pods=5, limited: pods=5",
    ),
    (
        "Pod Security forbids a pod",
        "event",
        'FailedCreate: Error creating: pods "centraldashboard-7f88bc8758-x5k2p" is forbidden: violates PodSecurity '
        '"restricted:latest": allowPrivilegeEscalation != false (container "centraldashboard" must set '
        "securityContext.allowPrivilegeEscalation=false)",
    ),
    (
        "no security context constraint allows a pod",
        "event",
        'FailedCreate: Error creating: pods "ml-pipeline-ui-artifact-6d7fc4b4d8-" is forbidden: unable to validate '
        'against any security context constraint: [provider "anyuid": Forbidden: not usable by user or serviceaccount]',
    ),
    (
        "the ServiceAccount of a pod does not exist",
        "event",
        'FailedCreate: create Pod notebook-0 in StatefulSet notebook failed error: pods "notebook-0" is forbidden: '
        "error "
        'looking up service account kubeflow-user-example-com/default-editor: serviceaccount "default-editor" not '
        "found",
    ),
    (
        "a LimitRange forbids a pod",
        "event",
        'FailedCreate: Error creating: pods "web-5c4b87f876-" is forbidden: maximum memory usage per Container is 1Gi, '
        "but limit is 2Gi",
    ),
    (
        "a policy of the cluster rejects an object",
        "error",
        'Error from server (Forbidden): admission webhook "validation.gatekeeper.sh" denied the request: '
        "[require-team] you must provide labels: team",
    ),
    (
        "a policy of the cluster rejects an object",
        "event",
        "FailedCreate: Error creating: pods \"web-1\" is forbidden: ValidatingAdmissionPolicy 'registries' with "
        "binding "
        "'all' denied request: image comes from another registry",
    ),
    (
        "an image does not exist for the architecture of the node",
        "pod",
        'ErrImagePull: rpc error: code = NotFound desc = failed to pull and unpack image "docker.io/a/b:v2.6.0": '
        "no match "
        "for platform in manifest: not found",
    ),
    (
        "an image does not exist for the architecture of the node",
        "event",
        'Failed: Failed to pull image "a/b": no matching manifest for linux/arm64/v8 in the manifest list entries',
    ),
    ("a program is built for another architecture", "log", "exec /manager: exec format error"),
    (
        "the node does not trust a registry",
        "event",
        f'Failed: {PULL}: failed to do request: Head "https://gcr.io/v2/a/b/manifests/1": x509: certificate signed by '
        "unknown authority",
    ),
    (
        "the node cannot resolve the name of a registry",
        "pod",
        f'ErrImagePull: {PULL}: failed to do request: Head "https://gcr.io/v2/a/b/manifests/1": dial tcp: lookup '
        "gcr.io "
        "on 10.0.0.2:53: no such host",
    ),
    (
        "the node cannot reach a registry",
        "event",
        f'Failed: {PULL}: failed to do request: Head "https://gcr.io/v2/a/b/manifests/1": dial tcp '
        "142.250.1.82:443: i/o "
        "timeout",
    ),
    (
        "a registry rejects the request for an image",
        "pod",
        f"ErrImagePull: {PULL}: failed to authorize: failed to fetch anonymous token: unexpected status from GET "
        "request "
        "to https://gcr.io/v2/token: 401 Unauthorized",
    ),
    (
        "a registry rejects the request for an image",
        "event",
        'Failed: Failed to pull image "a/b:1": rpc error: code = Unknown desc = failed to pull and unpack image '
        '"docker.io/a/b:1": failed to resolve reference "docker.io/a/b:1": pull access denied, repository does not '
        "exist "
        "or may require authorization: server message: insufficient_scope: authorization failed",
    ),
    (
        "the registry limits pulls",
        "pod",
        "ErrImagePull: failed to pull and unpack image: unexpected status code: 429 Too Many Requests - Server "
        "message: toomanyrequests: You have reached your pull rate limit.",
    ),
    (
        "an image is not in its registry any more",
        "event",
        'Failed: Failed to pull image "gcr.io/a/b:1": rpc error: code = NotFound desc = failed to pull and unpack '
        'image "gcr.io/a/b:1": failed to resolve reference "gcr.io/a/b:1": gcr.io/a/b:1: not found',
    ),
    ("there is too little CPU or memory", "pod", "Unschedulable: 0/1 nodes are available: 1 Insufficient memory."),
    (
        "a variable of a Service is parsed as a setting",
        "log",
        'panic: failed to convert the environment variable "WEBHOOK_PORT" : strconv.Atoi: parsing '
        '"tcp://10.96.58.164:9090": invalid syntax',
    ),
    ("Dex rejects the redirect URI", "response", 'Bad Request Unregistered redirect_uri ("http://a/callback").'),
    ("Dex does not know the client of the auth proxy", "response", 'Invalid client_id ("kubeflow-oidc-authservice").'),
    (
        "Dex and the auth proxy have different client secrets",
        "log",
        'time=2026-11-27T17:38:17.429Z level=INFO msg="invalid client_secret on token request" '
        "client_id=kubeflow-oidc-authservice",
    ),
    (
        "Dex and the auth proxy have different client secrets",
        "log",
        "[oauthproxy.go:881] Error redeeming code during OAuth2 callback: token exchange failed: oauth2: "
        '"invalid_client" "Invalid client credentials."',
    ),
    (
        "Dex and the auth proxy have different client secrets",
        "log",
        'level=error msg="Failed to exchange authorization code with token: oauth2: cannot fetch token: 401 '
        r"Unauthorized\nResponse: {\"error\":\"invalid_client\",\"error_description\":\"Invalid client "
        r'credentials.\"}"',
    ),
    (
        "Dex has another issuer than the auth proxy expects",
        "log",
        'level=error msg="OIDC provider setup failed, retrying in 10 seconds: oidc: issuer did not match the issuer '
        r"returned by provider, expected \"http://dex.auth.svc.cluster.local:5556/dex\" got "
        r'\"https://kubeflow.example.com/dex\""',
    ),
    (
        "Dex has another issuer than the auth proxy expects",
        "log",
        'level=error msg="Not able to verify ID token: oidc: id token issued by a different provider, expected '
        r'\"http://dex.auth.svc.cluster.local:5556/dex\" got \"https://kubeflow.example.com/dex\""',
    ),
    (
        "Dex has another issuer than the auth proxy expects",
        "response",
        "http://kubeflow.example.it/ returns 401: Jwt issuer is not configured",
    ),
    (
        "Dex cannot use its connector",
        "log",
        'time=2026-11-27T17:45:13.657Z level=ERROR msg="connector returned error when creating callback" '
        r'connector_id=github err="expected callback URL \"http://dex.auth.svc.cluster.local:5556/dex/callback\" did '
        r'not match the URL in the config \"http://localhost:7080/dex/callback\""',
    ),
    (
        "Dex rejects the cost of a password hash",
        "log",
        'time=2026-11-27T17:35:05.596Z level=ERROR msg="failed to login user" err="given hash cost = 4 does not meet '
        'minimum cost requirement = 10"',
    ),
    (
        "Dex rejects the cost of a password hash",
        "log",
        'level=error msg="Failed to login user: given hash cost = 20 is above upper bound cost = 16, recommended cost '
        '= 12"',
    ),
    (
        "a certificate between Dex and the auth proxy has expired",
        "log",
        'level=error msg="OIDC provider setup failed, retrying in 10 seconds: Get '
        r"\"https://dex.example.com/dex/.well-known/openid-configuration\": x509: certificate has expired or is not "
        'yet valid: current time 2026-11-27T17:00:00Z is after 2026-11-01T00:00:00Z"',
    ),
    (
        "the clocks of Dex and the auth proxy differ",
        "log",
        'level=error msg="Not able to verify ID token: oidc: token is expired (Token Expiry: 2026-11-27 16:00:00 +0000 '
        'UTC)"',
    ),
    (
        "the clocks of Dex and the auth proxy differ",
        "log",
        "[oauthproxy.go:881] Error redeeming code during OAuth2 callback: could not verify id_token: failed to verify "
        "token: oidc: current time 2026-11-27 16:00:00 +0000 UTC before the nbf (not before) time: 2026-11-27 17:00:00 "
        "+0000 UTC",
    ),
    (
        "the clocks of Dex and the auth proxy differ",
        "response",
        "http://kubeflow.example.it/ returns 401: Jwt is expired",
    ),
    (
        "the state of a login does not match",
        "log",
        "level=error msg=\"Failed to verify state parameter: Missing cookie: 'oidc_state_csrf'\"",
    ),
    (
        "the state of a login does not match",
        "log",
        "Invalid authentication via OAuth2. Error while loading CSRF cookie: http: named cookie not present",
    ),
    (
        "authservice does not reach Dex",
        "log",
        'level=error msg="OIDC provider setup failed, retrying in 10 seconds: Get '
        "http://dex.auth.svc.cluster.local:5556/dex/.well-known/openid-configuration: dial tcp: i/o timeout",
    ),
    (
        "Secure cookies over plain HTTP",
        "error",
        "expected 200 from the web app, seen 403: Could not find CSRF cookie XSRF-TOKEN in the request.",
    ),
    (
        "cert-manager has deleted the private key of a request",
        "event",
        "Failed: The certificate request has failed to complete and will be retried: Error generating certificate "
        "template: CSR not signed by referenced private key",
    ),
    (
        "the gateway does not have the keys of Dex",
        "response",
        "http://localhost:7080/jupyter/api/namespaces/team/notebooks returns 401: Jwt verification fails",
    ),
    (
        "Istio's authorization rejects the request",
        "response",
        "http://kubeflow.example.it/ returns 403: RBAC: access denied",
    ),
    ("the port-forward has lost its pod", "port-forward", "error: lost connection to pod"),
    ("the port-forward has lost its pod", "port-forward", "error: timed out waiting for the condition"),
]
"""Messages of other programs, each with the known failure that it shows and with its source."""
