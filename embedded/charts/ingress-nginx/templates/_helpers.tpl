{{- define "ingress-nginx.name" -}}
{{ .Values.nameOverride | default .Chart.Name | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- /* The name of the chart is not repeated if the name of the release contains it. */}}
{{- define "ingress-nginx.fullname" -}}
{{- $name := include "ingress-nginx.name" . -}}
{{- $full := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) -}}
{{ .Values.fullnameOverride | default $full | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "ingress-nginx.controller" -}}
{{ printf "%s-controller" (include "ingress-nginx.fullname" .) | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "ingress-nginx.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{ .Values.serviceAccount.name | default (include "ingress-nginx.fullname" .) }}
{{- else -}}
{{ .Values.serviceAccount.name | default "default" }}
{{- end -}}
{{- end }}

{{- define "ingress-nginx.election" -}}
{{ include "ingress-nginx.fullname" . }}-leader
{{- end }}

{{- define "ingress-nginx.ingressClassController" -}}
haproxy-ingress.github.io/controller/{{ .Values.controller.ingressClassResource.controllerValue }}
{{- end }}

{{- define "ingress-nginx.standIn" -}}
kubeflow-lab.test/stand-in: HAProxy Ingress 0.14.7 instead of ingress-nginx, which cannot be built without the internet
{{- end }}

{{- define "ingress-nginx.selector" -}}
app.kubernetes.io/name: {{ include "ingress-nginx.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: controller
{{- end }}

{{- define "ingress-nginx.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{ include "ingress-nginx.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: {{ include "ingress-nginx.name" . }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}
