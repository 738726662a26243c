@testable import Charts
import GoTemplate
import PluginAPI
import Testing
import Values

/// Hostile archives: none writes a file, reads one outside itself, or exceeds its budget.
@Suite struct ArchiveTests {
    static let main = ("c/Chart.yaml", "apiVersion: v2\nname: c\nversion: 1.0.0\n")

    private func files(_ tar: [UInt8], _ limits: ChartLimits = ChartLimits()) throws(ChartError)
        -> [ChartFile]
    {
        try ChartArchive.files(of: Gzip.stored(tar), limits: limits)
    }

    @Test func readsFilesOfTheFolder() throws {
        let found = try files(Tar.file("c/Chart.yaml", "a") + Tar.file("c/templates/x.yaml", "b") + Tar.end)
        #expect(found.map(\.name) == ["Chart.yaml", "templates/x.yaml"])
        #expect(found[1].bytes == Array("b".utf8))
    }

    @Test(arguments: [
        "../x", "c/../../x", "/etc/passwd", "c/..", "c\\x/y", "C:/x", "../\u{301}x/y", "/\u{fe0f}x/y",
    ])
    func refusesPathsOut(_ name: String) {
        #expect(throws: ChartError.self) { try files(Tar.file(name, "x") + Tar.end) }
    }

