import Values

/// The bytes of a review that determine its answer, extracted without parsing.
///
/// Input: a body and the request's path. Output: the bytes without the text of `request.uid`, which the answer only
/// repeats, and without the value of `request.object.metadata.managedFields`, which has no effect; and the positions of
/// both. The pods of one ReplicaSet differ in nothing else.
///
/// Only the omitted parts are checked here. The rest needs no check: a key has an effect only if it equals, byte for
/// byte, that of a body that was parsed and answered. An unusual body has no key and is parsed each time: one with a
/// repeated or escaped member on the path to the two parts, with an escaped uid, or without a uid.
struct ReviewKey {
    let cacheKey: CacheKey
    /// The uid in the body: printable ASCII that JSON does not escape.
    let uid: Range<Int>
    /// The request's namespace, and the pod's name or generateName; empty if missing.
    private let namespace: Range<Int>
    private let name: Range<Int>

    init?(_ body: UnsafeBufferPointer<UInt8>, path: String) {
        guard let base = body.baseAddress, body.count <= Self.longestBody else { return nil }
        var scan = ReviewScan(base: base, end: body.count)
        guard scan.review(), let uid = scan.uid else { return nil }
        self.uid = uid
        let cuts = Self.inOrder(uid, scan.managedFields ?? body.count..<body.count)
        cacheKey = CacheKey(Self.joined(body, cuts, path: path))
        namespace = scan.namespace ?? 0..<0
        name = scan.generateName ?? scan.name ?? 0..<0
    }

    /// The namespace, and the pod's name without its last two parts: the same for all pods of a Deployment, whichever
    /// ReplicaSet they belong to. It is only a guess at which reviews are similar.
    ///
    /// - Parameter body: the body of this key.
    func workload(in body: UnsafeBufferPointer<UInt8>) -> CacheKey {
        let dash = UInt8(ascii: "-")
        var name = body[self.name]
        if name.last == dash { name.removeLast() }
        if let last = name.lastIndex(of: dash) { name = name[..<last] }
        return CacheKey(Array(body[namespace]) + [UInt8(ascii: "/")] + name)
    }

    /// The maximum size of a body. Larger ones are rare, and too large for the cache.
    private static let longestBody = 1 << 20

    private static func inOrder(_ one: Range<Int>, _ other: Range<Int>) -> (Range<Int>, Range<Int>) {
        one.lowerBound < other.lowerBound ? (one, other) : (other, one)
    }

    /// Concatenates the positions of the two omitted parts, the path, and the rest of the body.
    private static func joined(
        _ body: UnsafeBufferPointer<UInt8>, _ cuts: (Range<Int>, Range<Int>), path: String
    ) -> [UInt8] {
        let places = (cuts.0.lowerBound, cuts.1.lowerBound - cuts.0.count, path.utf8.count)
        let pieces = [
            body[..<cuts.0.lowerBound], body[cuts.0.upperBound..<cuts.1.lowerBound],
            body[cuts.1.upperBound...],
        ]
        let count = MemoryLayout.size(ofValue: places) + path.utf8.count
        return Array(unsafeUninitializedCapacity: count + body.count) { buffer, used in
            func put(_ source: UnsafeRawBufferPointer) {
                UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[used...])
                    .copyMemory(from: source)
                used += source.count
            }
            withUnsafeBytes(of: places, put)
            path.withBytes { put(UnsafeRawBufferPointer($0)) }
            for piece in pieces {
                put(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(body)[piece.indices]))
            }
        }
    }
}

/// The origin of a review, extracted without parsing: for the response to a review that is too large to be parsed or
/// has timed out. It takes about a millisecond for each MB and allocates no memory.
struct ReviewEnvelope {
    /// An AdmissionReview with only these members and no object.
    let value: Value

    /// nil if anything is unusual, as with `ReviewKey`.
    init?(_ body: UnsafeBufferPointer<UInt8>) {
        guard let base = body.baseAddress else { return nil }
        var scan = ReviewScan(base: base, end: body.count)
        // If the body is truncated, the members before the end are known.
        _ = scan.review()
        guard let uid = scan.uid else { return nil }
        func text(_ place: Range<Int>?) -> Value {
            .string(place.map { String(decoding: body[$0], as: UTF8.self) } ?? "")
        }
        value = [
            "apiVersion": text(scan.apiVersion),
            "request": [
                "uid": text(uid), "namespace": text(scan.namespace), "name": text(scan.requestName),
            ],
        ]
    }
}

/// Scans a review for the members of interest.
private struct ReviewScan: JSONScanning {
    let base: UnsafePointer<UInt8>
    let end: Int
    var position = 0
    private(set) var uid: Range<Int>?
    private(set) var managedFields: Range<Int>?
    private(set) var apiVersion: Range<Int>?
    /// The request's namespace and the pod's names, if they are strings.
    private(set) var namespace: Range<Int>?
    private(set) var generateName: Range<Int>?
    private(set) var name: Range<Int>?
    private(set) var requestName: Range<Int>?

    init(base: UnsafePointer<UInt8>, end: Int) {
        self.base = base
        self.end = end
    }

    /// Scans the whole body.
    ///
    /// - Returns: false if anything is unusual.
    mutating func review() -> Bool {
        var isThere = false
        return object { scan, key in
            if scan.base.has("apiVersion", at: key) { return scan.skipValue { $0.apiVersion = $1 } }
            guard scan.base.has("request", at: key) else { return scan.skipValue() }
            defer { isThere = true }
            return !isThere && scan.request()
        } && skipBlanks() == 0
    }

    private mutating func request() -> Bool {
        var isThere = false
        return object { scan, key in
            if scan.base.has("object", at: key) {
                defer { isThere = true }
                return !isThere && scan.pod()
            }
            if scan.base.has("namespace", at: key) { return scan.skipValue { $0.namespace = $1 } }
            if scan.base.has("name", at: key) { return scan.skipValue { $0.requestName = $1 } }
            guard scan.base.has("uid", at: key) else { return scan.skipValue() }
            guard scan.uid == nil, scan.skipBlanks() == UInt8(ascii: "\""), let text = scan.string(),
                scan.base.isPlain(text)
            else { return false }
            scan.uid = text
            return true
        }
    }

    private mutating func pod() -> Bool {
        guard skipBlanks() == UInt8(ascii: "{") else { return skipValue() }
        var isThere = false
        return object { scan, key in
            guard scan.base.has("metadata", at: key) else { return scan.skipValue() }
            defer { isThere = true }
            return !isThere && scan.metadata()
        }
    }

    private mutating func metadata() -> Bool {
        guard skipBlanks() == UInt8(ascii: "{") else { return skipValue() }
        return object { scan, key in
            if scan.base.has("generateName", at: key) { return scan.skipValue { $0.generateName = $1 } }
            if scan.base.has("name", at: key) { return scan.skipValue { $0.name = $1 } }
            guard scan.base.has("managedFields", at: key) else { return scan.skipValue() }
            _ = scan.skipBlanks()
            let start = scan.position
            guard scan.managedFields == nil, scan.skipValue() else { return false }
            scan.managedFields = start..<scan.position
            let value = UnsafeBufferPointer(start: scan.base + start, count: scan.position - start)
            // The four enclosing objects count too.
            return (try? JSON.read(value, limits: JSONLimits(depth: Pipeline.maximumDepth - 4))) != nil
        }
    }
}
