import Values

/// One file of a chart: its path relative to the chart's folder, and its bytes.
public struct ChartFile: Sendable, Equatable {
    public var name: String
    public var bytes: [UInt8]

    public init(name: String, bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
    }
}

/// Reads the gzipped tar archive of a published chart. Files stay in memory; nothing is written to disk.
///
/// Rejects paths that lead out of the chart, links, devices, and anything that exceeds `ChartLimits`, before memory is
/// allocated for it.
public enum ChartArchive {
    /// - Returns: the files, with paths relative to the archive's top folder, without directories and pax records.
    public static func files(of bytes: [UInt8], limits: ChartLimits) throws(ChartError) -> [ChartFile] {
        var budget = ChartBudget(limits)
        return try files(of: bytes, limits: limits, budget: &budget)
    }

    /// - Parameter budget: the remaining limits, which an archive shares with the archives in it.
    static func files(
        of bytes: [UInt8], limits: ChartLimits, budget: inout ChartBudget
    ) throws(ChartError) -> [ChartFile] {
        guard bytes.count <= limits.archiveBytes else {
            throw ChartError(
                .limit, "the archive has \(bytes.count) bytes, expected at most \(limits.archiveBytes)")
        }
        let tar: [UInt8]
        do throws(Inflate.Problem) {
            // In a tar, each file has a header of 512 bytes and up to 511 bytes of padding.
            tar = try Inflate.gunzip(bytes, most: budget.bytes + 1_024 * budget.files)
        } catch {
            if error.isTooLong { throw ChartBudget.tooManyBytes(limits) }
            throw ChartError(.archive, error.message)
        }
        var reader = TarReader(tar, limits, budget)
        let found = try reader.files()
        budget = reader.budget
        return found
    }
}

/// The remaining limits of a chart while its archives are unpacked.
struct ChartBudget {
    private(set) var bytes: Int
    private(set) var files: Int

    init(_ limits: ChartLimits) {
        bytes = limits.unpackedBytes
        files = limits.files
    }

    /// Counts a file of the given size.
    mutating func spend(_ size: Int, _ limits: ChartLimits) throws(ChartError) {
        guard files > 0 else { throw ChartBudget.tooManyFiles(limits) }
        guard bytes >= size else { throw ChartBudget.tooManyBytes(limits) }
        files -= 1
        bytes -= size
    }

    static func tooManyBytes(_ limits: ChartLimits) -> ChartError {
        ChartError(
            .limit, "the archive unpacks to more than \(limits.unpackedBytes) bytes, expected at most that")
    }

    static func tooManyFiles(_ limits: ChartLimits) -> ChartError {
        ChartError(.limit, "the archive has more than \(limits.files) files, expected at most that")
    }
}

/// Reads the entries of a tar archive: ustar, with the long names of GNU and pax.
private struct TarReader {
    private let bytes: [UInt8]
    private let limits: ChartLimits
    private var position = 0
    private(set) var budget: ChartBudget
    /// The name for the next entry, from a preceding entry.
    private var longName: String?
    private static let block = 512

    init(_ bytes: [UInt8], _ limits: ChartLimits, _ budget: ChartBudget) {
        self.bytes = bytes
        self.limits = limits
        self.budget = budget
    }

    mutating func files() throws(ChartError) -> [ChartFile] {
        var found: [ChartFile] = []
        var entries = 0
        while position + TarReader.block <= bytes.count {
            let header = bytes[position..<(position + TarReader.block)]
            if header.allSatisfy({ $0 == 0 }) { break }
            entries += 1
            // Folders and pax records are counted too, because each has a header.
            guard entries <= 2 * limits.files else { throw ChartBudget.tooManyFiles(limits) }
            if let file = try entry() { found.append(file) }
        }
        guard !found.isEmpty else { throw ChartError(.archive, "no files in chart archive") }
        return found
    }

    private func text(_ range: Range<Int>) -> String {
        String(
            decoding: bytes[(position + range.lowerBound)..<(position + range.upperBound)].prefix { $0 != 0 },
            as: UTF8.self)
    }

