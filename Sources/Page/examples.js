// Manifests and templates to begin with.

export const manifests = [
    ["A Deployment", `# A workload as most are: nothing about sidecars.
apiVersion: apps/v1
kind: Deployment
metadata:
  name: sleep
spec:
  replicas: 1
  selector:
    matchLabels:
      app: sleep
  template:
    metadata:
      labels:
        app: sleep
    spec:
      containers:
      - name: sleep
        image: curlimages/curl
        command: ["sleep", "infinity"]
        ports:
        - containerPort: 8080
`],
    ["A pod that declines", `apiVersion: v1
kind: Pod
metadata:
  name: quiet
  namespace: shop
  annotations:
    sidecar.istio.io/inject: "false"  # a choice of its owner
spec:
  containers:
  - name: quiet
    image: busybox
`],
    ["A pod on the host's network", `apiVersion: apps/v1
kind: DaemonSet
metadata:
  name: node-agent
spec:
  selector:
    matchLabels: {app: node-agent}
  template:
    metadata:
      labels: {app: node-agent}
    spec:
      hostNetwork: true
      containers:
      - name: agent
        image: registry.example.com/agent:2
`],
    ["Several documents", `apiVersion: v1
kind: Namespace
metadata:
  name: shop
  labels:
    istio-injection: enabled
---
apiVersion: v1
kind: Service
metadata:
  name: cart
  namespace: shop
spec:
  selector: {app: cart}
  ports:
  - port: 80
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: cart
  namespace: shop
spec:
  selector:
    matchLabels: {app: cart}
  template:
    metadata:
      labels: {app: cart}
    spec:
      containers:
      - name: cart
        image: registry.example.com/cart:1
---
apiVersion: batch/v1
kind: CronJob
metadata:
  name: report
  namespace: shop
spec:
  schedule: "0 3 * * *"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
          - name: report
            image: registry.example.com/report:1
`],
];

export const templates = [
    ["A list", {
        engine: "gotemplate", functions: "sprig", format: "yaml", data: `name: shop
ports: [80, 443]
`,
        template: `name: {{ .name | quote }}
ports:
{{- range .ports }}
- number: {{ . }}
  name: port-{{ . }}
{{- end }}
`,
    }],
    ["A template in mustache", {
        engine: "mustache", functions: "", format: "text", data: `pods:
- name: sleep
- name: httpbin
`,
        template: `{{#pods}}
- {{name}}
{{/pods}}
`,
    }],
];
