import Glibc

/// The cases of a collection that are known to fail: `Tests/Conformance/open/NAME`, one name a line.
///
/// A list can only become shorter. A failing case that is not listed is an error, and so is a listed case that passes:
/// `UPDATE_GOLDEN=1` removes it from the list, and never adds one. The file of an empty list is removed.
public struct OpenCases {
    public let path: String
    private let listed: Set<String>

    /// - Parameter name: the name of the list, such as `rendering`.
    public init(_ name: String) {
        path = "\(packageRoot)/Tests/Conformance/open/\(name)"
        listed = Set(text(of: path).split(separator: "\n").map(String.init))
    }

    /// Compares the failed cases with the list.
    ///
    /// - Parameters:
    ///   - problems: the problem of each failed case, by its name.
    ///   - names: the names of all cases that were run.
    /// - Returns: a line for each case that is wrongly listed or missing in the list.
    public func complaints(_ problems: [String: String], among names: [String]) -> [String] {
        var lines = problems.filter { !listed.contains($0.key) }.map { "\($0.key): \($0.value)" }
        let resolved = listed.filter { problems[$0] == nil }
        if updatesGoldens, !resolved.isEmpty {
            write(listed.subtracting(resolved))
        } else {
            lines += resolved.map {
                names.contains($0)
                    ? "\($0) holds; remove it from \(path) (UPDATE_GOLDEN=1 does)"
                    : "\(path) lists \($0), which is not a case"
            }
        }
        return lines.sorted()
    }

    private func write(_ names: Set<String>) {
        guard !names.isEmpty else {
            unlink(path)
            return
        }
        guard let file = fopen(path, "wb") else { return }
        let bytes = Array(names.sorted().map { $0 + "\n" }.joined().utf8)
        fwrite(bytes, 1, bytes.count, file)
        fclose(file)
    }
}
