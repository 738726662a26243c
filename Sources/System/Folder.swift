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
        try found(in: path, atMost: limit) { bytes in
            guard withHidden || bytes.first != UInt8(ascii: ".") else { return false }
            return isWanted(String(decoding: bytes, as: UTF8.self))
        }.map(\.name)
    }

    /// Returns the names in a folder, sorted by their bytes, and which of them are folders.
    ///
    /// - Parameter limit: the maximum number of names.
    public static func entries(in path: String, atMost limit: Int = mostNames) throws(FileError) -> [Entry] {
        try found(in: path, atMost: limit) { _ in true }.map { name, type in
            // The system does not know the type of a link, and of anything in some file systems.
            let isKnown = type == DT_DIR || type == DT_REG
            return Entry(name: name, isFolder: isKnown ? type == DT_DIR : exists("\(path)/\(name)"))
        }
    }

    /// The wanted names in a folder, sorted, with the types that `readdir` gives them.
    private static func found(
        in path: String, atMost limit: Int, where isWanted: (UnsafeBufferPointer<UInt8>) -> Bool
    ) throws(FileError) -> [(name: String, type: Int)] {
        guard let stream = opendir(path) else { throw FileError.ofSystem(path) }
        defer { closedir(stream) }
        // Ranges of one text are sorted, because comparing strings counts references: half the time of a large folder.
        var text: [UInt8] = []
        var found: [(range: Range<Int>, type: Int)] = []
        while let entry = readdir(stream) {
            let start = text.count
            withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                let bytes = bytes.bindMemory(to: UInt8.self)
                let name = UnsafeBufferPointer(rebasing: bytes[..<(bytes.firstIndex(of: 0) ?? bytes.count)])
                if !name.elementsEqual(".".utf8), !name.elementsEqual("..".utf8), isWanted(name) {
                    text += name
                }
            }
            guard text.count > start else { continue }
            found.append((start..<text.count, Int(entry.pointee.d_type)))
            guard found.count <= limit else {
                throw FileError(path: path, reason: "holds more than \(limit) files")
            }
        }
        return text.withUnsafeBufferPointer { text in
            found.sort { isBefore(text[$0.range], text[$1.range]) }
            return found.map { (String(decoding: text[$0.range], as: UTF8.self), $0.type) }
        }
    }

    private static func isBefore(
        _ left: Slice<UnsafeBufferPointer<UInt8>>, _ right: Slice<UnsafeBufferPointer<UInt8>>
    ) -> Bool {
        let (one, other) = (UnsafeBufferPointer(rebasing: left), UnsafeBufferPointer(rebasing: right))
        // A name has at least one byte.
        let order = memcmp(one.baseAddress!, other.baseAddress!, min(one.count, other.count))
        return order != 0 ? order < 0 : one.count < other.count
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
