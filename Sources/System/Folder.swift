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
        try forEachName(in: path) { bytes, _ throws(FileError) in
            let name = String(decoding: bytes, as: UTF8.self)
            guard withHidden || name.utf8.first != UInt8(ascii: "."), isWanted(name) else { return }
            names.append(name)
            try check(names.count, limit, path)
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// Returns the names in a folder, sorted by their bytes, and which of them are folders.
    ///
    /// - Parameter limit: the maximum number of names.
    public static func entries(in path: String, atMost limit: Int = mostNames) throws(FileError) -> [Entry] {
        // Sorts ranges of one text, because comparing strings counts references: half the time of a large folder.
        var text: [UInt8] = []
        var found: [(range: Range<Int>, type: Int)] = []
        try forEachName(in: path) { name, type throws(FileError) in
            let start = text.count
            text += name
            found.append((start..<text.count, type))
            try check(found.count, limit, path)
        }
        return text.withUnsafeBufferPointer { text in
            found.sort {
                isBefore(
                    UnsafeBufferPointer(rebasing: text[$0.range]),
                    UnsafeBufferPointer(rebasing: text[$1.range]))
            }
            return found.map { range, type in
                let name = String(decoding: text[range], as: UTF8.self)
                // The system does not know the type of a link, and of anything in some file systems.
                let isKnown = type == DT_DIR || type == DT_REG
                return Entry(name: name, isFolder: isKnown ? type == DT_DIR : exists("\(path)/\(name)"))
            }
        }
    }

    private static func forEachName(
        in path: String, _ body: (_ name: UnsafeBufferPointer<UInt8>, _ type: Int) throws(FileError) -> Void
    ) throws(FileError) {
        guard let stream = opendir(path) else { throw FileError.ofSystem(path) }
        defer { closedir(stream) }
        while let entry = readdir(stream) {
            let type = Int(entry.pointee.d_type)
            try withUnsafePointer(to: &entry.pointee.d_name) { name throws(FileError) in
                let bytes = UnsafeRawPointer(name).assumingMemoryBound(to: UInt8.self)
                let name = UnsafeBufferPointer(
                    start: bytes, count: strlen(UnsafeRawPointer(bytes).assumingMemoryBound(to: CChar.self)))
                guard !name.elementsEqual(".".utf8), !name.elementsEqual("..".utf8) else { return }
                try body(name, type)
            }
        }
    }

    private static func check(_ count: Int, _ limit: Int, _ path: String) throws(FileError) {
        guard count > limit else { return }
        throw FileError(path: path, reason: "holds more than \(limit) files")
    }

    private static func isBefore(
        _ left: UnsafeBufferPointer<UInt8>, _ right: UnsafeBufferPointer<UInt8>
    ) -> Bool {
        guard let one = left.baseAddress, let other = right.baseAddress else {
            return left.count < right.count
        }
        let order = memcmp(one, other, min(left.count, right.count))
        return order != 0 ? order < 0 : left.count < right.count
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
