import HTTPServer
import Values

/// Rejects requests of web pages to a loopback listener, which trusts everyone on this machine.
///
/// A browser on the machine sends whatever a page requests: with a name of the page's own that resolves to 127.0.0.1
/// (DNS rebinding), which is visible in `Host`, or across sites, which is visible in `Origin` and `Sec-Fetch-Site`.
/// Sockets in the file system do not need this check, because no page can reach them.
struct LocalCaller: Sendable {
    /// Allowed values of `Host` in addition to loopback's, in lower case. `--allowed-hosts`
    var allowedHosts: [String] = []

    /// - Parameter isPage: whether the path is one of the page's own files, which a link on another site may open.
    /// - Throws: 421 if `Host` is a foreign name, 403 if the request is from another site's page.
    func check(_ request: HTTPRequest, isPage: Bool = false) throws(RequestProblem) {
        let host = request.header("Host") ?? ""
        let name = Self.name(ofHost: host).lowercased()
        guard name.isEmpty || Self.isLoopback(name) || allowedHosts.contains(name) else {
            throw RequestProblem(
                status: 421, code: "misdirected_request",
                detail: "Host is \(excerpt(host)): expected a loopback name or address, "
                    + "or a name given by --allowed-hosts")
        }
        if let origin = request.header("Origin"), !Self.isOwn(origin, host: host) {
            throw Access.forbidden(
                "Origin is \(excerpt(origin)): expected none, or http:// and the request's own Host")
        }
        if request.header("Sec-Fetch-Site") == "cross-site", !(isPage && Self.isNavigation(request)) {
            throw Access.forbidden("another site's page asks (Sec-Fetch-Site is cross-site)")
        }
    }

    /// Whether a browser opens the path as a page of its own. Requests that a page embeds or fetches have other values,
    /// and no page can set these headers.
    private static func isNavigation(_ request: HTTPRequest) -> Bool {
        request.method == "GET" && request.header("Sec-Fetch-Mode") == "navigate"
            && request.header("Sec-Fetch-Dest") == "document"
    }

    /// The host without its port; an IPv6 address without its brackets.
    static func name(ofHost host: String) -> Substring {
        if host.begins(with: "[") { return host.dropFirst().prefix { $0 != "]" } }
        return host.prefix { $0 != ":" }
    }

    private static func isLoopback(_ name: String) -> Bool {
        if name == "localhost" || name == "::1" { return true }
        let parts = name.split(byte: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }

    private static func isOwn(_ origin: String, host: String) -> Bool {
        origin.lowercased() == "http://\(host.lowercased())"
    }
}
