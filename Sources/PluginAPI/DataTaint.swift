/// Which parts of a template's data a request wrote, and nobody checked: the pod, for a template of an injection.
///
/// What an engine writes from such data it reports as tainted, so that a caller can check that the data stays data in the
/// output. See `RenderUsage.tainted` and `SourceMap.Run.origins`.
public struct DataTaint: Sendable, Equatable {
    /// Paths of member names from the root. All that is at or under one of them is tainted.
    public var paths: [[String]]

    public init(_ paths: [[String]]) { self.paths = paths }

    /// How much of a value is tainted.
    public enum Extent: Sendable { case nothing, part, everything }

    /// How much of the value at a path is tainted.
    public func extent(of path: [String]) -> Extent {
        var found = Extent.nothing
        for tainted in paths {
            guard zip(tainted, path).allSatisfy({ Self.isSameName($0, $1) }) else { continue }
            if tainted.count <= path.count { return .everything }
            found = .part
        }
        return found
    }

    /// Whether two names lead to the same member. A typed view has Go names beside those of JSON and of proto files:
    /// `GetServiceCluster`, `ServiceCluster`, `serviceCluster` and `service_cluster` are one member.
    static func isSameName(_ one: String, _ other: String) -> Bool {
        one == other || folded(one) == folded(other)
    }

    private static func folded(_ name: String) -> String {
        let isGetter = name.utf8.count > 3 && name.hasPrefix("Get")
        return (isGetter ? String(name.dropFirst(3)) : name).lowercased().filter { $0 != "_" }
    }
}

/// A run of output bytes that an expression wrote that read tainted data. It may be empty.
public struct TaintedRun: Sendable, Equatable {
    public var start: Int32
    public var end: Int32

    @inlinable
    public init(start: Int, end: Int) {
        self.start = Int32(truncatingIfNeeded: start)
        self.end = Int32(truncatingIfNeeded: end)
    }

    @inlinable
    public var range: Range<Int> { Int(start)..<Int(end) }
}
