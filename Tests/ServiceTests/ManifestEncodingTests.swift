import TestSupport
import Testing
import Values

@testable import Service

/// Manifests over HTTP as Windows writes them: the answer to UTF-16 is UTF-16.
@Suite struct ManifestEncodingTests {
    private static let manifest =
        "# größe\r\napiVersion: v1\r\nkind: Pod\r\nmetadata: {name: a, namespace: default}\r\nspec:\r\n"
        + "  containers:\r\n  - name: app # the app\r\n    image: a\r\n"

    private func inject(_ body: [UInt8]) throws -> HTTPClient.Response {
        let service = try LiveService.shared.get()
        return try #require(
            try service.client().request(
                "POST", "/inject", headers: [("Content-Type", "application/yaml")], body: body))
    }

    @Test(arguments: [TextEncoding.utf8, .utf16LittleEndian, .utf16BigEndian])
    func keepsTheEncoding(_ encoding: TextEncoding) throws {
        let plain = try inject(Array(Self.manifest.utf8))
        #expect(plain.status == 200 && plain.text.contains("# the app") && plain.text != Self.manifest)
        let answer = try inject(encoding.encode(Array(Self.manifest.utf8)))
        #expect(answer.status == 200)
        #expect(Array(answer.body) == encoding.encode(Array(plain.body)))
    }

    /// JSON bodies may be in UTF-16 too.
    @Test(arguments: [TextEncoding.utf16LittleEndian, .utf16BigEndian])
    func readsRequests(_ encoding: TextEncoding) throws {
        let service = try LiveService.shared.get()
        let body = encoding.encode(Array(#"{"template":"{{.x}}","data":{"x":"größe"}}"#.utf8))
        let answer = try #require(
            try service.client().request(
                "POST", "/render", headers: [("Content-Type", "application/json")], body: body))
        #expect(try JSON.read(answer.body)["output"] == "größe", "\(answer.text)")
    }

    @Test func refusesBrokenText() throws {
        let answer = try inject([0xFF, 0xFE, 0x00, 0xD8, 0x41, 0x00])
        #expect(answer.status >= 400 && answer.status < 500)
        #expect(answer.text.contains("surrogate"), "\(answer.text)")
    }
}
