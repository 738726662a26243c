/// A constraint on a version, such as `>=1.2, <2 || ^3.1`, with the syntax of Masterminds semver 3.3.
///
///     ~1.2.3  ≥ 1.2.3 and < 1.3.0        ^1.2.3  ≥ 1.2.3 and < 2.0.0       1.2.x   as ~1.2
///     ~1.2    the same from 1.2.0        ^0.2.3  ≥ 0.2.3 and < 0.3.0       1 - 2.3 ≥ 1 and ≤ 2.3
///     ~1      ≥ 1 and < 2                ^0.0.3  only 0.0.3                *       any
///
/// A pre-release only satisfies comparisons that allow pre-releases, which depends on the rules.
public struct VersionConstraint: Sendable {
    /// The rules of two releases of Masterminds semver, which differ in their treatment of pre-releases, and in their
    /// error messages.
    public enum Rules: Sendable {
        /// Those of 3.3, which sprig 3.3.0 requires: a comparison allows pre-releases if its own version is one, and
        /// `!=` always does.
        case each
        /// Those of later releases, as in Helm 4: if the version of one comparison is a pre-release, all comparisons of
        /// the same alternative allow them.
        case group
    }

    private enum Operation: Sendable {
        case equal, notEqual, greater, less, greaterOrEqual, lessOrEqual, tilde, caret
    }

    private struct Comparison: Sendable {
        var operation: Operation
        var version: SemanticVersion
        /// Whether the minor or the patch number is missing or `x`. `any`: the major number is `x`.
        var minorIsOpen = false
        var patchIsOpen = false
        var any = false
        var isOpen: Bool { minorIsOpen || patchIsOpen || any }
    }

    private var alternatives: [[Comparison]]
    private let rules: Rules

    public init(_ text: String, rules: Rules) throws(SemanticVersion.Failure) {
        self.rules = rules
        alternatives = []
        let text = VersionConstraint.rewritingRanges(Array(text.utf8))
        for part in VersionConstraint.alternatives(in: text) {
            alternatives.append(try VersionConstraint.comparisons(part, rules))
        }
    }

    public func accepts(_ version: SemanticVersion) -> Bool {
        alternatives.contains { group in
            let groupAsks = rules == .group && group.contains { !$0.version.prerelease.isEmpty }
            return group.allSatisfy { comparison in
                let asks =
                    groupAsks || !comparison.version.prerelease.isEmpty
                    || rules == .each && comparison.operation == .notEqual && !comparison.isOpen
                if !version.prerelease.isEmpty, !asks { return false }
                return VersionConstraint.check(version, comparison)
            }
        }
    }

    /// Replaces `1 - 2` by `>= 1, <= 2` anywhere in the text, as semver does before it parses the rest. Its numbers may
    /// contain `|`, so the alternative before a range can become a part of the range's lower end.
    private static func rewritingRanges(_ text: [UInt8]) -> [UInt8] {
        guard text.contains(0x2D) else { return text }
        var output: [UInt8] = []
        var start = 0
        while start < text.count {
            var scanner = Scanner(bytes: text, index: start)
            scanner.skipSpace()
            if let low = scanner.written(), scanner.skipSpace(), scanner.take("-"), scanner.skipSpace(),
                let high = scanner.written()
            {
                scanner.skipSpace()
                output += Array(">= ".utf8) + low + Array(", <= ".utf8) + high + [0x20]
                start = scanner.index
            } else {
                output.append(text[start])
                start += 1
            }
        }
        return output
    }

    private static func alternatives(in text: [UInt8]) -> [[UInt8]] {
        var parts: [[UInt8]] = [[]]
        var index = 0
        while index < text.count {
            if text[index] == 0x7C, index + 1 < text.count, text[index + 1] == 0x7C {
                parts.append([])
                index += 2
            } else {
                parts[parts.count - 1].append(text[index])
                index += 1
            }
        }
        return parts
    }

    private static func comparisons(_ part: [UInt8], _ rules: Rules) throws(SemanticVersion.Failure)
        -> [Comparison]
    {
        let shown =
            rules == .group
            ? JSON.text(.string(String(decoding: part, as: UTF8.self)))
            : String(decoding: part, as: UTF8.self)
        let improper = SemanticVersion.Failure(message: "improper constraint: \(shown)")
        var scanner = Scanner(bytes: part)
        var result: [Comparison] = []
        var isReadable = true
        scanner.skipSpace()
        while true {
            let operation = scanner.operation()
            scanner.skipSpace()
            guard let version = scanner.version() else { throw improper }
            if let comparison = version.comparison(operation) {
                result.append(comparison)
            } else {
                isReadable = false
            }
            let hadSpace = scanner.skipSpace()
            if scanner.isAtEnd { break }
            guard scanner.take(",") || hadSpace else { throw improper }
            scanner.skipSpace()
        }
        guard isReadable else {
            throw .init(message: rules == .group ? "constraint parser error" : "constraint Parser Error")
        }
        return result
    }

    /// A version in a constraint. Parts may be missing or open.
    private struct WrittenVersion {
        typealias Number = (digits: String, isOpen: Bool)
        var major: Number
        var minor: Number?
        var patch: Number?
        var suffix: String

        /// Returns the comparison; nil if the numbers are invalid.
        func comparison(_ operation: Operation) -> Comparison? {
            var result = (text: "", any: false, minorIsOpen: false, patchIsOpen: false)
            if major.isOpen {
                result = ("0.0.0" + suffix, true, false, false)
            } else if minor?.isOpen ?? true {
                result = ("\(major.digits).0.0" + suffix, false, true, false)
            } else if patch?.isOpen ?? true {
                result = ("\(major.digits).\(minor?.digits ?? "0").0" + suffix, false, false, true)
            } else {
                result.text = "\(major.digits).\(minor?.digits ?? "0").\(patch?.digits ?? "0")" + suffix
            }
            guard let version = try? SemanticVersion(result.text) else { return nil }
            return Comparison(
                operation: operation, version: version, minorIsOpen: result.minorIsOpen,
                patchIsOpen: result.patchIsOpen, any: result.any)
        }
    }

