import HTTPServer
import TestSupport
import Testing
import Values

@testable import Service

/// The page's files: the program contains and serves all files of the folder, with headers that prevent a browser from
/// running other scripts.
@Suite struct PageTests {
    private static let folder = packageRoot + "/Sources/Page"

    @Test func everyFileIsEmbedded() {
        let files = entries(of: Self.folder).filter { $0 != "README.md" }
        #expect(Set(files) == Set(PageFile.named.keys))
        #expect(PageFile.all.count == PageFile.named.count)
        for file in PageFile.all {
            #expect(Array(file.content) == contents(of: Self.folder + "/" + file.name), "\(file.name)")
        }
    }

    @Test func itIsSmall() {
        #expect(PageFile.all.reduce(0) { $0 + $1.content.count } < 150_000)
    }

    /// Every script and style sheet that the page loads exists, and none is from elsewhere.
    @Test func everyReferenceHasAFile() {
        for file in PageFile.all {
            let text = String(decoding: file.content, as: UTF8.self)
            for quoted in text.split(separator: "\"")
            where quoted.hasPrefix("./") || quoted.hasPrefix("/page/") {
                let name = quoted.split(separator: "/").last.map(String.init) ?? ""
                let isKnown = PageFile.named[name] != nil || name == "start.json"
                #expect(isKnown, "\(file.name) asks for \(quoted)")
            }
            let addresses = text.components(of: "http").filter { !$0.hasPrefix("://www.w3.org/2000/svg") }
            #expect(!addresses.contains { $0.hasPrefix("://") || $0.hasPrefix("s://") }, "\(file.name)")
        }
    }

    /// The page never parses text as markup or runs it as a script.
    @Test func nothingTakesMarkup() {
        let forbidden = [
            "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function(",
            "srcdoc",
            "DOMParser", "createContextualFragment", "setHTML", "javascript:", "<script>", "style=\"",
            "onclick=",
        ]
        for file in PageFile.all {
            let text = String(decoding: file.content, as: UTF8.self)
            for word in forbidden { #expect(!text.contains(word), "\(file.name): \(word)") }
        }
    }

    /// A link on another site can open the page, but the site cannot embed any of it or read the manifest.
    @Test func linksOfOtherSitesOpenIt() throws {
        let client = try LiveService.shared.get().client()
        func status(_ path: String, _ mode: String, _ destination: String) -> Int? {
            client.request(
                "GET", path,
                headers: [
                    ("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", mode),
                    ("Sec-Fetch-Dest", destination),
                ])?.status
        }
        #expect(status("/", "navigate", "document") == 200)
        #expect(status("/page/main.js", "navigate", "document") == 200)
        #expect(status("/", "navigate", "iframe") == 403)
        #expect(status("/page/main.js", "no-cors", "script") == 403)
        #expect(status("/page/start.json", "navigate", "document") == 403)
        #expect(status("/version", "navigate", "document") == 403)
    }

    @Test func headersAndTags() throws {
        let client = try LiveService.shared.get().client()
        for path in ["/", "/page/main.js", "/page/page.css", "/page/icon.svg"] {
            let answer = try #require(client.request("GET", path))
            #expect(answer.status == 200)
            let policy = answer.header("Content-Security-Policy") ?? ""
            #expect(
                policy.hasPrefix(
                    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'"))
            #expect(!policy.contains("unsafe") && !policy.contains("*"))
            #expect(answer.header("X-Content-Type-Options") == "nosniff")
            #expect(answer.header("Cache-Control") == "no-cache")
            let tag = try #require(answer.header("ETag"))
            for known in [tag, "\"other\", \(tag)", String(tag.dropFirst(2)), "*"] {
                let again = try #require(client.request("GET", path, headers: [("If-None-Match", known)]))
                #expect(again.status == 304 && again.body.isEmpty, "\(path) \(known)")
                #expect(again.header("ETag") == tag)
            }
            let changed = try #require(client.request("GET", path, headers: [("If-None-Match", "W/\"0\"")]))
            #expect(changed.status == 200 && changed.body == answer.body)
            let packed = try #require(client.request("GET", path, headers: [("Accept-Encoding", "gzip")]))
            let isLong = answer.body.count >= 1_400
            #expect((packed.header("Content-Encoding") == "gzip") == isLong, "\(path)")
            #expect(!isLong || packed.body.count < answer.body.count / 2, "\(path)")
        }
        let missing = try #require(client.request("GET", "/page/..%2fsecret"))
        #expect(missing.status == 404)
    }

    @Test(arguments: [
        (ServeOptions.PageListeners.none, 404), (.local, 200), (.all, 200),
    ])
    func loopbackServesItUnlessItIsOff(listeners: ServeOptions.PageListeners, status: Int) throws {
        let service = try LiveService.start { $0.pageListeners = listeners }
        defer { service.stop() }
        let client = try service.client()
        for path in ["/", "/page/main.js", "/page/start.json"] {
            #expect(try #require(client.request("GET", path)).status == status, "\(path)")
        }
    }

    /// Beyond loopback, a flag enables the page, which needs no token; its requests need one.
    @Test func otherListenersServeItOnDemand() throws {
        let folder = TemporaryFolder()
        folder.write("secret\n", to: "token")
        let certificates = packageRoot + "/Tests/HTTPServerTests/certificates/"
        for listeners in [ServeOptions.PageListeners.local, .all] {
            let service = try LiveService.start { options in
                options.port = 0
                options.tlsCertFile = certificates + "server.pem"
                options.tlsKeyFile = certificates + "server.key"
                options.authTokenFile = folder.root + "/token"
                options.pageListeners = listeners
            }
            defer { service.stop() }
            let listener = try #require(service.listeners.first { $0.kind == .https })
            let port = listener.server.port
            let page = try #require(HTTPClient.overTLS(port, "GET", "/", [], []))
            #expect(page.status == (listeners == .all ? 200 : 404))
            let body = Array("{\"manifest\": \"kind: Pod\"}".utf8)
            let type = ("Content-Type", "application/json")
            let asked = try #require(HTTPClient.overTLS(port, "POST", "/decide", [type], body))
            #expect(asked.status == 401)
            let token = ("Authorization", "Bearer secret")
            let allowed = try #require(HTTPClient.overTLS(port, "POST", "/decide", [type, token], body))
            #expect(allowed.status == 200)
        }
    }

    @Test func itBeginsWithTheManifestOfTheCommandLine() throws {
        let service = try LiveService.start {
            $0.pageStart = PageStart(name: "a.yaml", manifest: "kind: Pod\n", namespace: "shop")
        }
        defer { service.stop() }
        let answer = try #require(try service.client().request("GET", "/page/start.json"))
        #expect(answer.text == "{\"name\":\"a.yaml\",\"manifest\":\"kind: Pod\\n\",\"namespace\":\"shop\"}\n")
    }
}

extension String {
    /// The text after each occurrence of a word.
    fileprivate func components(of word: String) -> [Substring] {
        var found: [Substring] = []
        var rest = self[...]
        while let range = String(rest).range(of: word) {
            let head = String(rest)[..<range.lowerBound]
            rest = rest.dropFirst(head.count + word.count)
            found.append(rest.prefix(40))
        }
        return found
    }
}
