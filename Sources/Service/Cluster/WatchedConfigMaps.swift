import Injection
import Kubernetes
import Synchronization
import System
import Values

/// The last known ConfigMaps of the configuration. Reading them makes no request.
final class WatchedConfigMaps: Sendable {
    let injection: ObjectReference?
    let mesh: ObjectReference?

    /// The ConfigMaps; nil is one that does not exist.
    private let seen = Mutex<[String: ConfigMap?]>([:])

    init?(_ options: ClusterOptions) {
        injection = options.injectConfigMap
        mesh = options.meshConfigMap
        guard injection != nil || mesh != nil else { return nil }
    }

    /// The ConfigMaps without duplicates: both may be the same.
    var references: [ObjectReference] {
        let both = [injection, mesh].compactMap(\.self)
        return both.count == 2 && both[0] == both[1] ? [both[0]] : both
    }

    var names: [String] { references.map { "configmap \($0)" } }

    /// Requests the ConfigMaps for the first time.
    func load(_ client: APIClient) throws(APIError) {
        for reference in references {
            let object = try client.get(.configMaps, namespace: reference.namespace, name: reference.name)
            _ = note(object, reference)
        }
    }

    /// - Returns: whether its content has changed.
    func note(_ object: Value?, _ reference: ObjectReference) -> Bool {
        let new = object.map { ConfigMap($0, reference) }
        return seen.withLock { seen in
            let key = reference.description
            guard let old = seen[key], old == new else {
                seen[key] = .some(new)
                return true
            }
            return false
        }
    }

    /// Replaces the files by the texts of the ConfigMaps.
    func replace(in files: inout InjectionFiles) throws(FileError) {
        if let injection {
            let map = try map(injection)
            files.configuration = try text("config", map)
            // A values file that was given explicitly takes precedence.
            if files.values == nil, map.has("values") { files.values = try text("values", map) }
        }
        if let mesh { files.mesh = try text("mesh", try map(mesh)) }
    }

    private func map(_ reference: ObjectReference) throws(FileError) -> ConfigMap {
        guard let map = seen.withLock({ $0[reference.description] ?? nil }) else {
            throw FileError(path: "configmap \(reference)", reason: "it is not there")
        }
        return map
    }

    private func text(_ key: String, _ map: ConfigMap) throws(FileError) -> NamedText {
        do throws(APIError) {
            return NamedText(name: map.name(of: key), bytes: try map.bytes(key))
        } catch {
            throw FileError(path: "configmap \(map.reference)", reason: "has no key \"\(key)\"")
        }
    }
}