    private struct Scanner {
        let bytes: [UInt8]
        var index = 0
        var isAtEnd: Bool { index == bytes.count }

        @discardableResult
        mutating func skipSpace() -> Bool {
            let start = index
            while index < bytes.count, [0x20, 0x09, 0x0A, 0x0C, 0x0D].contains(bytes[index]) { index += 1 }
            return index > start
        }

        mutating func take(_ text: String) -> Bool {
            guard bytes[index...].starts(with: text.utf8) else { return false }
            index += text.utf8.count
            return true
        }

        mutating func operation() -> Operation {
            let table: [(String, Operation)] = [
                ("!=", .notEqual), (">=", .greaterOrEqual), ("=>", .greaterOrEqual), ("<=", .lessOrEqual),
                ("=<", .lessOrEqual), ("~>", .tilde), ("=", .equal), (">", .greater), ("<", .less),
                ("~", .tilde),
                ("^", .caret),
            ]
            for (text, operation) in table where take(text) { return operation }
            return .equal
        }

        /// Scans one number of digits, `x`, `X`, `*` and `|`; nil if it is missing. It is open if it is only `x`, `X`
        /// or `*`.
        mutating func number() -> (digits: String, isOpen: Bool)? {
            let start = index
            while index < bytes.count {
                switch bytes[index] {
                case 0x30...0x39, 0x78, 0x58, 0x2A, 0x7C: index += 1
                default:
                    guard index > start else { return nil }
                    return part(start)
                }
            }
            return index > start ? part(start) : nil
        }

        private func part(_ start: Int) -> (String, Bool) {
            let text = String(decoding: bytes[start..<index], as: UTF8.self)
            return (text, text == "x" || text == "X" || text == "*")
        }

        /// Scans a version; nil if there is no version here.
        mutating func version() -> WrittenVersion? {
            _ = take("v")
            guard let major = number() else { return nil }
            var version = WrittenVersion(major: major, suffix: "")
            version.minor = further()
            if version.minor != nil { version.patch = further() }
            let prerelease = identifiers(after: 0x2D)
            if !prerelease.isEmpty { version.suffix = "-" + prerelease }
            _ = identifiers(after: 0x2B)
            return version
        }

        /// Scans a dot and a number. If the dot is not followed by a number, the position is unchanged.
        private mutating func further() -> WrittenVersion.Number? {
            let start = index
            guard take("."), let number = number() else {
                index = start
                return nil
            }
            return number
        }

        /// Returns the bytes of a version; nil if it is missing.
        mutating func written() -> [UInt8]? {
            let start = index
            return version() == nil ? nil : Array(bytes[start..<index])
        }

        private mutating func identifiers(after mark: UInt8) -> String {
            guard index < bytes.count, bytes[index] == mark else { return "" }
            let start = index + 1
            var end = start
            // Identifiers are separated by dots, and are not empty.
            while end < bytes.count {
                if bytes[end] == 0x2E {
                    guard end > start, end + 1 < bytes.count, SemanticVersion.isIdentifier(bytes[end + 1])
                    else { break }
                } else if !SemanticVersion.isIdentifier(bytes[end]) {
                    break
                }
                end += 1
            }
            guard end > start else { return "" }
            index = end
            return String(decoding: bytes[start..<end], as: UTF8.self)
        }
    }

    private static func check(_ version: SemanticVersion, _ wanted: Comparison) -> Bool {
        let limit = wanted.version
        let order = version.compare(limit)
        switch wanted.operation {
        case .equal: return wanted.isOpen ? isNear(version, wanted) : order == 0
        case .notEqual:
            guard wanted.isOpen else { return order != 0 }
            if version.major != limit.major { return true }
            if wanted.minorIsOpen { return false }
            if version.minor != limit.minor { return true }
            if wanted.patchIsOpen {
                return SemanticVersion.comparePrerelease(version.prerelease, limit.prerelease) != 0
            }
            return order != 0
        case .greater:
            guard wanted.isOpen, version.major == limit.major else { return order > 0 }
            if wanted.minorIsOpen { return false }
            return wanted.patchIsOpen ? version.minor > limit.minor : order > 0
        case .less: return order < 0
        case .greaterOrEqual: return order >= 0
        case .lessOrEqual:
            guard wanted.isOpen else { return order <= 0 }
            if version.major > limit.major { return false }
            return !(version.major == limit.major && version.minor > limit.minor && !wanted.minorIsOpen)
        case .tilde: return isNear(version, wanted)
        case .caret:
            if order < 0 { return false }
            if limit.major > 0 || wanted.minorIsOpen { return version.major == limit.major }
            if version.major > 0 { return false }
            if limit.minor > 0 || wanted.patchIsOpen { return version.minor == limit.minor }
            return version.minor == 0 && version.patch == limit.patch
        }
    }

    private static func isNear(_ version: SemanticVersion, _ wanted: Comparison) -> Bool {
        let limit = wanted.version
        if version.compare(limit) < 0 { return false }
        if limit.major == 0, limit.minor == 0, limit.patch == 0, !wanted.minorIsOpen, !wanted.patchIsOpen {
            return true
        }
        return version.major == limit.major && (version.minor == limit.minor || wanted.minorIsOpen)
    }
}
