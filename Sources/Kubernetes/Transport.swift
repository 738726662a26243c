import CCurl

/// One HTTP request.
struct TransportRequest {
    var method: String
    var url: String
    var headers: [String] = []
    var body: [UInt8]?
    var authorities: [UInt8]?
    var certificate: [UInt8]?
    var key: [UInt8]?
    var skipsVerification = false
    /// CURLOPT_CONNECT_TO: `from:port:to:port`
    var connectTo: String?
    /// The proxy's URL; empty for none.
    var proxy = ""
    var connectMilliseconds = 10_000
    /// The time limit; 0 for none.
    var totalMilliseconds = 0
}

/// The result of a request.
struct TransportAnswer {
    enum End { case complete, ended, failed, notSent, refusedCertificate, late }
    var end: End
    /// The HTTP status; 0 if there was no answer.
    var status: Int
    /// libcurl's message.
    var problem: String
}

/// A connection of libcurl, for one request at a time.
final class Transport: @unchecked Sendable {
    private let handle: OpaquePointer

    init() throws(APIError) {
        if let problem = pillion_curl_open() {
            throw APIError(.noLibrary, "the cluster cannot be asked: \(String(cString: problem))")
        }
        guard let handle = pillion_curl_new() else {
            throw APIError(.noLibrary, "the cluster cannot be queried: there is no memory")
        }
        self.handle = handle
    }

    deinit { pillion_curl_free(handle) }

    /// Cancels the current request and all later ones. Any thread may call it.
    func cancel() { pillion_curl_cancel(handle) }

    // The checks that the closures do not escape contain the length of this file's path. With a fixed path, builds in
    // folders with different names produce the same bytes.
    #sourceLocation(file:"Transport",line:51)
    /// - Parameters:
    ///   - header: called with each header line, of all answers that arrive.
    ///   - received: called with each piece of the body; false ends the request.
    func perform(
        _ request: TransportRequest, header: (String) -> Void,
        received: (UnsafeBufferPointer<UInt8>) -> Bool
    ) -> TransportAnswer {
        withoutActuallyEscaping(header) { header in
            withoutActuallyEscaping(received) { received in
                let receiver = Receiver(header: header, received: received)
                return withExtendedLifetime(receiver) { perform(request, receiver) }
            }
        }
    }
    #sourceLocation()

    /// Removes the names of certificate files from libcurl's message: here, these files have no name of their own:
    /// `server certificate verification failed. CAfile: /proc/self/fd/7 CRLfile: none`.
    static func withoutOwnFiles(_ problem: String) -> String {
        guard let mark = problem.firstRange(of: "CAfile: /proc/self/fd/") else { return problem }
        var rest = problem[..<mark.lowerBound]
        while let last = rest.last, " .(".contains(last) { rest.removeLast() }
        return String(rest)
    }

    private func perform(_ request: TransportRequest, _ receiver: Receiver) -> TransportAnswer {
        var raw = pillion_curl_request()
        raw.skips_verification = request.skipsVerification ? 1 : 0
        raw.connect_milliseconds = request.connectMilliseconds
        raw.total_milliseconds = request.totalMilliseconds
        raw.context = Unmanaged.passUnretained(receiver).toOpaque()
        raw.header = { context, line, size in
            guard let context, let line else { return 1 }
            let bytes = UnsafeRawBufferPointer(start: line, count: size)
            Unmanaged<Receiver>.fromOpaque(context).takeUnretainedValue()
                .header(String(decoding: bytes, as: UTF8.self))
            return 0
        }
        raw.received = { context, bytes, size in
            guard let context else { return 1 }
            let receiver = Unmanaged<Receiver>.fromOpaque(context).takeUnretainedValue()
            return receiver.received(UnsafeBufferPointer(start: bytes, count: size)) ? 0 : 1
        }
        var answer = pillion_curl_answer()
        // The texts of a request live as long as it does.
        let words = Words()
        raw.method = words.keep(request.method)
        raw.url = words.keep(request.url)
        raw.proxy = words.keep(request.proxy)
        raw.connect_to = request.connectTo.map { words.keep($0) } ?? nil
        raw.headers = words.keep(request.headers)
        (raw.body, raw.body_size) = words.keep(request.body)
        (raw.authorities, raw.authorities_size) = words.keep(request.authorities)
        (raw.certificate, raw.certificate_size) = words.keep(request.certificate)
        (raw.key, raw.key_size) = words.keep(request.key)
        let status = withExtendedLifetime(words) { pillion_curl_perform(handle, &raw, &answer) }
        let problem = withUnsafeBytes(of: answer.problem) { bytes in
            Self.withoutOwnFiles(String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self))
        }
        let end: TransportAnswer.End =
            switch status {
            case Int32(PILLION_CURL_OK.rawValue): .complete
            case PILLION_CURL_ENDED.rawValue: .ended
            case PILLION_CURL_NOT_SENT.rawValue: .notSent
            case PILLION_CURL_TLS.rawValue: .refusedCertificate
            case PILLION_CURL_TIMEOUT.rawValue: .late
            default: .failed
            }
        return TransportAnswer(end: end, status: answer.http_status, problem: problem)
    }
}

private final class Receiver {
    let header: (String) -> Void
    let received: (UnsafeBufferPointer<UInt8>) -> Bool

    init(header: @escaping (String) -> Void, received: @escaping (UnsafeBufferPointer<UInt8>) -> Bool) {
        self.header = header
        self.received = received
    }
}

/// Texts and bytes for C, freed together.
private final class Words {
    private var kept: [UnsafeMutableRawPointer] = []

    deinit { for pointer in kept { pointer.deallocate() } }

    private func allocate(_ size: Int) -> UnsafeMutableRawPointer {
        let pointer = UnsafeMutableRawPointer.allocate(byteCount: max(size, 1), alignment: 16)
        kept.append(pointer)
        return pointer
    }

    func keep(_ text: String) -> UnsafePointer<CChar>? {
        let bytes = text.utf8CString
        let pointer = allocate(bytes.count)
        bytes.withUnsafeBytes { pointer.copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
        return UnsafePointer(pointer.assumingMemoryBound(to: CChar.self))
    }

    func keep(_ texts: [String]) -> UnsafePointer<UnsafePointer<CChar>?>? {
        let size = MemoryLayout<UnsafePointer<CChar>?>.stride
        let list = allocate((texts.count + 1) * size).bindMemory(
            to: UnsafePointer<CChar>?.self, capacity: texts.count + 1)
        for (index, text) in texts.enumerated() { list[index] = keep(text) }
        list[texts.count] = nil
        return UnsafePointer(list)
    }

    func keep(_ bytes: [UInt8]?) -> (UnsafeRawPointer?, Int) {
        guard let bytes else { return (nil, 0) }
        let pointer = allocate(bytes.count)
        bytes.withUnsafeBytes { source in
            if let base = source.baseAddress { pointer.copyMemory(from: base, byteCount: source.count) }
        }
        return (UnsafeRawPointer(pointer), bytes.count)
    }
}
