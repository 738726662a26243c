import PluginAPI

/// Where a value is in data with a taint: the names from the root. Values that are not tainted have none.
final class TaintedPath {
    private let taint: DataTaint
    let names: [String]

    /// The root of the data.
    convenience init(_ taint: DataTaint) { self.init(taint, []) }

    private init(_ taint: DataTaint, _ names: [String]) {
        self.taint = taint
        self.names = names
    }

    /// Names of a path; deeper members count as the one above.
    private static let depthLimit = 64

    /// Of a member or item; nil where it is not tainted.
    func member(_ name: String) -> TaintedPath? {
        guard names.count < TaintedPath.depthLimit else { return self }
        let path = names + [name]
        return taint.extent(of: path) == .nothing ? nil : TaintedPath(taint, path)
    }
}
