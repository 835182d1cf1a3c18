{{- define "audgate.name" -}}
{{- if contains "audgate" .Release.Name }}{{ .Release.Name | trunc 50 | trimSuffix "-" }}{{ else }}{{ printf "%s-audgate" .Release.Name | trunc 50 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "audgate.selector" -}}
app.kubernetes.io/name: audgate
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end }}

{{- define "audgate.labels" -}}
{{ include "audgate.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service | quote }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | quote }}
{{- end }}

{{/* The port that clients, or the proxy, use. */}}
{{- define "audgate.port" -}}
{{- if eq .Values.mode "authorizer" }}authorizer{{ else }}http{{ end }}
{{- end }}

{{/* audgate.yaml: the values of the user, and beside them what has to agree with the pod. */}}
{{- define "audgate.config" -}}
{{- range $key := list "listen" "admin" "admin_token" "drain" "tls" "authorizer" }}
{{- if hasKey $.Values.config $key }}{{ fail (printf "config.%s: the chart writes it, see values.yaml" $key) }}{{ end }}
{{- end }}
{{- $own := dict
  "listen" (ternary "127.0.0.1:8080" "0.0.0.0:8080" (eq .Values.mode "authorizer"))
  "admin" "0.0.0.0:9090"
  "admin_token" "${file:/run/secrets/audgate/admin-token}"
  "drain" (dict "delay" (printf "%ds" (int .Values.drain.delaySeconds)) "limit" (printf "%ds" (int .Values.drain.limitSeconds))) }}
{{- if eq .Values.mode "authorizer" }}
{{- if not .Values.authorizer.peers }}{{ fail "authorizer.peers: the networks of the pods of your proxy" }}{{ end }}
{{- $_ := set $own "authorizer" (dict "listen" "0.0.0.0:9191" "peers" .Values.authorizer.peers) }}
{{- else if .Values.tlsSecret }}
{{- $_ := set $own "tls" (dict "cert_file" "/run/secrets/tls/tls.crt" "key_file" "/run/secrets/tls/tls.key") }}
{{- end }}
{{- if .Values.routeConfigMaps }}
{{- $_ := set $own "include" (append (.Values.config.include | default list) "/etc/audgate-routes/*.yaml") }}
{{- end }}
{{- merge $own .Values.config | toYaml }}
{{- end }}
