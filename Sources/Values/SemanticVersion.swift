/// A version of semver.org 2.0, parsed as leniently as by Masterminds semver 3.3: it may begin with `v`, and minor and
/// patch may be missing.
public struct SemanticVersion: Sendable {
    public var major: UInt64
    public var minor: UInt64
    public var patch: UInt64
    public var prerelease: String
    public var metadata: String
    public var original: String

    public struct Failure: Error {
        public var message: String

        /// Returns the message. Later releases begin their messages with a lower-case letter.
        public func message(_ rules: VersionConstraint.Rules) -> String {
            guard rules == .group else { return message }
            switch message {
            case "Invalid Semantic Version": return "invalid semantic version"
            case "Version segment starts with 0": return "version segment starts with 0"
            default:
                return message.begins(with: "Error parsing")
                    ? "error parsing" + message.dropFirst(13) : message
            }
        }
    }

    public init(_ text: String) throws(Failure) {
        let invalid = Failure(message: "Invalid Semantic Version")
        original = text
        var rest = Array(text.utf8)[...]
        if rest.first == 0x76 { rest.removeFirst() }
        var numbers: [UInt64] = []
        while numbers.count < 3 {
            if !numbers.isEmpty {
                guard rest.first == 0x2E else { break }
                rest.removeFirst()
            }
            let digits = rest.prefix { (0x30...0x39).contains($0) }
            guard !digits.isEmpty else { throw invalid }
            guard let number = UInt64(String(decoding: digits, as: UTF8.self)) else {
                let text = String(decoding: digits, as: UTF8.self)
                throw Failure(
                    message:
                        "Error parsing version segment: strconv.ParseUint: parsing \"\(text)\": value out of range"
                )
            }
            numbers.append(number)
            rest = rest.dropFirst(digits.count)
        }
        while numbers.count < 3 { numbers.append(0) }
        (major, minor, patch) = (numbers[0], numbers[1], numbers[2])
        func identifiers(after mark: UInt8) throws(Failure) -> String {
            guard rest.first == mark else { return "" }
            let text = rest.dropFirst().prefix { SemanticVersion.isIdentifier($0) || $0 == 0x2E }
            let parts = text.split(separator: 0x2E, omittingEmptySubsequences: false)
            guard parts.allSatisfy({ !$0.isEmpty }) else { throw invalid }
            rest = rest.dropFirst(1 + text.count)
            return String(decoding: text, as: UTF8.self)
        }
        prerelease = try identifiers(after: 0x2D)
        metadata = try identifiers(after: 0x2B)
        guard rest.isEmpty else { throw invalid }
        for part in prerelease.split(byte: ".") where part.utf8.count > 1 && part.utf8.first == 0x30 {
            if part.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
                throw Failure(message: "Version segment starts with 0")
            }
        }
    }

    /// Whether a byte is a letter, a digit or `-`.
    public static func isIdentifier(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D: true
        default: false
        }
    }

    /// The version in its normal form: without `v`, and with all three numbers.
    public var text: String {
        "\(major).\(minor).\(patch)" + (prerelease.isEmpty ? "" : "-" + prerelease)
            + (metadata.isEmpty ? "" : "+" + metadata)
    }

    /// Compares two versions by precedence and returns -1, 0 or 1. Metadata is ignored.
    public func compare(_ other: SemanticVersion) -> Int {
        for (left, right) in [(major, other.major), (minor, other.minor), (patch, other.patch)]
        where left != right {
            return left < right ? -1 : 1
        }
        return SemanticVersion.comparePrerelease(prerelease, other.prerelease)
    }

    /// Compares two pre-releases and returns -1, 0 or 1. A release is higher than its pre-releases, and numbers are
    /// lower than words.
    public static func comparePrerelease(_ left: String, _ right: String) -> Int {
        if left == right { return 0 }
        if left.isEmpty { return 1 }
        if right.isEmpty { return -1 }
        let first = left.split(byte: ".")
        let second = right.split(byte: ".")
        for index in 0..<max(first.count, second.count) {
            guard index < first.count else { return -1 }
            guard index < second.count else { return 1 }
            let (one, two) = (first[index], second[index])
            if one == two { continue }
            switch (UInt64(one), UInt64(two)) {
            case (let one?, let two?):
                if one != two { return one < two ? -1 : 1 }
            case (.some, nil): return -1
            case (nil, .some): return 1
            case (nil, nil): return one.utf8.lexicographicallyPrecedes(two.utf8) ? -1 : 1
            }
        }
        return 0
    }
}
