/// A time.Time in a template.
final class NativeTime: NativeValue, JSONTextual {
    let time: GoTime
    init(_ time: GoTime) { self.time = time }

    private static let type = GoType(name: "time.Time", kind: .structure)
    var goType: GoType { NativeTime.type }
    var printed: String { time.printed }
    var ownJSONText: String {
        String(decoding: time.formatted(Array("2006-01-02T15:04:05.999999999Z07:00".utf8)), as: UTF8.self)
    }

    func member(named name: String) -> GoValue? {
        let fields = time.fields
        switch name {
        case "Year": return .int(Int(fields.year))
        case "Month": return .string(GoTime.months[fields.month - 1])
        case "Day": return .int(fields.day)
        case "Hour": return .int(fields.hour)
        case "Minute": return .int(fields.minute)
        case "Second": return .int(fields.second)
        case "Nanosecond": return .int(Int(time.nanoseconds))
        case "Weekday": return .string(GoTime.weekdays[fields.weekday])
        case "YearDay": return .int(fields.yearDay)
        case "Unix": return .int64(time.seconds)
        case "UnixMilli": return .int64(time.seconds &* 1_000 &+ Int64(time.nanoseconds / 1_000_000))
        case "UnixNano": return .int64(time.seconds &* GoDuration.second &+ Int64(time.nanoseconds))
        case "UTC", "Local": return .native(NativeTime(time.shown(in: .utc)))
        case "IsZero": return .bool(time.seconds == GoTime.zero.seconds && time.nanoseconds == 0)
        case "String": return .string(printed)
        default: return nil
        }
    }

    func isEqual(to other: any NativeValue) -> Bool { (other as? NativeTime)?.time == time }
}

/// A *semver.Version in a template.
final class NativeVersion: NativeValue {
    let version: SemanticVersion
    init(_ version: SemanticVersion) { self.version = version }

    private static let type = GoType.pointer(to: GoType(name: "semver.Version", kind: .structure))
    var goType: GoType { NativeVersion.type }
    var printed: String { version.text }

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
        case "IncMajor": (next.major, next.minor, next.patch) = (version.major &+ 1, 0, 0)
        case "IncMinor": (next.minor, next.patch) = (version.minor &+ 1, 0)
        case "IncPatch": if version.prerelease.isEmpty { next.patch &+= 1 }
        default: return nil
        }
        next.original = (version.original.hasPrefix("v") ? "v" : "") + next.text
        return .native(NativeVersion(next))
    }

    func isEqual(to other: any NativeValue) -> Bool {
        (other as? NativeVersion)?.version.original == version.original
    }
}
