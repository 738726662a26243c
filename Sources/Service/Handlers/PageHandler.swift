import CAssets
import HTTPServer
import Values

/// GET / and /page/…: the files of the page, which are part of the program (`Sources/Page`).
struct PageHandler: Handler {
    func answer(
        _ request: HTTPRequest, mayTakeLong: Bool, entry: inout LogEntry
    ) throws(RequestProblem) -> HTTPResponse? {
        let name = request.path == "/" ? "index.html" : String(request.path.dropFirst(Self.folder.utf8.count))
        guard let file = PageFile.named[name] else {
            throw RequestProblem(
                status: 404, code: "not_found", detail: "the page has no file \"\(excerpt(name))\"")
        }
        let headers = Self.headers(file)
        if let known = request.header("If-None-Match"), file.isAmong(known) {
            return HTTPResponse(status: 304, headers: headers)
        }
        return HTTPResponse(status: 200, headers: headers, constant: file.content)
    }

    /// The path of the files other than `index.html`.
    static let folder = "/page/"

    /// Only the page's own files run, only this server receives requests, and no user input becomes markup: Trusted
    /// Types refuse every string that a browser would parse as such.
    private static let policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
        + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        + "require-trusted-types-for 'script'; trusted-types 'none'"

    private static func headers(_ file: PageFile) -> [(name: String, value: String)] {
        [
            ("Content-Type", file.type), ("X-Content-Type-Options", "nosniff"),
            // A newer server has newer files: browsers revalidate each one, which is nearly always unchanged.
            ("Cache-Control", "no-cache"), ("ETag", file.tag), ("Content-Security-Policy", policy),
            ("Referrer-Policy", "no-referrer"), ("Cross-Origin-Opener-Policy", "same-origin"),
            ("Cross-Origin-Resource-Policy", "same-origin"),
        ]
    }
}

/// A file of the page.
struct PageFile: @unchecked Sendable {
    let name: String
    let type: String
    /// The bytes, which live as long as the process.
    let content: UnsafeBufferPointer<UInt8>
    /// A weak entity tag: a gzipped response is the same file.
    let tag: String

    static let all: [PageFile] = UnsafeBufferPointer(
        start: pillion_page_files, count: pillion_page_file_count
    ).map { file in
        let content = UnsafeBufferPointer(start: file.content.bytes, count: file.content.count)
        return PageFile(
            name: String(cString: file.name), type: String(cString: file.type), content: content,
            tag: "W/\"\(SHA256.hex(Array(content)).prefix(16))\"")
    }

    static let named = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })

    /// Whether `If-None-Match` contains the file's tag (RFC 9110, 13.1.2).
    func isAmong(_ tags: String) -> Bool {
        // A header is at most as long as a connection's memory; 16 tags are more than a browser sends.
        tags.split(byte: ",").prefix(16).contains { tag in
            let tag = tag.filter { $0 != " " && $0 != "\t" }
            return tag == "*" || tag == self.tag || "W/" + tag == self.tag
        }
    }
}

/// The initial content of the page, if the server was started for one manifest (`pillion ui`).
public struct PageStart: Sendable {
    /// The manifest's name, to be displayed.
    public var name: String
    /// The manifest's text.
    public var manifest: String
    /// The namespace of objects without one; empty for none.
    public var namespace: String

    public init(name: String, manifest: String, namespace: String = "") {
        self.name = name
        self.manifest = manifest
        self.namespace = namespace
    }

    var json: Value {
        ["name": .string(name), "manifest": .string(manifest), "namespace": .string(namespace)]
    }
}
