"""Small manifests for tests: one webhook as upstream's trees have it, with a proxy, a Job, and their Services."""

WEBHOOK = """
apiVersion: v1
kind: Namespace
metadata:
  name: kubeflow
  labels: {istio-injection: enabled, kept: "yes"}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: webhook, namespace: kubeflow}
spec:
  selector: {matchLabels: {app: webhook}}
  template:
    metadata: {labels: {app: webhook, control-plane: manager}}
    spec:
      initContainers:
      - {name: wait, image: busybox, command: [sh, -c, "until true; do :; done"]}
      - {name: proxy, image: "quay.io/brancz/proxy:v1", restartPolicy: Always, ports: [{containerPort: 8443}]}
      containers:
      - name: manager
        image: ghcr.io/kubeflow/webhook@sha256:1234567890123456789012345678901234567890123456789012345678901234
        command: [./manager]
        args: [--leader-elect, "--port=$(PORT)", 1]
        ports: [{name: health, containerPort: 9440}, {containerPort: 9441}]
        resources: {requests: {cpu: 100m, memory: 1Gi}, limits: {cpu: "2"}}
        readinessProbe: {httpGet: {path: /, port: health}}
        livenessProbe: {grpc: {port: 9442}}
        startupProbe: {exec: {command: [/bin/grpc_health_probe, "-addr=:1"]}}
        lifecycle: {preStop: {exec: {command: [sleep, 5]}}}
        volumeMounts:
        - {name: cert, mountPath: /certs}
        - {name: projected, mountPath: /more}
        - {name: data, mountPath: /data}
      volumes:
      - {name: cert, secret: {secretName: webhook}}
      - {name: projected, projected: {sources: [{secret: {name: other}}]}}
      - {name: data, emptyDir: {}}
---
apiVersion: v1
kind: Service
metadata: {name: webhook, namespace: kubeflow}
spec:
  selector: {app: webhook}
  ports: [{port: 443, targetPort: 9443}, {port: 80, targetPort: health}, {port: 8443}]
---
apiVersion: v1
kind: Service
metadata: {name: webhook, namespace: other}
spec: {selector: {app: webhook}, ports: [{port: 7777}]}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: clean, namespace: kubeflow}
spec:
  schedule: "* * * * *"
  jobTemplate:
    spec:
      template:
        spec:
          containers: [{name: clean, image: "clean:v2"}]
"""

ISTIO = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: istiod, namespace: istio-system}
spec: {template: {spec: {containers: [{name: discovery, image: "docker.io/istio/pilot:1.22.1"}]}}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: istio, namespace: istio-system}
data:
  mesh: |
    defaultProviders: {metrics: [prometheus]}
    extensionProviders: [{name: oauth2-proxy}]
---
apiVersion: v1
kind: Service
metadata: {name: istio-ingressgateway, namespace: istio-system}
spec: {ports: [{port: 80}]}
"""

CONTROL_PLANE = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: istiod, namespace: istio-system}
spec: {template: {spec: {containers: [{name: discovery, image: "docker.io/istio/pilot:the-kits"}]}}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: istio, namespace: istio-system}
data: {mesh: "{}"}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: only-in-the-kit, namespace: istio-system}
"""
