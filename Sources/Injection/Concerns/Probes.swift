import PluginAPI
import Values

/// Redirects the application's health checks through the proxy.
///
/// The proxy's mutual TLS would refuse the kubelet's checks. So each check goes to the proxy's status port, with a path
/// that names the container and the check. An environment variable has the original check, which the proxy makes:
/// `ISTIO_KUBE_APP_PROBERS = {"/app-health/CONTAINER/readyz": {"httpGet": …, "timeoutSeconds": …}, …}`.
struct Probes {
    let form: PolicyConfiguration.Form
    /// The proxy's port that answers checks.
    let statusPort: Int64
    /// The mesh's own status port. A probe that already uses it is not recorded.
    let meshStatusPort: Int64

    /// Whether to redirect: the annotation if it is a boolean, else the default.
    static func isWanted(annotation: String?, default otherwise: Bool) -> Bool {
        annotation.flatMap(GoBool.parse) ?? otherwise
    }

    private typealias Check = (field: String, path: String)
    private static let classicChecks: [Check] = [("readinessProbe", "readyz"), ("livenessProbe", "livez")]
    private static let modernChecks: [Check] = classicChecks + [("startupProbe", "startupz")]
    private var checks: [Check] { form == .classic ? Self.classicChecks : Self.modernChecks }

    fileprivate static let hooks = [("preStop", "prestopz"), ("postStart", "poststartz")]

    private func healthPath(_ container: String, _ check: String) -> String {
        "/app-health/" + container + "/" + check
    }
    private func hookPath(_ container: String, _ hook: String) -> String {
        "/app-lifecycle/" + container + "/" + hook
    }

    /// Whether a probe or hook is redirected to the proxy.
    static func isRewritten(_ probe: Object) -> Bool {
        guard let path = probe["httpGet"]?["path"]?.string else { return false }
        return path.begins(with: "/app-health/") || path.begins(with: "/app-lifecycle/")
    }

    /// The checks that the proxy makes, sorted by path.
    func record(_ pod: Pod) -> Object {
        var found: [Member] = []
        for container in (form == .classic ? [] : pod.initContainers) + pod.containers {
            guard container.name != ContainerName.proxy, case .object(let members) = container else {
                continue
            }
            for check in checks {
                guard case .object(let probe)? = members[check.field],
                    var entry = internalProbe(probe, of: members)
                else { continue }
                if let timeout = probe["timeoutSeconds"]?.int, timeout != 0 {
                    entry["timeoutSeconds"] = .int(timeout)
                }
                found.append(Member(healthPath(container.name, check.path), .object(entry)))
            }
            guard form == .modern, case .object(let lifecycle)? = members["lifecycle"] else { continue }
            for (field, path) in Self.hooks {
                guard case .object(let handler)? = lifecycle[field],
                    let entry = internalProbe(handler, of: members), entry["grpc"] == nil
                else { continue }
                found.append(Member(hookPath(container.name, path), .object(entry)))
            }
        }
        return Object(found).sortedByKey
    }

    /// The part of a probe that the proxy needs, with the port's number; nil if there is nothing to check, or if the
    /// container has no port with that name.
    private func internalProbe(_ probe: Object, of container: Object) -> Object? {
        if case .object(let action)? = probe["httpGet"] {
            guard let port = resolve(action["port"], container) else { return nil }
            var shown = Object()
            shown.members.reserveCapacity(2)
            if let path = action["path"]?.string, !path.isEmpty { shown["path"] = .string(path) }
            shown["port"] = port
            for key in ["host", "scheme"] { if !action.text(key).isEmpty { shown[key] = action[key] } }
            if case .array(let headers)? = action["httpHeaders"], !headers.isEmpty {
                let texts = headers.map {
                    ["name": .string($0.name), "value": .string($0["value"]?.string ?? "")] as Value
                }
                shown["httpHeaders"] = .array(texts)
            }
            return Object([Member("httpGet", .object(shown))])
        }
        guard form == .modern else { return nil }
        if case .object(let action)? = probe["tcpSocket"] {
            guard let port = resolve(action["port"], container) else { return nil }
            var shown = Object([Member("port", port)])
            if !action.text("host").isEmpty { shown["host"] = action["host"] }
            return Object([Member("tcpSocket", .object(shown))])
        }
        if case .object(let action)? = probe["grpc"] {
            let port = action["port"]?.int ?? 0
            let shown = Object([Member("port", .int(port)), Member("service", action["service"] ?? .null)])
            return Object([Member("grpc", .object(shown))])
        }
        return nil
    }

