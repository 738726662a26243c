import Injection
import Kubernetes
import Synchronization
import System
import Values

/// The ConfigMaps that the configuration comes from, as they were last seen. Reading makes no request.
final class WatchedConfigMaps: Sendable {
    let injection: ObjectReference?
    let mesh: ObjectReference?

    /// nil is a ConfigMap that is not there.
    private let seen = Mutex<[String: ConfigMap?]>([:])

    init?(_ options: ClusterOptions) {
        injection = options.injectConfigMap
        mesh = options.meshConfigMap
        guard injection != nil || mesh != nil else { return nil }
    }

    /// Each once, also where both are the same.
    var references: [ObjectReference] {
        let both = [injection, mesh].compactMap(\.self)
        return both.count == 2 && both[0] == both[1] ? [both[0]] : both
    }

    var names: [String] { references.map { "configmap \($0)" } }

    /// Asks for them the first time.
    func load(_ client: APIClient) throws(APIError) {
        for reference in references {
            let object = try client.get(.configMaps, namespace: reference.namespace, name: reference.name)
            _ = note(object, reference)
        }
    }

    /// - Returns: whether it holds something else than before.
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

    /// Puts their texts in the place of files.
    func replace(in files: inout InjectionFiles) throws(FileError) {
        if let injection {
            let map = try map(injection)
            files.configuration = try text("config", map)
            // A file that was named gives the values.
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
