@testable import Service
import Testing

/// Parses multipart forms, and refuses incomplete ones.
@Suite struct MultipartBodyTests {
    private static let type = "multipart/form-data; boundary=xyz"

    private static func body(_ lines: String...) -> [UInt8] { Array(lines.joined(separator: "\r\n").utf8) }

    private static let good = body(
        "--xyz", "Content-Disposition: form-data; name=\"chart\"; filename=\"a.tgz\"",
        "Content-Type: application/gzip", "", "a\r\nb--xyz", "--xyz",
        "content-disposition: form-data;name=values",
        "", "", "--xyz--", "")

    @Test func readsParts() throws {
        let parts = try MultipartBody(
            Self.good, contentType: "Multipart/Form-Data; charset=x; Boundary=\"xyz\""
        ).parts
        #expect(parts.map(\.name) == ["chart", "values"])
        #expect(parts.map { Array($0.bytes) } == [Array("a\r\nb--xyz".utf8), []])
    }

    /// A body that is cut off anywhere is an error.
    @Test func refusesCutBodies() {
        for length in 0..<(Self.good.count - 4) {
            #expect(throws: RequestProblem.self, "\(length) bytes") {
                try MultipartBody(Array(Self.good[..<length]), contentType: Self.type)
            }
        }
    }

    @Test(arguments: [
        ("multipart/form-data", "no boundary"), ("multipart/form-data; boundary=", "no boundary"),
        ("multipart/form-data; boundary=" + String(repeating: "b", count: 71), "no boundary"),
        ("multipart/form-data; boundary=other", "does not begin with the boundary"),
    ])
    func refusesBoundaries(_ type: String, _ words: String) {
        let problem = #expect(throws: RequestProblem.self) {
            try MultipartBody(Self.good, contentType: type)
        }
        #expect(problem?.detail.contains(words) ?? false, "\(problem?.detail ?? "")")
    }

    @Test func limits() throws {
        func parts(_ count: Int) -> [UInt8] {
            let part = "--xyz\r\nContent-Disposition: form-data; name=\"v\"\r\n\r\nx\r\n"
            return Array((String(repeating: part, count: count) + "--xyz--\r\n").utf8)
        }
        #expect(try MultipartBody(parts(64), contentType: Self.type).parts.count == 64)
        #expect(throws: RequestProblem.self) { try MultipartBody(parts(65), contentType: Self.type) }
        func head(_ length: Int) -> [UInt8] {
            let start = "Content-Disposition: form-data; name=\"v\"\r\nX: "
            let head = start + String(repeating: "h", count: length - start.utf8.count - 2)
            return Array("--xyz\r\n\(head)\r\n\r\nx\r\n--xyz--".utf8)
        }
        #expect(try MultipartBody(head(4_000), contentType: Self.type).parts.count == 1)
        #expect(throws: RequestProblem.self) { try MultipartBody(head(4_200), contentType: Self.type) }
    }
}