    @Test(arguments: ["1", "2", "3", "4", "6"])
    func refusesWhatIsNoFile(_ kind: String) {
        #expect(throws: ChartError.self) {
            try files(Tar.file("c/link", "", kind: kind.utf8.first ?? 0, link: "/etc/passwd") + Tar.end)
        }
    }

    @Test func refusesFilesOutsideTheFolder() {
        #expect(throws: ChartError.self) { try files(Tar.file("loose", "x") + Tar.end) }
    }

    @Test func stopsABomb() throws {
        // 200 MB of zeros from 1.3 MB.
        let bomb = Gzip.zeros(200 << 20)
        #expect(bomb.count < 2 << 20)
        var limits = ChartLimits()
        limits.unpackedBytes = 8 << 20
        let error = #expect(throws: ChartError.self) { try ChartArchive.files(of: bomb, limits: limits) }
        #expect(error?.code == .limit)
    }

    @Test func stopsAtManyFiles() throws {
        var tar: [UInt8] = []
        for index in 0..<2_000 { tar += Tar.file("c/f\(index)", "") }
        var limits = ChartLimits()
        limits.files = 1_000
        let error = #expect(throws: ChartError.self) { try files(tar + Tar.end, limits) }
        #expect(error?.code == .limit)
    }

    /// 100,000 files in an archive of less than a megabyte, within the limits of a server.
    @Test func stopsAtAHundredThousandFiles() throws {
        let archive = Gzip.repeated(Tar.file("c/f", ""), 100_000)
        #expect(archive.count < 1 << 20)
        let error = #expect(throws: ChartError.self) {
            try ChartArchive.files(of: archive, limits: ChartLimits())
        }
        #expect(error?.message == "the archive has more than 10000 files, expected at most that")
    }

    /// Nested archives share one budget.
    @Test(arguments: [("bytes", 3), ("files", 3), ("bytes", 1), ("files", 1)])
    func countsArchivesWithinArchives(_ what: String, _ count: Int) throws {
        var limits = ChartLimits()
        if what == "bytes" { limits.unpackedBytes = 100_000 } else { limits.files = 25 }
        let size = what == "bytes" ? 40_000 : 4_000
        var inner = Tar.file("c/Chart.yaml", Self.main.1)
        for index in 0..<10 {
            inner += Tar.file("c/f\(index)", String(repeating: "x", count: size / 10))
        }
        var files = [ChartFile(name: "Chart.yaml", bytes: Array(Self.main.1.utf8))]
        for index in 0..<count {
            files.append(
                ChartFile(name: "charts/c\(index).tgz", bytes: Gzip.repeated(inner + Tar.end, 1)))
        }
        if count == 1 {
            _ = try Chart(files, limits: limits)
        } else {
            let error = #expect(throws: ChartError.self) { try Chart(files, limits: limits) }
            #expect(
                error?.code == .limit && error?.message.contains(what) ?? false, "\(error?.message ?? "")")
        }
    }

    @Test func stopsAtDeepArchives() throws {
        var archive = Tar.file("c/Chart.yaml", Self.main.1) + Tar.end
        for _ in 0..<20 {
            archive =
                Tar.file("c/Chart.yaml", Self.main.1)
                + Tar.file("c/charts/c.tgz", Gzip.stored(archive)) + Tar.end
        }
        let error = #expect(throws: ChartError.self) {
            try Chart(try files(archive), limits: ChartLimits())
        }
        #expect(error?.message == "charts are nested more than 16 deep, expected at most that")
    }

    /// Values with aliases of aliases: a short text that expands to a huge value.
    @Test func stopsAtHugeValues() throws {
        var laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1..<12 {
            let aliases = (0..<10).map { _ in "*a\(level - 1)" }.joined(separator: ", ")
            laughs += "a\(level): &a\(level) [\(aliases)]\n"
        }
        let files = [
            ChartFile(name: "Chart.yaml", bytes: Array(Self.main.1.utf8)),
            ChartFile(name: "values.yaml", bytes: Array(laughs.utf8)),
        ]
        let error = #expect(throws: ChartError.self) { try Chart(files, limits: ChartLimits()) }
        #expect(error?.message.contains("excessive aliasing") ?? false, "\(error?.message ?? "")")
        var values = Value.null
        var budget = SetValue.Budget()
        let problem = #expect(throws: SetValue.Problem.self) {
            for index in 0..<200_000 {
                try SetValue.apply("k\(index)[65535]=1", as: .set, to: &values, within: &budget)
            }
        }
        #expect(
            problem?.message == "indices add more than 1000000 items to lists, expected at most that")
        #expect(values.object?.members.count ?? 0 <= 16)
    }

    @Test func stopsAtManyFolders() throws {
        var tar: [UInt8] = []
        for index in 0..<2_100 { tar += Tar.file("c/f\(index)/", "", kind: UInt8(ascii: "5")) }
        var limits = ChartLimits()
        limits.files = 1_000
        let error = #expect(throws: ChartError.self) { try files(tar + Tar.end, limits) }
        #expect(error?.code == .limit)
    }

    @Test func stopsAtALargeFile() throws {
        var limits = ChartLimits()
        limits.fileBytes = 10
        let error = #expect(throws: ChartError.self) {
            try files(Tar.file("c/a", "12345678901") + Tar.end, limits)
        }
        #expect(error?.code == .limit)
    }

    @Test func stopsAtDeepSubcharts() throws {
        var files: [ChartFile] = []
        var path = ""
        for _ in 0..<40 {
            files.append(ChartFile(name: path + "Chart.yaml", bytes: Array(Self.main.1.utf8)))
            path += "charts/c/"
        }
        let error = #expect(throws: ChartError.self) { try Chart(files, limits: ChartLimits()) }
        #expect(error?.code == .limit)
    }

    @Test func stopsAtManySubcharts() throws {
        var files = [ChartFile(name: "Chart.yaml", bytes: Array(Self.main.1.utf8))]
        for index in 0..<300 {
            files.append(ChartFile(name: "charts/c\(index)/Chart.yaml", bytes: Array(Self.main.1.utf8)))
        }
        let error = #expect(throws: ChartError.self) { try Chart(files, limits: ChartLimits()) }
        #expect(error?.code == .limit)
    }

    /// All templates share one budget.
    @Test func stopsAtSteps() throws {
        var files = [ChartFile(name: "Chart.yaml", bytes: Array(Self.main.1.utf8))]
        for index in 0..<20 {
            files.append(
                ChartFile(
                    name: "templates/t\(index).yaml", bytes: Array("{{ range until 90000 }}{{ end }}".utf8)))
        }
        let chart = KeptChart(try Chart(files, limits: ChartLimits()), renderer: GoTemplateRenderer())
        var usage = RenderUsage()
        do {
            _ = try chart.render(.null, as: ChartRelease(), limits: .server, usage: &usage)
            Issue.record("expected the limit of steps")
        } catch let ChartFailure.template(error, _) {
            #expect(error.limit?.limit == .steps)
        }
    }

    @Test func stopsAtLargeOutput() throws {
        let files = [
            ChartFile(name: "Chart.yaml", bytes: Array(Self.main.1.utf8)),
            ChartFile(
                name: "templates/t.yaml",
                bytes: Array("{{ range until 100 }}{{ repeat 1000000 \"x\" }}{{ end }}".utf8)),
        ]
        let chart = KeptChart(try Chart(files, limits: ChartLimits()), renderer: GoTemplateRenderer())
        var usage = RenderUsage()
        #expect(throws: ChartFailure.self) {
            try chart.render(.null, as: ChartRelease(), limits: .server, usage: &usage)
        }
    }

    /// A stream that is cut off is an error at every length; one with a changed byte does not crash.
    @Test func survivesBrokenStreams() throws {
        let whole = Gzip.fixed(Array("hello hello hello hello".utf8))
        #expect(try Inflate.gunzip(whole, most: 100) == Array("hello hello hello hello".utf8))
        for length in 0..<whole.count {
            #expect(throws: Inflate.Problem.self) { try Inflate.gunzip(Array(whole[..<length]), most: 100) }
        }
        for index in whole.indices {
            var changed = whole
            changed[index] ^= 0x55
            _ = try? Inflate.gunzip(changed, most: 1 << 20)
        }
    }
}

/// Writes tar entries for tests.
enum Tar {
    static let end = [UInt8](repeating: 0, count: 1_024)

    static func file(_ name: String, _ content: String, kind: UInt8 = 0x30, link: String = "") -> [UInt8] {
        file(name, Array(content.utf8), kind: kind, link: link)
    }

