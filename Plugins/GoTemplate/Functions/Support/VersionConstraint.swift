/// What a version must fulfil: `>=1.2, <2 || ^3.1`, as Masterminds semver 3.3 reads it.
///
///     ~1.2.3  ≥ 1.2.3 and < 1.3.0        ^1.2.3  ≥ 1.2.3 and < 2.0.0       1.2.x   as ~1.2
///     ~1.2    the same from 1.2.0        ^0.2.3  ≥ 0.2.3 and < 0.3.0       1 - 2.3 ≥ 1 and ≤ 2.3
///     ~1      ≥ 1 and < 2                ^0.0.3  only 0.0.3                *       any
///
/// A pre-release fulfils only a comparison that names a pre-release itself.
struct VersionConstraint {
    private enum Operation { case equal, notEqual, greater, less, greaterOrEqual, lessOrEqual, tilde, caret }

    private struct Comparison {
        var operation: Operation
        var version: SemanticVersion
        /// Whether the minor or the patch number is missing or `x`; `any`: already the major one.
        var minorIsOpen = false
        var patchIsOpen = false
        var any = false
        var isOpen: Bool { minorIsOpen || patchIsOpen || any }
    }

    private var alternatives: [[Comparison]]

    init(_ text: String) throws(SemanticVersion.Failure) {
        alternatives = []
        for part in VersionConstraint.alternatives(in: Array(text.utf8)) {
            alternatives.append(try VersionConstraint.comparisons(part))
        }
    }

    func accepts(_ version: SemanticVersion) -> Bool {
        alternatives.contains { $0.allSatisfy { VersionConstraint.check(version, $0) } }
    }

    private static func alternatives(in text: [UInt8]) -> [[UInt8]] {
        ByteText.split(text, by: [0x7C, 0x7C])
    }

    private static func comparisons(_ part: [UInt8]) throws(SemanticVersion.Failure) -> [Comparison] {
        let failure = SemanticVersion.Failure(
            message: "improper constraint: \(String(decoding: part, as: UTF8.self))")
        var scanner = Scanner(bytes: part)
        var result: [Comparison] = []
        scanner.skipSpace()
        while true {
            guard let operation = scanner.operation() else { throw failure }
            scanner.skipSpace()
            guard let comparison = scanner.version(operation) else { throw failure }
            result.append(comparison)
            let hadSpace = scanner.skipSpace()
            if scanner.isAtEnd { return result }
            if hadSpace && scanner.take("- ") {
                // A range: what stood before the hyphen is its lower end.
                guard comparison.operation == .equal, scanner.skipSpace() || true,
                    let upper = scanner.version(.lessOrEqual)
                else { throw failure }
                result[result.count - 1].operation = .greaterOrEqual
                result.append(upper)
                let more = scanner.skipSpace()
                if scanner.isAtEnd { return result }
                guard scanner.take(",") || more else { throw failure }
                scanner.skipSpace()
                continue
            }
            guard scanner.take(",") || hadSpace else { throw failure }
            scanner.skipSpace()
        }
    }

    private struct Scanner {
        let bytes: [UInt8]
        var index = 0
        init(bytes: [UInt8]) { self.bytes = bytes }
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

        mutating func operation() -> Operation? {
            let table: [(String, Operation)] = [
                ("!=", .notEqual), (">=", .greaterOrEqual), ("=>", .greaterOrEqual), ("<=", .lessOrEqual),
                ("=<", .lessOrEqual), ("~>", .tilde), ("=", .equal), (">", .greater), ("<", .less),
                ("~", .tilde),
                ("^", .caret),
            ]
            for (text, operation) in table where take(text) { return operation }
            return .equal
        }

        /// One number: digits, or x, X, * in any place of it, which leaves it open. nil where there is none.
        mutating func number() -> (digits: String, isOpen: Bool)? {
            let start = index
            while index < bytes.count {
                switch bytes[index] {
                case 0x30...0x39, 0x78, 0x58, 0x2A: index += 1
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

        mutating func version(_ operation: Operation) -> Comparison? {
            _ = take("v")
            guard let major = number() else { return nil }
            var minor: (digits: String, isOpen: Bool)?
            var patch: (digits: String, isOpen: Bool)?
            if index + 1 < bytes.count, bytes[index] == 0x2E {
                index += 1
                minor = number()
                if minor == nil { return nil }
                if index + 1 < bytes.count, bytes[index] == 0x2E {
                    index += 1
                    patch = number()
                    if patch == nil { return nil }
                }
            }
            var suffix = identifiers(after: 0x2D)
            _ = identifiers(after: 0x2B)
            if !suffix.isEmpty { suffix = "-" + suffix }
            var result: (text: String, any: Bool, minorIsOpen: Bool, patchIsOpen: Bool)
            if major.isOpen {
                result = ("0.0.0" + suffix, true, false, false)
            } else if minor?.isOpen ?? true {
                result = ("\(major.digits).0.0" + suffix, false, true, false)
            } else if patch?.isOpen ?? true {
                result = ("\(major.digits).\(minor?.digits ?? "0").0" + suffix, false, false, true)
            } else {
                result = (
                    "\(major.digits).\(minor?.digits ?? "0").\(patch?.digits ?? "0")" + suffix, false, false,
                    false
                )
            }
            guard let version = try? SemanticVersion(result.text) else { return nil }
            return Comparison(
                operation: operation, version: version, minorIsOpen: result.minorIsOpen,
                patchIsOpen: result.patchIsOpen, any: result.any)
        }

        private mutating func identifiers(after mark: UInt8) -> String {
            guard index < bytes.count, bytes[index] == mark else { return "" }
            let start = index + 1
            var end = start
            while end < bytes.count, SemanticVersion.isIdentifier(bytes[end]) || bytes[end] == 0x2E {
                end += 1
            }
            guard end > start else { return "" }
            index = end
            return String(decoding: bytes[start..<end], as: UTF8.self)
        }
    }

    private static func check(_ version: SemanticVersion, _ wanted: Comparison) -> Bool {
        let limit = wanted.version
        if !version.prerelease.isEmpty && limit.prerelease.isEmpty { return false }
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
