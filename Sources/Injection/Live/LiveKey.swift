import Values

/// The bytes of a pod that determine its answer in a scan, extracted without parsing.
///
/// Input: a pod as an API server writes it. Output: its bytes without the parts that `LivePod` removes, in which pods
/// of one ReplicaSet differ: the status, `managedFields`, other metadata of the server, a generated name, the node, and
/// annotations of network plugins; and with the same name for the token's volume. An unusual text has no key and is
/// parsed each time: one with a repeated or escaped member on the path to these parts, or one without an owner, which
/// would be the pod itself.
///
/// The omitted parts are checked to be JSON. The rest needs no check: a key has an effect only if it equals, byte for
/// byte, that of a pod that was parsed.
public struct LiveKey: Sendable {
    let bytes: [UInt8]
    /// The pod's name; empty if it has no name.
    public let name: String
    /// The pod's namespace; empty if it states no namespace.
    public let namespace: String

    /// The maximum size of a pod. Larger ones are rare, and too large for the cache of answers.
    private static let longestPod = 256 << 10

    public init?(_ text: UnsafeBufferPointer<UInt8>) {
        guard let base = text.baseAddress, text.count <= Self.longestPod else { return nil }
        var scan = LiveScan(base: base, end: text.count)
        guard scan.pod() else { return nil }
        func string(_ place: Range<Int>?) -> String {
            place.map { String(decoding: UnsafeBufferPointer(rebasing: text[$0]), as: UTF8.self) } ?? ""
        }
        name = string(scan.name)
        namespace = string(scan.namespace)
        if let place = scan.name, LivePod.isGenerated(name, from: string(scan.generateName)) {
            scan.leaveOut(place.lowerBound - 1..<place.upperBound + 1)
        }
        bytes = Self.without(scan.cuts, text)
    }

    private static func without(_ cuts: [Range<Int>], _ text: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        var start = 0
        for cut in cuts.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            bytes += text[start..<cut.lowerBound]
            start = cut.upperBound
        }
        bytes += text[start...]
        maskTokenVolumes(&bytes)
        return bytes
    }

    private static let tokenVolume = Array("\"kube-api-access-".utf8)
    private static let randomBytes = 5

    /// Replaces the random letters at the end of the name of a token's volume by constant ones.
    static func maskTokenVolumes(_ bytes: inout [UInt8]) {
        var index = 0
        while let found = ByteSearch.index(of: tokenVolume, in: bytes, from: index) {
            let start = found + tokenVolume.count
            index = start
            let end = start + randomBytes
            guard end < bytes.count, bytes[end] == UInt8(ascii: "\""),
                bytes[start..<end].allSatisfy(LivePod.generatedBytes.contains)
            else { continue }
            for place in start..<end { bytes[place] = UInt8(ascii: "x") }
        }
    }
}

/// Scans a pod for the members that `LivePod` removes.
private struct LiveScan: JSONScanning {
    let base: UnsafePointer<UInt8>
    let end: Int
    var position = 0
    /// The omitted ranges, including the quotes of a string.
    private(set) var cuts: [Range<Int>] = []
    private(set) var name: Range<Int>?
    private(set) var generateName: Range<Int>?
    private(set) var namespace: Range<Int>?
    private var hasOwner = false
    private var members: Set<StaticMember> = []

    /// Members that may occur only once.
    private enum StaticMember { case metadata, spec, status, annotations, nodeName }

    init(base: UnsafePointer<UInt8>, end: Int) {
        self.base = base
        self.end = end
    }

    /// - Returns: false if anything is unusual.
    mutating func pod() -> Bool {
        object { scan, key in
            if scan.base.has("metadata", at: key) { return scan.first(.metadata) && scan.metadata() }
            if scan.base.has("spec", at: key) { return scan.first(.spec) && scan.spec() }
            if scan.base.has("status", at: key) { return scan.first(.status) && scan.skipOut() }
            return scan.skipValue()
        } && skipBlanks() == 0 && hasOwner
    }

    mutating func leaveOut(_ place: Range<Int>) { cuts.append(place) }

    private mutating func first(_ member: StaticMember) -> Bool { members.insert(member).inserted }

    private mutating func metadata() -> Bool {
        object { scan, key in
            if scan.base.has("name", at: key) { return scan.name == nil && scan.text(\.name) }
            if scan.base.has("generateName", at: key) {
                return scan.generateName == nil && scan.text(\.generateName)
            }
            if scan.base.has("namespace", at: key) { return scan.namespace == nil && scan.text(\.namespace) }
            if scan.base.has("annotations", at: key) { return scan.first(.annotations) && scan.annotations() }
            if scan.base.has("ownerReferences", at: key) {
                scan.hasOwner = true
                return scan.skipValue()
            }
            return LivePod.serverKeys.contains { scan.base.has($0, at: key) }
                ? scan.skipOut() : scan.skipValue()
        }
    }

    private mutating func annotations() -> Bool {
        guard skipBlanks() == UInt8(ascii: "{") else { return skipValue() }
        return object { scan, key in
            LivePod.runtimeAnnotations.contains { scan.base.has($0, at: key) }
                ? scan.skipOut() : scan.skipValue()
        }
    }

    private mutating func spec() -> Bool {
        object { scan, key in
            guard scan.base.has("nodeName", at: key) else { return scan.skipValue() }
            return scan.first(.nodeName) && scan.skipOut()
        }
    }

    /// Reads a string without escapes.
    private mutating func text(_ place: WritableKeyPath<Self, Range<Int>?>) -> Bool {
        guard skipBlanks() == UInt8(ascii: "\""), let text = string(), base.isPlain(text) else {
            return false
        }
        self[keyPath: place] = text
        return true
    }

    /// Skips a value that is omitted.
    private mutating func skipOut() -> Bool {
        _ = skipBlanks()
        let start = position
        guard skipValue() else { return false }
        cuts.append(start..<position)
        let value = UnsafeBufferPointer(start: base + start, count: position - start)
        return (try? JSON.read(value, limits: JSONLimits(depth: Pipeline.maximumDepth - 3))) != nil
    }
}
