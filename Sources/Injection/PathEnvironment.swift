import Values

/// The environment that a webhook's path gives to the proxy: `/inject/cluster/C/net/N` and any other pairs.
///
/// Each webhook configuration can thus name its cluster and network although one injector serves several.
enum PathEnvironment {
    /// Pairs of one path that are read; further ones are ignored.
    static let maximumPairs = 64

    /// The environment variables of the path, in byte order of their names.
    ///
    /// Keys become upper case, `cluster` and `net` the names that the proxy knows. A value may hold a slash written
    /// `--slash--`. The older form is `/inject/:ENV:key=value:ENV:key=value`.
    static func parse(_ path: String) -> [(name: String, value: String)] {
        var rest = Substring(path)
        if rest.hasPrefix("/inject") { rest = rest.dropFirst(7) }
        let parts: [Substring]
        if rest.hasPrefix("/:ENV:") {
            parts = rest.dropFirst(6).split(separator: ":ENV:").flatMap { pair -> [Substring] in
                let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                return sides.count == 2 ? sides : []
            }
        } else {
            parts = rest.split(separator: "/", omittingEmptySubsequences: true)
        }
        var found: [String: String] = [:]
        for index in stride(from: 0, to: min(parts.count, maximumPairs * 2), by: 2) {
            let value = index + 1 < parts.count ? restoreSlashes(parts[index + 1]) : ""
            guard let name = name(of: parts[index]), !value.isEmpty else { continue }
            found[name] = value
        }
        return found.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map { ($0.key, $0.value) }
    }

    private static func name(of key: Substring) -> String? {
        switch key {
        case "": nil
        case "cluster": "ISTIO_META_CLUSTER_ID"
        case "net": "ISTIO_META_NETWORK"
        default: key.uppercased()
        }
    }

    private static func restoreSlashes(_ text: Substring) -> String {
        var result = ""
        var rest = text
        while let range = rest.firstRange(of: "--slash--") {
            result += rest[..<range.lowerBound] + "/"
            rest = rest[range.upperBound...]
        }
        return result + rest
    }

    /// Takes variables of those names out of a container's environment and puts the new ones at its end.
    static func overwrite(_ container: inout Object, with variables: [(name: String, value: String)]) {
        guard !variables.isEmpty else { return }
        container.modify("env") {
            $0.modifyArray { env in
                env.removeAll { item in variables.contains { $0.name == item.name } }
                for variable in variables {
                    env.append(["name": .string(variable.name), "value": .string(variable.value)])
                }
            }
        }
    }
}
