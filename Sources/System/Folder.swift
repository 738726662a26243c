import Glibc

/// Folders, listed within bounds.
public enum Folder {
    /// Names of one folder, where a caller has no reason for less.
    public static let mostNames = 100_000

    /// The names in a folder, sorted by their bytes; those that begin with a dot are left out unless asked for.
    ///
    /// - Parameters:
    ///   - limit: how many there may be.
    ///   - withHidden: whether names that begin with a dot count.
    ///   - isWanted: those that count and are returned.
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

    /// Makes a folder in one that is there.
    public static func make(_ path: String) throws(FileError) {
        guard mkdir(path, 0o755) == 0 else { throw FileError.ofSystem(path) }
    }

    /// Whether there is a folder at the path, links followed.
    public static func exists(_ path: String) -> Bool {
        var information = stat()
        return stat(path, &information) == 0 && information.st_mode & S_IFMT == S_IFDIR
    }
}
