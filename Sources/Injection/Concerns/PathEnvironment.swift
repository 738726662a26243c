import Values

/// Parses the environment variables in a webhook's path: `/inject/cluster/C/net/N` and any other pairs except those of
/// `PathSettings`.
///
/// With them, one injector can serve several clusters and networks: each webhook configuration names its own.
enum PathEnvironment {
    /// The largest number of pairs read from one path; further ones are ignored.
    static let maximumPairs = 64

    /// The environment variables of the path, in byte order of their names. Of several pairs with one name, the last
    /// counts.
    ///
    /// Keys become upper case; `cluster` and `net` become the names that the proxy reads. A value may be empty, and may
    /// contain a slash, written `--slash--`. A last key without a value is ignored. In the older form
    /// `/inject/:ENV:key=value:ENV:key=value`, values are unchanged.
    static func parse(_ path: String) -> [(name: String, value: String)] {
        let path = path.ends(with: "/") ? path.dropLast() : path[...]
        // An empty string, the name of the handler, and the rest.
        let parts = path.split(byte: "/", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3 else { return [] }
        let pairs = parts[2].begins(with: marker) ? markedPairs(parts[2]) : slashedPairs(parts[2])
        var found: [String: String] = [:]
        for pair in pairs.prefix(maximumPairs) where !pair.key.isEmpty && !PathSettings.has(pair.key) {
            found[name(of: pair.key)] = pair.value
        }
        return found.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map { ($0.key, $0.value) }
    }

    private static let marker = ":ENV:"

    private static func markedPairs(_ text: Substring) -> [(key: Substring, value: String)] {
        text.split(separator: marker, omittingEmptySubsequences: false).dropFirst().compactMap { pair in
            let sides = pair.split(byte: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return sides.count == 2 ? (sides[0], String(sides[1])) : nil
        }
    }

    private static func slashedPairs(_ text: Substring) -> [(key: Substring, value: String)] {
        let parts = text.split(byte: "/", omittingEmptySubsequences: false)
        return stride(from: 0, to: parts.count - 1, by: 2).map { index in
            (parts[index], restoreSlashes(parts[index + 1]))
        }
    }

    private static func name(of key: Substring) -> String {
        switch key {
        case "cluster": ProxyVariable.clusterID
        case "net": ProxyVariable.network
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

    /// Replaces variables in a container's environment: removes those with the same names, and appends the new ones.
    ///
    /// - Parameter successors: variables of an earlier injection; the new ones are inserted before these.
    static func overwrite(
        _ container: inout Object, with variables: [(name: String, value: String)],
        before successors: Set<String> = []
    ) {
        guard !variables.isEmpty else { return }
        container.modify("env") {
            $0.modifyArray { env in
                env.removeAll { item in variables.contains { $0.name == item.name } }
                let place = env.firstIndex { successors.contains($0.name) } ?? env.count
                env.insert(
                    contentsOf: variables.map { ["name": .string($0.name), "value": .string($0.value)] },
                    at: place)
            }
        }
    }
}
