import Glibc

/// Lists and creates folders.
public enum Folder {
    /// The default limit of names in one folder.
    public static let mostNames = 100_000

    /// A name in a folder.
    public struct Entry {
        public var name: String
        /// Whether it is a folder, following links.
        public var isFolder: Bool
    }

    /// Returns the names in a folder, sorted by their bytes. Names that begin with a dot are omitted by default.
    ///
    /// - Parameters:
    ///   - limit: the maximum number of names.
    ///   - withHidden: whether names that begin with a dot are included.
    ///   - isWanted: whether a name is included and counted.
    public static func names(
        in path: String, atMost limit: Int = mostNames, withHidden: Bool = false,
        where isWanted: (String) -> Bool = { _ in true }
    ) throws(FileError) -> [String] {
        var names: [String] = []
        try forEachName(in: path) { name, _ throws(FileError) in
            guard withHidden || name.utf8.first != UInt8(ascii: "."), isWanted(name) else { return }
            names.append(name)
            try check(names.count, limit, path)
        }
        return names.sorted(by: isBefore)
    }

    /// Returns the names in a folder, sorted by their bytes, and which of them are folders.
    ///
    /// - Parameter limit: the maximum number of names.
    public static func entries(in path: String, atMost limit: Int = mostNames) throws(FileError) -> [Entry] {
        var entries: [Entry] = []
        try forEachName(in: path) { name, type throws(FileError) in
            // The system does not know the type of a link, and of anything in some file systems.
            let isKnown = type == DT_DIR || type == DT_REG
            entries.append(
                Entry(name: name, isFolder: isKnown ? type == DT_DIR : exists("\(path)/\(name)")))
            try check(entries.count, limit, path)
        }
        return entries.sorted { isBefore($0.name, $1.name) }
    }

    private static func forEachName(
        in path: String, _ body: (_ name: String, _ type: Int) throws(FileError) -> Void
    ) throws(FileError) {
        guard let stream = opendir(path) else { throw FileError.ofSystem(path) }
        defer { closedir(stream) }
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard name != ".", name != ".." else { continue }
            try body(name, Int(entry.pointee.d_type))
        }
    }

    private static func check(_ count: Int, _ limit: Int, _ path: String) throws(FileError) {
        guard count > limit else { return }
        throw FileError(path: path, reason: "holds more than \(limit) files")
    }

    private static func isBefore(_ left: String, _ right: String) -> Bool {
        let order = left.utf8.withContiguousStorageIfAvailable { left in
            right.utf8.withContiguousStorageIfAvailable { right in
                let common = min(left.count, right.count)
                let order = common > 0 ? memcmp(left.baseAddress!, right.baseAddress!, common) : 0
                return order != 0 ? order < 0 : left.count < right.count
            }
        }
        return (order ?? nil) ?? left.utf8.lexicographicallyPrecedes(right.utf8)
    }

    /// Creates a folder in an existing one.
    public static func make(_ path: String) throws(FileError) {
        guard mkdir(path, 0o755) == 0 else { throw FileError.ofSystem(path) }
    }

    /// Whether there is a folder at the path, following links.
    public static func exists(_ path: String) -> Bool {
        var information = stat()
        return stat(path, &information) == 0 && information.st_mode & S_IFMT == S_IFDIR
    }
}
