import PluginAPI
import Values

/// Determines the origin of a function's result from those of its arguments.
///
/// | functions | the result |
/// | --- | --- |
/// | `index`, `get`, `annotation` | that of the member |
/// | `isset`, `hasKey` | from all arguments; the member counts as read |
/// | `deepCopy` | that of the copied value |
/// | `default`, `coalesce`, `valueOrDefault`, `ternary` | the chosen argument; a condition does not count |
/// | `dict`, `list`, `tuple` | a map or a list in which each argument keeps its own origin |
/// | `print`, `indent`, `nindent`, `trim…` | that of the text argument, with its runs |
/// | `toJson`, `toYaml`, `quote` … | serialised, from all arguments |
/// | `include`, `tpl`, `render` | a text with its runs |
/// | all others | from all arguments, not serialised |
struct OriginRules {
    let table: OriginTable
    let arguments: [GoValue]
    let origins: [Origin]
    let result: GoValue

    private enum Rule {
        case member, presence, annotation, fallback, coalesce, value, ternary, kept, indented, serialiser,
            nested, format, dictionary, list, copy
    }

    private static let rules: [String: Rule] = {
        var rules: [String: Rule] = [
            "index": .member, "get": .member, "isset": .presence, "hasKey": .presence,
            "annotation": .annotation, "default": .fallback,
            "coalesce": .coalesce, "valueOrDefault": .value, "ternary": .ternary, "printf": .format,
            "indent": .indented, "nindent": .indented, "dict": .dictionary, "list": .list, "tuple": .list,
            "deepCopy": .copy, "mustDeepCopy": .copy,
        ]
        for name in ["print", "trim", "trimAll", "trimall", "trimSuffix", "trimPrefix"] {
            rules[name] = .kept
        }
        for name in ["include", "tpl", "render"] { rules[name] = .nested }
        for name in serialisers { rules[name] = .serialiser }
        return rules
    }()

    /// The functions that return JSON, YAML or a quoted string. (`squote` escapes nothing, so it is not one of them.)
    static let serialisers: Set<String> = [
        "toJson", "mustToJson", "toPrettyJson", "mustToPrettyJson", "toRawJson", "mustToRawJson", "toJSON",
        "toJsonMap", "toYaml", "mustToYaml", "toYamlPretty", "structToJSON", "protoToJSON", "quote",
    ]

    func origin(of function: String) -> Origin {
        guard let rule = OriginRules.rules[function] else { return all }
        switch rule {
        case .member: return member
        case .presence:
            _ = member
            return all
        case .annotation: return annotation
        case .fallback:
            guard arguments.count > 1, !Structure.isEmpty(arguments[1]) else {
                return origins.first ?? .clean
            }
            return origins[1]
        case .coalesce:
            return arguments.firstIndex { !Structure.isEmpty($0) }.map { origins[$0] } ?? .clean
        case .value:
            guard arguments.count == 2 else { return all }
            let isUnset = arguments[0].isUntypedNil || arguments[0].stringBytes?.isEmpty == true
            return origins[isUnset ? 1 : 0]
        case .ternary:
            guard arguments.count == 3, case .bool(let condition) = arguments[2] else { return all }
            return origins[condition ? 0 : 1]
        case .kept: return kept
        case .indented: return indented(startsLine: function == "nindent")
        case .dictionary: return dictionary
        case .copy: return origins.first ?? .clean
        case .list:
            return table.structure(
                Dictionary(uniqueKeysWithValues: origins.enumerated().map { (String($0), $1) }))
        case .serialiser: return all.serialised(true)
        case .nested:
            let runs = table.takeNested()
            // The text of the template itself may be tainted.
            guard origins.first ?? .clean == .clean else { return all }
            // A text without actions is not run.
            guard let runs else { return .clean }
            return table.text(runs)
        case .format:
            let isQuoted = arguments.count == 2 && arguments[0].stringText == "%q"
            return all.serialised(isQuoted)
        }
    }

    private var all: Origin { table.union(origins) }

    private var member: Origin {
        var origin = origins.first ?? .clean
        for (index, key) in arguments.enumerated().dropFirst() {
            origin = table.member(OriginRules.name(of: key), of: origin)
            if origins[index] != .clean { origin = table.union([origin, origins[index]]) }
        }
        return origin
    }

