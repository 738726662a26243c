import Values

/// The environment that a webhook's path gives to the proxy: `/inject/cluster/C/net/N` and any other pairs.
///
/// Each webhook configuration can thus name its cluster and network although one injector serves several.
enum PathEnvironment {
    /// Pairs of one path that are read; further ones are ignored.
    static let maximumPairs = 64

    /// The environment variables of the path, in byte order of their names; of one name the last counts.
    ///
    /// Keys become upper case, `cluster` and `net` the names that the proxy knows. A value may be empty, and may hold a
    /// slash written `--slash--`; a last key without a value is ignored. The older form is
    /// `/inject/:ENV:key=value:ENV:key=value`, whose values stand as they are.
    static func parse(_ path: String) -> [(name: String, value: String)] {
        let path = path.hasSuffix("/") ? path.dropLast() : path[...]
        // An empty text, the handler's own name and the rest.
        let parts = path.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3 else { return [] }
        let pairs = parts[2].hasPrefix(marker) ? markedPairs(parts[2]) : slashedPairs(parts[2])
        var found: [String: String] = [:]
        for pair in pairs.prefix(maximumPairs) where !pair.key.isEmpty {
            found[name(of: pair.key)] = pair.value
        }
        return found.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map { ($0.key, $0.value) }
    }

    private static let marker = ":ENV:"

    private static func markedPairs(_ text: Substring) -> [(key: Substring, value: String)] {
        text.split(separator: marker, omittingEmptySubsequences: false).dropFirst().compactMap { pair in
            let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return sides.count == 2 ? (sides[0], String(sides[1])) : nil
        }
    }

    private static func slashedPairs(_ text: Substring) -> [(key: Substring, value: String)] {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
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

    /// Takes variables of those names out of a container's environment and puts the new ones at its end.
    ///
    /// - Parameter successors: names that an earlier injection put behind them, where they go before those.
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
