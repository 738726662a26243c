import CMicrohttpd
import Glibc
import Values

/// The reason why a server does not start: the failed operation and the system's message.
public struct HTTPServerError: Error, Sendable, CustomStringConvertible {
    public let message: String
    public var description: String { message }

    public init(message: String) { self.message = message }
}

/// The address on which a server listens.
public enum SocketAddress: Sendable, Equatable {
    /// A numeric address, empty for all IPv4 and IPv6 addresses of the machine, and a port, 0 for any free port.
    case network(host: String, port: UInt16)
    /// A socket in the file system. A socket that a terminated process left there is replaced.
    case unix(path: String)

    /// Whether it can only be reached from this machine.
    public var isLoopback: Bool {
        switch self {
        case .network(let host, _): host.begins(with: "127.") || host == "::1" || host == "localhost"
        case .unix: true
        }
    }

    /// Returns a socket that listens on this address.
    ///
    /// - Parameter socketMode: the mode of a socket in the file system, which determines who can connect.
    func listen(socketMode: UInt32) throws(HTTPServerError) -> Int32 {
        switch self {
        case .unix(let path): return try Self.listenUnix(path, socketMode)
        case .network(let host, let port):
            let name = host == "localhost" ? "127.0.0.1" : host
            if name.isEmpty {
                // One socket for both families, or only IPv4 if the kernel has no IPv6.
                if let socket = try? Self.listen6("::", port, both: true) { return socket }
                return try Self.listen4("0.0.0.0", port)
            }
            return name.contains(byte: ":")
                ? try Self.listen6(name, port, both: false) : try Self.listen4(name, port)
        }
    }

    private static let backlog: Int32 = 1024

    private static func listen4(_ host: String, _ port: UInt16) throws(HTTPServerError) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        guard inet_pton(AF_INET, host, &address.sin_addr) == 1 else {
            throw HTTPServerError(
                message:
                    "\"\(host)\" is not an address to listen on: expected an IPv4 or IPv6 address or unix:PATH"
            )
        }
        return try listen(AF_INET, "\(host):\(port)") { socket in
            withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
        }
    }

    private static func listen6(_ host: String, _ port: UInt16, both: Bool) throws(HTTPServerError) -> Int32 {
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_port = port.bigEndian
        guard inet_pton(AF_INET6, host, &address.sin6_addr) == 1 else {
            throw HTTPServerError(
                message:
                    "\"\(host)\" is not an address to listen on: expected an IPv4 or IPv6 address or unix:PATH"
            )
        }
        return try listen(AF_INET6, "[\(host)]:\(port)") { socket in
            var only: Int32 = both ? 0 : 1
            setsockopt(socket, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &only, socklen_t(MemoryLayout<Int32>.size))
            return withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(socket, $0, socklen_t(MemoryLayout<sockaddr_in6>.size))
                }
            }
        }
    }

    private static func listenUnix(_ path: String, _ mode: UInt32) throws(HTTPServerError) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let room = MemoryLayout.size(ofValue: address.sun_path) - 1
        let bytes = Array(path.utf8)
        guard !bytes.isEmpty, bytes.count <= room else {
            throw HTTPServerError(
                message: "the socket path \"\(path)\" has \(bytes.count) bytes: expected 1 to \(room)")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        try removeAbandoned(path, address)
        return try listen(AF_UNIX, path) { socket in
            // The mode is set before the socket has a path, so that others can never connect.
            fchmod(socket, mode)
            return withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(socket, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
        }
    }

    /// Removes a socket without a listener. Anything else at that path is kept.
    private static func removeAbandoned(_ path: String, _ address: sockaddr_un) throws(HTTPServerError) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw HTTPServerError(message: "\(path) exists and is not a socket: expected a free path")
        }
        let probe = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        guard probe >= 0 else { return }
        defer { close(probe) }
        var address = address
        let answered = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(probe, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
        if answered { throw HTTPServerError(message: "\(path) is in use by another process") }
        unlink(path)
    }

    private static func listen(
        _ family: Int32, _ name: String, bind: (Int32) -> Int32
    ) throws(HTTPServerError) -> Int32 {
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let socket = Glibc.socket(family, kind, 0)
        guard socket >= 0 else { throw failure("open a socket for", name) }
        var one: Int32 = 1
        setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<Int32>.size))
        guard bind(socket) == 0, Glibc.listen(socket, backlog) == 0 else {
            let problem = failure("listen on", name)
            close(socket)
            throw problem
        }
        return socket
    }

    /// Connects to a host by name or address.
    ///
    /// - Throws: the address that could not be connected, and the reason.
    static func connected(to host: String, port: UInt16, milliseconds: Int) throws(HTTPServerError) -> Int32 {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let result = getaddrinfo(host, String(port), &hints, &list)
        guard result == 0 else {
            throw HTTPServerError(message: "\(host): \(String(cString: gai_strerror(result)))")
        }
        defer { freeaddrinfo(list) }
        var problem = HTTPServerError(message: "\(host) has no address")
        var next = list
        while let address = next?.pointee {
            next = address.ai_next
            let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
            let socket = Glibc.socket(address.ai_family, kind, 0)
            guard socket >= 0 else { continue }
            var limit = timeval(tv_sec: milliseconds / 1_000, tv_usec: milliseconds % 1_000 * 1_000)
            let size = socklen_t(MemoryLayout<timeval>.size)
            setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, size)
            setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
            if Glibc.connect(socket, address.ai_addr, address.ai_addrlen) == 0 { return socket }
            problem = failure("connect to", "\(host):\(port)")
            close(socket)
        }
        throw problem
    }

    private static func failure(_ what: String, _ name: String) -> HTTPServerError {
        HTTPServerError(message: "cannot \(what) \(name): \(String(cString: strerror(errno)))")
    }

    /// Returns the port of a listening socket; 0 for a socket in the file system.
    static func port(of socket: Int32) -> UInt16 {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let answered = withUnsafeMutablePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(socket, $0, &length) == 0 }
        }
        guard answered else { return 0 }
        return withUnsafeBytes(of: &storage) { bytes in
            switch Int32(bytes.load(as: sockaddr_storage.self).ss_family) {
            case AF_INET: UInt16(bigEndian: bytes.load(as: sockaddr_in.self).sin_port)
            case AF_INET6: UInt16(bigEndian: bytes.load(as: sockaddr_in6.self).sin6_port)
            default: 0
            }
        }
    }

    static func text(of address: UnsafePointer<sockaddr>) -> String {
        var name = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let family = Int32(address.pointee.sa_family)
        let raw = UnsafeRawPointer(address)
        switch family {
        case AF_INET:
            var ip = raw.loadUnaligned(as: sockaddr_in.self).sin_addr
            inet_ntop(AF_INET, &ip, &name, socklen_t(name.count))
        case AF_INET6:
            var ip = raw.loadUnaligned(as: sockaddr_in6.self).sin6_addr
            inet_ntop(AF_INET6, &ip, &name, socklen_t(name.count))
        default:
            return "unix"
        }
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
