import Glibc

/// Lists and creates folders.
public enum Folder {
    /// The default limit of names in one folder.
    public static let mostNames = 100_000

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
        guard let stream = opendir(path) else { throw FileError.ofSystem(path) }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard name != ".", name != "..", withHidden || name.utf8.first != UInt8(ascii: "."),
                isWanted(name)
            else {
                continue
            }
            names.append(name)
            guard names.count <= limit else {
                throw FileError(path: path, reason: "holds more than \(limit) files")
            }
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
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