    private func octal(_ range: Range<Int>) -> Int? {
        let digits = text(range).utf8.filter { $0 != 0x20 }
        if digits.isEmpty { return 0 }
        var value = 0
        for digit in digits {
            guard (0x30...0x37).contains(digit), value < 1 << 40 else { return nil }
            value = value << 3 | Int(digit - 0x30)
        }
        return value
    }

    /// Reads the next entry; nil if it is not a file.
    private mutating func entry() throws(ChartError) -> ChartFile? {
        let checksum = octal(148..<156)
        let header = bytes[position..<(position + TarReader.block)]
        var sum = 0
        for (offset, byte) in header.enumerated() { sum += (148..<156).contains(offset) ? 0x20 : Int(byte) }
        guard checksum == sum, let size = octal(124..<136) else {
            throw ChartError(.archive, "the archive is not a tar: a header's checksum or size is wrong")
        }
        let kind = header[position + 156]
        var name = text(0..<100)
        let prefix = text(345..<500)
        if text(257..<262) == "ustar", !prefix.isEmpty { name = prefix + "/" + name }
        let start = position + TarReader.block
        guard start + size <= bytes.count else { throw ChartError(.archive, "the tar ends within a file") }
        position = start + (size + TarReader.block - 1) / TarReader.block * TarReader.block
        let content = bytes[start..<(start + size)]
        switch kind {
        case UInt8(ascii: "L"):
            longName = String(decoding: content.prefix { $0 != 0 }, as: UTF8.self)
            return nil
        case UInt8(ascii: "x"):
            longName = TarReader.paxPath(content) ?? longName
            return nil
        case UInt8(ascii: "g"), UInt8(ascii: "5"):
            longName = nil
            return nil
        case 0, UInt8(ascii: "0"), UInt8(ascii: "7"): break
        case UInt8(ascii: "1"), UInt8(ascii: "2"):
            throw ChartError(
                .archive, "\"\(longName ?? name)\" is a link: expected files and folders only",
                file: longName ?? name)
        default:
            throw ChartError(
                .archive, "\"\(longName ?? name)\" is not a file: expected files and folders only",
                file: longName ?? name)
        }
        name = longName ?? name
        longName = nil
        guard size <= limits.fileBytes else {
            throw ChartError(
                .limit, "\"\(name)\" has \(size) bytes, expected at most \(limits.fileBytes)", file: name)
        }
        try budget.spend(size, limits)
        return try TarReader.path(name).map { ChartFile(name: $0, bytes: Array(content)) }
    }

    /// Returns the `path` of a pax record: `LENGTH path=VALUE` and a line feed.
    private static func paxPath(_ content: ArraySlice<UInt8>) -> String? {
        var rest = content
        while let blank = rest.firstIndex(of: 0x20),
            let length = Int(String(decoding: rest[..<blank], as: UTF8.self)),
            length > blank - rest.startIndex,
            length <= rest.count
        {
            let record = rest[(blank + 1)..<(rest.startIndex + length - 1)]
            if record.starts(with: "path=".utf8) {
                return String(decoding: record.dropFirst(5), as: UTF8.self)
            }
            rest = rest.dropFirst(length)
        }
        return nil
    }

    /// Returns the path within the chart, without the first folder, which is the chart's own.
    private static func path(_ name: String) throws(ChartError) -> String? {
        let outside = ChartError(
            .archive, "\"\(name)\" leads out of the chart: expected paths below one folder", file: name)
        guard !name.begins(with: "/"), !name.contains(byte: "\\"), !name.contains(byte: "\0") else {
            throw outside
        }
        var parts: [Substring] = []
        for part in name.split(byte: "/") where part != "." {
            if part == ".." { throw outside }
            parts.append(part)
        }
        guard let first = parts.first else { return nil }
        if first.utf8.count == 2, first.ends(with: ":") { throw outside }
        guard parts.count > 1 else {
            throw ChartError(
                .archive, "chart illegally contains content outside the base directory", file: name)
        }
        return parts.dropFirst().joined(separator: "/")
    }
}