    static func file(_ name: String, _ content: [UInt8], kind: UInt8 = 0x30, link: String = "") -> [UInt8] {
        var header = [UInt8](repeating: 0, count: 512)
        func put(_ text: String, _ at: Int) {
            for (offset, byte) in text.utf8.enumerated() { header[at + offset] = byte }
        }
        func octal(_ number: Int, _ width: Int) -> String {
            let digits = String(number, radix: 8)
            return String(repeating: "0", count: width - digits.count) + digits
        }
        put(name, 0)
        put("0000644", 100)
        put(octal(content.count, 11), 124)
        header[156] = kind
        put(link, 157)
        put("ustar", 257)
        for index in 148..<156 { header[index] = 0x20 }
        let sum = header.reduce(0) { $0 + Int($1) }
        put(octal(sum, 6), 148)
        header[154] = 0
        var bytes = header + content
        bytes += [UInt8](repeating: 0, count: (512 - bytes.count % 512) % 512)
        return bytes
    }
}

/// Writes gzip streams for tests.
enum Gzip {
    private static let header: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255]

    private static func trailer(_ bytes: [UInt8]) -> [UInt8] {
        little(CRC32.sum(bytes)) + little(UInt32(truncatingIfNeeded: bytes.count))
    }

    private static func little(_ number: UInt32) -> [UInt8] {
        withUnsafeBytes(of: number.littleEndian) { Array($0) }
    }

    /// Uncompressed blocks.
    static func stored(_ bytes: [UInt8]) -> [UInt8] {
        var output = header
        var start = 0
        repeat {
            let end = min(start + 65_535, bytes.count)
            let length = UInt16(end - start)
            output.append(end == bytes.count ? 1 : 0)
            output += [UInt8(length & 255), UInt8(length >> 8), UInt8(~length & 255), UInt8(~length >> 8)]
            output += bytes[start..<end]
            start = end
        } while start < bytes.count
        return output + trailer(bytes)
    }

    /// One block of literals in the fixed Huffman code.
    static func fixed(_ bytes: [UInt8]) -> [UInt8] {
        var writer = BitWriter()
        writer.write(1, 1)
        writer.write(1, 2)
        for byte in bytes { writer.writeCode(0x30 + Int(byte), 8) }
        writer.writeCode(0, 7)
        return header + writer.finish() + trailer(bytes)
    }

    /// A text repeated: first uncompressed, then as copies of the preceding bytes.
    static func repeated(_ text: [UInt8], _ count: Int) -> [UInt8] {
        var writer = BitWriter()
        // Uncompressed blocks, then a last one in the fixed Huffman code.
        var output = header
        var start = 0
        while start < text.count {
            let end = min(start + 65_535, text.count)
            let length = UInt16(end - start)
            output += [0, UInt8(length & 255), UInt8(length >> 8), UInt8(~length & 255), UInt8(~length >> 8)]
            output += text[start..<end]
            start = end
        }
        writer.write(1, 1)
        writer.write(1, 2)
        var all = text
        if count > 1 {
            precondition(text.count == 512, "the copies are from 512 bytes before")
            let left = text.count * (count - 1)
            for _ in 0..<(left / 258) {
                // Length 258, then the distance 512: code 17 with 7 further bits, all set.
                writer.writeCode(0b1100_0101, 8)
                writer.writeCode(17, 5)
                writer.write(127, 7)
            }
            for index in 0..<(left % 258) {
                let byte = text[(left / 258 * 258 + index) % 512]
                if byte < 144 {
                    writer.writeCode(0x30 + Int(byte), 8)
                } else {
                    writer.writeCode(0x190 + Int(byte) - 144, 9)
                }
            }
            all = (0..<count).flatMap { _ in text }
        }
        writer.writeCode(0, 7)
        return output + writer.finish() + trailer(all)
    }

    /// Many zeros in few bytes: each copy of 258 bytes from a distance of 1 takes two Huffman codes.
    static func zeros(_ count: Int) -> [UInt8] {
        var writer = BitWriter()
        writer.write(1, 1)
        writer.write(1, 2)
        writer.writeCode(0x30, 8)
        for _ in 0..<(count / 258) {
            // Length 258 is symbol 285: code 11000101 of eight bits; distance 1 is code 00000.
            writer.writeCode(0b1100_0101, 8)
            writer.writeCode(0, 5)
        }
        writer.writeCode(0, 7)
        return header + writer.finish() + [0, 0, 0, 0, 0, 0, 0, 0]
    }
}

struct BitWriter {
    private var bytes: [UInt8] = []
    private var current: UInt8 = 0
    private var count = 0

    private mutating func bit(_ bit: Int) {
        current |= UInt8(bit) << UInt8(count)
        count += 1
        if count == 8 {
            bytes.append(current)
            (current, count) = (0, 0)
        }
    }

    /// Writes a number, lowest bit first.
    mutating func write(_ value: Int, _ width: Int) { for place in 0..<width { bit(value >> place & 1) } }

    /// Writes a Huffman code, highest bit first.
    mutating func writeCode(_ value: Int, _ width: Int) {
        for place in (0..<width).reversed() { bit(value >> place & 1) }
    }

    mutating func finish() -> [UInt8] {
        if count > 0 { bytes.append(current) }
        return bytes
    }
}