    /// A map with an origin for each member. A tainted key counts for its value too, because a loop provides both.
    private var dictionary: Origin {
        var members: [String: Origin] = [:]
        var index = 0
        while index < arguments.count {
            guard let key = arguments[index].stringText else { return all }
            var origin = index + 1 < origins.count ? origins[index + 1] : .clean
            if origins[index] != .clean { origin = table.union([origins[index], origin]) }
            members[key] = origin
            index += 2
        }
        return table.structure(members)
    }

    private static func name(of key: GoValue) -> String {
        key.stringText ?? key.integer.map { String($0) } ?? ""
    }

    /// The annotation if it exists, otherwise the default.
    private var annotation: Origin {
        guard arguments.count == 3 else { return all }
        let found = table.member(
            arguments[1].stringText ?? "", of: table.member("Annotations", of: origins[0]))
        let annotations = TypedFields.member(arguments[0], "Annotations", "annotations")
        return annotations?.member(arguments[1].stringText ?? "") == nil ? origins[2] : found
    }

    /// The white space before the first line comes from the function, so that the value's own text begins after it.
    private func indented(startsLine: Bool) -> Origin {
        let text = kept
        guard table.runs(of: text) == nil, !text.isSerialised, text != .clean,
            let width = arguments.first?.integer, origins.first == .clean
        else { return text }
        let lead = Int(width) + (startsLine ? 1 : 0)
        guard lead > 0, lead <= result.textSize else { return text }
        return table.text([
            .init(run: .init(output: 0..<lead, template: .max, offset: 0, kind: .value), origin: .clean),
            .init(
                run: .init(output: lead..<result.textSize, template: .max, offset: 0, kind: .value),
                origin: text),
        ])
    }

    /// The argument's text, without the parts that were removed, or with the inserted ones.
    private var kept: Origin {
        guard let index = arguments.lastIndex(where: { $0.isString }) else { return all }
        let text = origins[index]
        guard origins.indices.allSatisfy({ $0 == index || origins[$0] == .clean }),
            arguments.indices.allSatisfy({
                $0 == index || !arguments[$0].isString || result.textSize <= arguments[index].textSize
            })
        else { return all }
        guard let runs = table.runs(of: text) else {
            // A serialised text without its quotes is no longer serialised, and neither is one with a prefix.
            guard text.isSerialised else { return text }
            return OriginRules.isSame(arguments[index].stringBytes ?? [], result.stringBytes ?? [])
                ? text : all
        }
        guard let before = arguments[index].stringBytes, let after = result.stringBytes,
            let places = OriginRules.places(of: before, in: after)
        else { return all }
        return table.text(
            runs.compactMap { part in
                var part = part
                let start = places[part.run.output.lowerBound]
                let end = places[part.run.output.upperBound]
                if max(start, end) - start < part.run.output.count {
                    part.origin = part.origin.serialised(false)
                }
                part.run.output = start..<max(start, end)
                return part.run.output.isEmpty && part.origin == .clean ? nil : part
            })
    }

    /// Whether two texts differ only in white space.
    private static func isSame(_ before: [UInt8], _ after: [UInt8]) -> Bool {
        func isInk(_ byte: UInt8) -> Bool { byte != 0x20 && byte != 0x0A && byte != 0x0D && byte != 0x09 }
        return before.lazy.filter(isInk).elementsEqual(after.lazy.filter(isInk))
    }

    /// Returns the offset of each byte of a text in the text that was made from it by removing its ends or inserting
    /// white space, and one more offset for the end. nil if it was made in another way.
    private static func places(of before: [UInt8], in after: [UInt8]) -> [Int]? {
        if after.count <= before.count {
            guard let lead = ByteText.index(of: after, in: before) else { return nil }
            return (0...before.count).map { min(max($0 - lead, 0), after.count) }
        }
        var places: [Int] = []
        places.reserveCapacity(before.count + 1)
        var next = 0
        for byte in before {
            while next < after.count, after[next] != byte {
                guard after[next] == UInt8(ascii: " ") || after[next] == UInt8(ascii: "\n") else {
                    return nil
                }
                next += 1
            }
            guard next < after.count else { return nil }
            places.append(next)
            next += 1
        }
        places.append(next)
        return places
    }
}
