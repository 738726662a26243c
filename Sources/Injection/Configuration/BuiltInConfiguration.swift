/// The configuration that is used if none is given. The policy is enabled, and a small sidecar shows what a template
/// can access: the proxy's settings, the pod's labels, the values.
public enum BuiltInConfiguration {
    public static let files = InjectionFiles(
        configuration: NamedText(name: "built-in/config", text: configuration),
        values: NamedText(name: "built-in/values", text: values))

    static let configuration = """
        policy: enabled
        alwaysInjectSelector: []
        neverInjectSelector: []
        template: |-
          initContainers:
          - name: istio-init
            image: "{{ .Values.hub }}/proxy-init:{{ .Values.tag }}"
            args:
            - "-p"
            - "15001"
            - "-u"
            - "1337"
            - "-b"
            - "{{ includeInboundPorts .Spec.Containers }}"
            securityContext:
              capabilities:
                add:
                - NET_ADMIN
              runAsUser: 0
              runAsNonRoot: false
          containers:
          - name: istio-proxy
            image: "{{ annotation .ObjectMeta `sidecar.istio.io/proxyImage` .Values.image }}"
            args:
            - proxy
            - sidecar
            - --configPath
            - "{{ .ProxyConfig.ConfigPath }}"
            - --binaryPath
            - "{{ .ProxyConfig.BinaryPath }}"
            - --serviceCluster
            {{ if ne "" (index .ObjectMeta.Labels "app") -}}
            - "{{ index .ObjectMeta.Labels `app` }}"
            {{ else -}}
            - "istio-proxy"
            {{ end -}}
            - --drainDuration
            - "{{ formatDuration .ProxyConfig.DrainDuration }}"
            - --discoveryAddress
            - "{{ .ProxyConfig.DiscoveryAddress }}"
            env:
            - name: POD_NAME
              valueFrom:
                fieldRef:
                  fieldPath: metadata.name
            - name: POD_NAMESPACE
              valueFrom:
                fieldRef:
                  fieldPath: metadata.namespace
            securityContext:
              runAsUser: 1337
              runAsNonRoot: true
            volumeMounts:
            - name: istio-envoy
              mountPath: /etc/istio/proxy
          volumes:
          - name: istio-envoy
            emptyDir:
              medium: Memory
        """

    static let values = """
        hub: registry.example.com/mesh
        image: registry.example.com/mesh/proxy:1.0.0
        tag: 1.0.0
        """
}
