import Glibc
import Values

/// Selects the proxy for an address from the environment, by the rules of Go's programs, because users write
/// HTTPS_PROXY and NO_PROXY for those.
///
/// | entry of NO_PROXY | no proxy for |
/// | --- | --- |
/// | `*` | anything |
/// | `10.0.0.0/8`, `fd00::/8` | addresses in the range |
/// | `10.1.2.3` | that address |
/// | `example.org` | that name and names below it |
/// | `.example.org`, `*.example.org` | names below `example.org` |
/// | any of these with `:port` | that port only |
///
/// No proxy is used for `localhost` and loopback addresses.
struct ProxyChoice {
    let environment: Environment

    init(_ environment: Environment) { self.environment = environment }

    /// The largest number of entries of NO_PROXY that are read; more are a mistake.
    static let longestList = 10_000

    /// Returns the proxy's URL; empty for none.
    func proxy(for server: ServerAddress) -> String {
        let names = server.scheme == "https" ? ["HTTPS_PROXY", "https_proxy"] : ["HTTP_PROXY", "http_proxy"]
        guard let proxy = names.lazy.compactMap({ environment[$0] }).first, !isExcluded(server) else {
            return ""
        }
        return proxy.contains("://") ? proxy : "http://\(proxy)"
    }

    private func isExcluded(_ server: ServerAddress) -> Bool {
        let host = server.host.lowercased()
        let address = IPAddress(host)
        if host == "localhost" || address?.isLoopback == true { return true }
        guard let list = environment["NO_PROXY"] ?? environment["no_proxy"] else { return false }
        for entry in list.split(byte: ",").prefix(Self.longestList) {
            let text = entry.filter { $0 != " " }.lowercased()
            if text == "*" || Self.covers(text, host, address, server.port) { return true }
        }
        return false
    }

    private static func covers(_ entry: String, _ host: String, _ address: IPAddress?, _ port: Int) -> Bool {
        if entry.contains(byte: "/") { return address.map { IPRange(entry)?.contains($0) == true } ?? false }
        if let whole = IPAddress(entry) { return whole == address }
        guard let (name, itsPort) = ServerAddress.hostAndPort(entry[...]) else { return false }
        if let itsPort, itsPort != port { return false }
        if let literal = IPAddress(name) { return literal == address }
        let domain = name.begins(with: "*.") ? String(name.dropFirst()) : name
        if domain.begins(with: ".") { return host.ends(with: domain) }
        return host == domain || host.ends(with: ".\(domain)")
    }
}

/// An IPv4 or IPv6 address, as its bytes.
struct IPAddress: Equatable {
    let bytes: [UInt8]

    init?(_ text: String) {
        var four = in_addr()
        if inet_pton(AF_INET, text, &four) == 1 {
            bytes = withUnsafeBytes(of: &four) { Array($0) }
            return
        }
        var six = in6_addr()
        guard inet_pton(AF_INET6, text, &six) == 1 else { return nil }
        bytes = withUnsafeBytes(of: &six) { Array($0) }
    }

    var isLoopback: Bool {
        bytes.count == 4 ? bytes[0] == 127 : bytes.dropLast().allSatisfy { $0 == 0 } && bytes.last == 1
    }
}

/// `10.0.0.0/8`
private struct IPRange {
    let address: IPAddress
    let bits: Int

    init?(_ text: String) {
        let parts = text.split(byte: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let address = IPAddress(String(parts[0])), let bits = Int(parts[1]),
            (0...address.bytes.count * 8).contains(bits)
        else { return nil }
        self.address = address
        self.bits = bits
    }

    func contains(_ other: IPAddress) -> Bool {
        guard other.bytes.count == address.bytes.count else { return false }
        for bit in 0..<bits {
            let mask = UInt8(0x80) >> UInt8(bit % 8)
            if (other.bytes[bit / 8] ^ address.bytes[bit / 8]) & mask != 0 { return false }
        }
        return true
    }
}
