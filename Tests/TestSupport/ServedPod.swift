public import Values

/// A pod as an API server returns it: with defaults, a token volume, a status, and another webhook's parts. Independent
/// of the table of `ServerDefaults`, which it checks.
public enum ServedPod {
    /// - Parameter webhook: whether another webhook added a container, a volume and a variable.
    public static func make(_ pod: Value, node: Int = 1, webhook: Bool = true) -> Value {
        var pod = pod
        // With the letters that an API server uses in generated names.
        let token = "kube-api-access-x7k2\(Array("bcdfghjk24")[node % 10])"
        pod.modifyObject { pod in
            pod["apiVersion"] = "v1"
            pod["kind"] = "Pod"
            pod.modify("metadata") { metadata in
                metadata.modifyObject { metadata in
                    metadata["uid"] = .string("5b2f9d3e-0c59-4a3e-9d0a-6a7f3c9d0\(100 + node % 900)")
                    metadata["resourceVersion"] = .string(String(8_812_345 + node))
                    metadata["creationTimestamp"] = "2026-11-20T10:12:13Z"
                    metadata["managedFields"] = [
                        [
                            "manager": "kube-controller-manager", "operation": "Update",
                            "fieldsV1": ["f:metadata": ["f:annotations": [".": [:]]]],
                        ]
                    ]
                }
            }
            pod.modify("spec") { spec in spec.modifyObject { fill(&$0, token, node, webhook) } }
            pod["status"] = [
                "phase": "Running", "podIP": .string("10.0.3.\(node % 250)"), "qosClass": "Burstable",
                "conditions": [["type": "Ready", "status": "True"]],
            ]
        }
        return pod
    }

    private static func fill(_ spec: inout Object, _ token: String, _ node: Int, _ webhook: Bool) {
        for (key, value) in [
            ("dnsPolicy", "ClusterFirst"), ("restartPolicy", "Always"), ("serviceAccount", "default"),
            ("serviceAccountName", "default"), ("terminationGracePeriodSeconds", 30),
            ("enableServiceLinks", true), ("schedulerName", "default-scheduler"), ("priority", 0),
            ("securityContext", [:]),
        ] as [(String, Value)] where spec[key] == nil { spec[key] = value }
        spec["nodeName"] = .string("node-\(node % 40)")
        let mount: Value = [
            "name": .string(token), "readOnly": true,
            "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount",
        ]
        for list in ["containers", "initContainers"] where spec[list]?.array?.isEmpty == false {
            spec.modify(list) { items in
                items.modifyArray { items in
                    for index in items.indices {
                        items[index].modifyObject { complete(&$0, mount, webhook) }
                    }
                    if webhook, list == "containers" {
                        var agent: Value = ["name": "agent", "image": "registry.example/agent:7"]
                        agent.modifyObject { complete(&$0, mount, webhook) }
                        items.append(agent)
                    }
                }
            }
        }
        spec.modify("volumes") { volumes in
            volumes.modifyArray { volumes in
                for index in volumes.indices { volumes[index].modifyObject { volume(&$0) } }
                volumes.append([
                    "name": .string(token),
                    "projected": [
                        "defaultMode": 420,
                        "sources": [["serviceAccountToken": ["expirationSeconds": 3607, "path": "token"]]],
                    ],
                ])
                if webhook { volumes.append(["name": "agent-socket", "emptyDir": [:]]) }
            }
        }
    }

    private static func complete(
        _ container: inout Object, _ mount: Value, _ webhook: Bool
    ) {
        let image = container["image"]?.string ?? ""
        let name = image.split(separator: "/").last ?? ""
        let isLatest = name.hasSuffix(":latest") || !name.contains(":")
        for (key, value) in [
            ("terminationMessagePath", "/dev/termination-log"), ("terminationMessagePolicy", "File"),
            ("imagePullPolicy", isLatest ? "Always" : "IfNotPresent"), ("resources", [:]),
        ] as [(String, Value)] where (container[key] ?? "") == "" || container[key] == nil {
            container[key] = value
        }
        for key in ["livenessProbe", "readinessProbe", "startupProbe"] where container[key] != nil {
            container.modify(key) { $0.modifyObject { probe(&$0) } }
        }
        if container["ports"] != nil {
            container.modify("ports") { ports in
                ports.modifyArray { ports in
                    for index in ports.indices where ports[index]["protocol"] == nil {
                        ports[index].modifyObject { $0["protocol"] = "TCP" }
                    }
                }
            }
        }
        container.modify("env") { env in
            env.modifyArray { env in
                for index in env.indices where env[index]["valueFrom"]?["fieldRef"] != nil {
                    env[index].modifyObject { variable in
                        variable.modify("valueFrom") { source in
                            source.modifyObject { source in
                                source.modify("fieldRef") { $0.modifyObject { $0["apiVersion"] = "v1" } }
                            }
                        }
                    }
                }
                for index in env.indices where env[index]["value"] == "" {
                    env[index].modifyObject { $0["value"] = nil }
                }
                if webhook { env.append(["name": "AGENT_HOST", "value": "10.1.1.1"]) }
            }
        }
        if case .object(let limits)? = container["resources"]?["limits"],
            container["resources"]?["requests"] == nil
        {
            container.modify("resources") { $0.modifyObject { $0["requests"] = .object(limits) } }
        }
        container.modify("volumeMounts") { mounts in
            mounts.modifyArray { mounts in
                if !mounts.contains(where: { $0["mountPath"] == mount["mountPath"] }) { mounts.append(mount) }
                if webhook { mounts.append(["name": "agent-socket", "mountPath": "/run/agent"]) }
            }
        }
    }

    private static func probe(_ probe: inout Object) {
        for (key, value) in [
            ("timeoutSeconds", 1), ("periodSeconds", 10), ("successThreshold", 1), ("failureThreshold", 3),
        ] as [(String, Value)] where probe[key] == nil { probe[key] = value }
        if probe["httpGet"] != nil, probe["httpGet"]?["scheme"] == nil {
            probe.modify("httpGet") { $0.modifyObject { $0["scheme"] = "HTTP" } }
        }
    }

    private static func volume(_ volume: inout Object) {
        for key in ["configMap", "secret", "downwardAPI", "projected"]
        where volume[key] != nil && volume[key]?["defaultMode"] == nil {
            volume.modify(key) { $0.modifyObject { $0["defaultMode"] = 420 } }
        }
        guard volume["downwardAPI"]?["items"] != nil else { return }
        volume.modify("downwardAPI") { source in
            source.modifyObject { source in
                source.modify("items") { items in
                    items.modifyArray { items in
                        for index in items.indices where items[index]["fieldRef"] != nil {
                            items[index].modifyObject { item in
                                item.modify("fieldRef") { $0.modifyObject { $0["apiVersion"] = "v1" } }
                            }
                        }
                    }
                }
            }
        }
    }
}
