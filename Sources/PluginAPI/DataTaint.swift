import Values

/// The parts of a template's data that come unchecked from a request, for example the pod of an injection template.
///
/// An engine reports output that was written from this data as tainted, so that the caller can check that the data does
/// not change the structure of the output. See `RenderUsage.tainted` and `SourceMap.Run.origins`.
public struct DataTaint: Sendable, Equatable {
    /// Paths of member names from the root. The values at these paths and everything below them are tainted.
    public var paths: [[String]]

    public init(_ paths: [[String]]) { self.paths = paths }

    /// The extent to which a value is tainted.
    public enum Extent: Sendable { case nothing, part, everything }

    /// Returns how much of the value at a path is tainted.
    public func extent(of path: [String]) -> Extent {
        var found = Extent.nothing
        for tainted in paths {
            guard zip(tainted, path).allSatisfy({ Self.isSameName($0, $1) }) else { continue }
            if tainted.count <= path.count { return .everything }
            found = .part
        }
        return found
    }

    /// Whether two names denote the same member. A typed view has Go names besides those of JSON and of proto files:
    /// `GetServiceCluster`, `ServiceCluster`, `serviceCluster` and `service_cluster` are one member.
    ///
    /// Compares bytes as long as they are ASCII, which nearly all names are, because compilation calls this for each
    /// path of a template.
    static func isSameName(_ one: String, _ other: String) -> Bool {
        let (left, right) = (one.utf8, other.utf8)
        var (at, to) = (start(of: left), start(of: right))
        while true {
            while at < left.endIndex, left[at] == underscore { left.formIndex(after: &at) }
            while to < right.endIndex, right[to] == underscore { right.formIndex(after: &to) }
            guard at < left.endIndex, to < right.endIndex else {
                let rest = at < left.endIndex ? left[at...] : right[to...]
                return rest.isEmpty || rest.contains { $0 >= 0x80 } && folded(one) == folded(other)
            }
            let (byte, with) = (left[at], right[to])
            if byte >= 0x80 || with >= 0x80 { return folded(one) == folded(other) }
            if lowercase(byte) != lowercase(with) { return false }
            left.formIndex(after: &at)
            right.formIndex(after: &to)
        }
    }

    private static let underscore = UInt8(ascii: "_")

    private static func lowercase(_ byte: UInt8) -> UInt8 {
        byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
    }

    /// Returns the start of the name, after a getter's `Get`.
    private static func start(of name: String.UTF8View) -> String.UTF8View.Index {
        name.count > 3 && name.starts(with: "Get".utf8)
            ? name.index(name.startIndex, offsetBy: 3) : name.startIndex
    }

    private static func folded(_ name: String) -> String {
        let isGetter = name.utf8.count > 3 && name.begins(with: "Get")
        return (isGetter ? String(name.dropFirst(3)) : name).lowercased().filter { $0 != "_" }
    }
}

/// A run of output bytes from an expression that read tainted data. It may be empty.
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
