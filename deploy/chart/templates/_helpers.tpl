{{/* The name of every object: the release's, with the chart's unless it is in it. */}}
{{- define "pillion.name" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "pillion.selectorLabels" -}}
app.kubernetes.io/name: {{ include "pillion.name" . }}
{{- end -}}

{{- define "pillion.labels" -}}
{{ include "pillion.selectorLabels" . }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{/* name, namespace and labels of an object in the release's namespace */}}
{{- define "pillion.metadata" -}}
name: {{ include "pillion.name" . }}
namespace: {{ .Release.Namespace }}
labels:
  {{- include "pillion.labels" . | nindent 2 }}
{{- end -}}

{{- define "pillion.secret" -}}
{{- .Values.certificates.secret | default (printf "%s-tls" (include "pillion.name" .)) -}}
{{- end -}}

{{- define "pillion.configMap" -}}
{{- include "pillion.name" . }}-config
{{- end -}}

{{/* NAMESPACE/NAME of the ConfigMaps that are watched; own ones by the pod's namespace. */}}
{{- define "pillion.injectConfigMap" -}}
{{- .Values.configuration.injectConfigMap | default (printf "$(POD_NAMESPACE)/%s" (include "pillion.configMap" .)) -}}
{{- end -}}

{{- define "pillion.meshConfigMap" -}}
{{- .Values.configuration.meshConfigMap | default (printf "$(POD_NAMESPACE)/%s" (include "pillion.configMap" .)) -}}
{{- end -}}

{{- define "pillion.asksAPIServer" -}}
{{- if or (eq .Values.certificates.mode "auto") (eq .Values.configuration.source "watched") .Values.namespaceLimits }}true{{ end -}}
{{- end -}}

{{/* Stops where the values contradict each other. */}}
{{- define "pillion.check" -}}
{{- if not (has .Values.certificates.mode (list "auto" "cert-manager" "files")) -}}
{{- fail (printf "certificates.mode is %q, expected auto, cert-manager or files" .Values.certificates.mode) -}}
{{- end -}}
{{- if not (has .Values.configuration.source (list "watched" "mounted")) -}}
{{- fail (printf "configuration.source is %q, expected watched or mounted" .Values.configuration.source) -}}
{{- end -}}
{{- if and (eq .Values.configuration.source "mounted") (or .Values.configuration.injectConfigMap .Values.configuration.meshConfigMap) -}}
{{- fail "configuration.injectConfigMap and meshConfigMap are read from the API server: want configuration.source watched" -}}
{{- end -}}
{{- end -}}
