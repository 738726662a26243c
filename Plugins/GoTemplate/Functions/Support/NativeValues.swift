import Values

/// A value with fields to print. Verbs that do not call `String` print these.
protocol GoStructured {
    /// The fields in Go's order.
    var structFields: [(name: String, value: GoValue)] { get }
    /// Whether it is a pointer to the struct, printed as `&{…}`.
    var isPointer: Bool { get }
}

/// A value that is a number with a name: `time.Month`, `time.Duration`.
protocol GoNumbered {
    var number: Int64 { get }
}

/// A Go integer that prints as a name: time.Month, time.Weekday.
final class NativeNamed: NativeValue, GoNumbered {
    let goType: GoType
    let number: Int64
    let printed: String

    init(_ type: String, _ number: Int, _ name: String) {
        goType = GoType(name: type, kind: .int)
        self.number = Int64(number)
        printed = name
    }

    func member(named name: String) -> GoValue? { name == "String" ? .string(printed) : nil }
    var isTrue: Bool { number != 0 }
    func isEqual(to other: any NativeValue) -> Bool {
        (other as? NativeNamed).map { $0.number == number && $0.goType == goType } ?? false
    }
}

/// A *time.Location.
final class NativeLocation: NativeValue {
    let printed: String
    init(_ name: String) { printed = name }

    private static let type = GoType.pointer(to: GoType(name: "time.Location", kind: .structure))
    var goType: GoType { NativeLocation.type }
    func member(named name: String) -> GoValue? { name == "String" ? .string(printed) : nil }
}

/// A time.Duration in a template.
final class NativeDuration: NativeValue, GoNumbered {
    let nanoseconds: Int64
    init(_ nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    static let type = GoType.named("time.Duration")
    var goType: GoType { NativeDuration.type }
    var printed: String { GoDuration.text(nanoseconds) }
    var number: Int64 { nanoseconds }
    var isTrue: Bool { nanoseconds != 0 }
    func isEqual(to other: any NativeValue) -> Bool {
        (other as? NativeDuration)?.nanoseconds == nanoseconds
    }

    func member(named name: String) -> GoValue? {
        func fraction(_ unit: Int64) -> GoValue {
            .float64(Double(nanoseconds / unit) + Double(nanoseconds % unit) / Double(unit))
        }
        switch name {
        case "String": return .string(printed)
        case "Nanoseconds": return .int64(nanoseconds)
        case "Microseconds": return .int64(nanoseconds / 1_000)
        case "Milliseconds": return .int64(nanoseconds / 1_000_000)
        case "Seconds": return fraction(GoDuration.second)
        case "Minutes": return fraction(60 * GoDuration.second)
        case "Hours": return fraction(3_600 * GoDuration.second)
        case "Abs": return .native(NativeDuration(nanoseconds == .min ? .max : abs(nanoseconds)))
        default: return nil
        }
    }

    func method(named name: String) -> NativeMethod? {
        let round: @Sendable (Int64, Int64) -> Int64
        switch name {
        case "Round": round = { GoDuration.rounded($0, to: $1) }
        case "Truncate": round = { GoDuration.truncated($0, to: $1) }
        default: return nil
        }
        let nanoseconds = nanoseconds
        return NativeMethod([NativeDuration.type]) { [round] arguments, _ throws(FunctionError) in
            .native(NativeDuration(round(nanoseconds, Cast.int64(arguments[0]))))
        }
    }
}

/// A *semver.Version in a template.
final class NativeVersion: NativeValue, GoStructured {
    let version: SemanticVersion
    init(_ version: SemanticVersion) { self.version = version }

    static let type = GoType.pointer(to: GoType(name: "semver.Version", kind: .structure))
    var goType: GoType { NativeVersion.type }
    var printed: String { version.text }
    var isPointer: Bool { true }
    var structFields: [(name: String, value: GoValue)] {
        [
            ("major", .unsigned(.uint64, version.major)), ("minor", .unsigned(.uint64, version.minor)),
            ("patch", .unsigned(.uint64, version.patch)), ("pre", .string(version.prerelease)),
            ("metadata", .string(version.metadata)), ("original", .string(version.original)),
        ]
    }

    func member(named name: String) -> GoValue? {
        var next = version
        (next.prerelease, next.metadata) = ("", "")
        switch name {
        case "Major": return .unsigned(.uint64, version.major)
        case "Minor": return .unsigned(.uint64, version.minor)
        case "Patch": return .unsigned(.uint64, version.patch)
        case "Prerelease": return .string(version.prerelease)
        case "Metadata": return .string(version.metadata)
        case "Original": return .string(version.original)
        case "String": return .string(version.text)
        case "MarshalJSON": return .bytes(Array("\"\(version.text)\"".utf8))
        case "MarshalText": return .bytes(Array(version.text.utf8))
        case "Value": return .string(version.text)
        case "IncMajor": (next.major, next.minor, next.patch) = (version.major &+ 1, 0, 0)
        case "IncMinor": (next.minor, next.patch) = (version.minor &+ 1, 0)
        case "IncPatch": if version.prerelease.isEmpty { next.patch &+= 1 }
        default: return nil
        }
        next.original = (version.original.begins(with: "v") ? "v" : "") + next.text
        return .native(NativeVersion(next))
    }

    func method(named name: String) -> NativeMethod? {
        let version = version
        func comparing(_ result: @escaping @Sendable (Int) -> GoValue) -> NativeMethod {
            NativeMethod([NativeVersion.type]) { arguments, _ throws(FunctionError) in
                guard case .native(let other as NativeVersion) = arguments[0] else { throw Panic.nilPointer }
                return result(version.compare(other.version))
            }
        }
        func setting(_ set: @escaping @Sendable (inout SemanticVersion, String) -> Void) -> NativeMethod {
            NativeMethod([.string]) { arguments, _ throws(FunctionError) in
                var changed = version
                set(&changed, arguments[0].stringText ?? "")
                let text = changed.text
                do throws(SemanticVersion.Failure) { _ = try SemanticVersion(text) } catch {
                    throw .message(error.message(.group))
                }
                changed.original = (version.original.begins(with: "v") ? "v" : "") + text
                return .native(NativeVersion(changed))
            }
        }
        switch name {
        case "Compare": return comparing { .int($0) }
        case "Equal": return comparing { .bool($0 == 0) }
        case "LessThan": return comparing { .bool($0 < 0) }
        case "LessThanEqual": return comparing { .bool($0 <= 0) }
        case "GreaterThan": return comparing { .bool($0 > 0) }
        case "GreaterThanEqual": return comparing { .bool($0 >= 0) }
        case "SetPrerelease": return setting { $0.prerelease = $1 }
        case "SetMetadata": return setting { $0.metadata = $1 }
        default: return nil
        }
    }

    func isEqual(to other: any NativeValue) -> Bool {
        (other as? NativeVersion)?.version.original == version.original
    }
}