    private func resolve(_ port: Value?, _ container: Object) -> Value? {
        switch port {
        case .string(let name)?: Self.port(named: name, of: container)
        // A probe that already has the status port was redirected before.
        case .int(let number)?: form == .modern && number == meshStatusPort ? nil : .int(number)
        default: .int(0)
        }
    }

    /// The number of the port with that name; the last of several.
    private static func port(named name: String, of container: Object) -> Value? {
        guard !name.isEmpty, let ports = container["ports"]?.array,
            let index = ports.lastIndex(where: { $0.name == name })
        else { return nil }
        return ports[index]["containerPort"] ?? .int(0)
    }

    /// Redirects every probe of the application to the proxy.
    func rewrite(_ pod: inout Pod) {
        for list in form == .classic ? ["containers"] : ["initContainers", "containers"] {
            guard case .array(let items)? = pod.spec[list] else { continue }
            for index in items.indices where items[index].name != ContainerName.proxy {
                let rewritten = rewriting(items[index])
                guard let rewritten else { continue }
                pod.modifyList(list) { $0[index] = rewritten }
            }
        }
    }

    /// The container with its probes redirected; nil if it has none.
    private func rewriting(_ container: Value) -> Value? {
        guard case .object(var members) = container else { return nil }
        var changed = false
        for check in checks {
            guard case .object(let probe)? = members[check.field],
                let new = rewriting(probe, path: healthPath(container.name, check.path))
            else { continue }
            members[check.field] = .object(new)
            changed = true
        }
        if form == .modern, case .object(var lifecycle)? = members["lifecycle"] {
            for (field, path) in Self.hooks {
                guard case .object(let handler)? = lifecycle[field], handler["grpc"] == nil,
                    let new = rewriting(handler, path: hookPath(container.name, path))
                else { continue }
                lifecycle[field] = .object(new)
                changed = true
            }
            members["lifecycle"] = .object(lifecycle)
        }
        guard changed else { return nil }
        return .object(members)
    }

    private func rewriting(_ probe: Object, path: String) -> Object? {
        var probe = probe
        if case .object(var action)? = probe["httpGet"] {
            action["path"] = .string(path)
            action["port"] = .int(statusPort)
            if action["scheme"] == "HTTPS" { action["scheme"] = "HTTP" }
            probe["httpGet"] = .object(action)
            return probe
        }
        guard form == .modern else { return nil }
        for kind in ["tcpSocket", "grpc"] {
            guard case .object? = probe[kind], let index = probe.index(of: kind) else { continue }
            probe.members[index] = Member("httpGet", ["path": .string(path), "port": .int(statusPort)])
            return probe
        }
        return nil
    }
}

extension Probes {
    /// A container with its original probes; nil if none was redirected.
    static func restored(_ container: Value, from recorded: Object) -> Value? {
        guard case .object(var members) = container, container.name != ContainerName.proxy else { return nil }
        var changed = false
        let fields = [("readinessProbe", "readyz"), ("livenessProbe", "livez"), ("startupProbe", "startupz")]
        for (field, check) in fields {
            guard case .object(let probe)? = members[field],
                let old = restored(probe, path: "/app-health/\(container.name)/\(check)", from: recorded)
            else { continue }
            members[field] = .object(old)
            changed = true
        }
        if case .object(var lifecycle)? = members["lifecycle"] {
            for (field, hook) in hooks {
                guard case .object(let handler)? = lifecycle[field],
                    let old = restored(
                        handler, path: "/app-lifecycle/\(container.name)/\(hook)", from: recorded)
                else { continue }
                lifecycle[field] = .object(old)
                changed = true
            }
            members["lifecycle"] = .object(lifecycle)
        }
        guard changed else { return nil }
        return .object(members)
    }

    private static func restored(_ probe: Object, path: String, from recorded: Object) -> Object? {
        guard probe["httpGet"]?["path"]?.string == path, case .object(let entry)? = recorded[path],
            let index = probe.index(of: "httpGet")
        else { return nil }
        var probe = probe
        for kind in ["httpGet", "tcpSocket", "grpc"] {
            guard case .object(var action)? = entry[kind] else { continue }
            // The record has these values if the probe had none.
            action.members.removeAll {
                $0.key == "service" && $0.value.isNull || $0.key == "port" && $0.value == .int(0)
            }
            probe.members[index] = Member(kind, .object(action))
            return probe
        }
        return nil
    }
}
