import PluginAPI

/// The place of a tainted value in the data: the names from the root. Values that are not tainted have no path.
final class TaintedPath {
    private let taint: DataTaint
    let names: [String]

    /// The path of the data's root.
    convenience init(_ taint: DataTaint) { self.init(taint, []) }

    private init(_ taint: DataTaint, _ names: [String]) {
        self.taint = taint
        self.names = names
    }

    /// The largest number of names in a path. A deeper member counts as its ancestor at that depth.
    private static let depthLimit = 64

    /// Returns the path of a member or item; nil if it is not tainted.
    func member(_ name: String) -> TaintedPath? {
        guard names.count < TaintedPath.depthLimit else { return self }
        let path = names + [name]
        return taint.extent(of: path) == .nothing ? nil : TaintedPath(taint, path)
    }
}
