import PluginAPI
import Values

/// Decodes proto JSON into a message. Input: a value and the message's type. Output: the value in its canonical form.
///
/// Members may have their names in JSON or in the proto file (`proxy_admin_port`). Enums are names or numbers and
/// become names, durations become seconds with up to nine decimals, numbers may be written as strings. Members that the
/// message does not have are omitted with a warning; null counts as absent.
struct ProtoDecoder {
    struct Warning: Sendable, Equatable {
        /// JSON pointer of the member.
        var pointer: String
        var message: String
    }

    private(set) var warnings: [Warning] = []
    /// Members with invalid values, in the order of the text; they are omitted from the result.
    private(set) var problems: [SchemaError] = []
    private var pointer = ""
    /// The maximum number of reported members.
    private static let reportLimit = 50

    /// The message's members in the order of the text. Members with a zero value stay, so that they can override.
    ///
    /// The recursion follows the types. For a message that can contain itself, the depth limit of readers bounds it.
    mutating func message(_ value: Value, _ type: ObjectType) -> Object {
        guard case .object(let object) = value else {
            report(mismatch(value, "an object"))
            return Object()
        }
        var result = Object()
        for member in object.members where !member.value.isNull {
            guard let index = Self.memberIndex(member.key, type) else {
                if warnings.count < Self.reportLimit { warnings.append(unknown(member.key, type)) }
                continue
            }
            let outer = pointer
            pointer += "/" + JSONPointer.escape(member.key)
            do {
                result[type.members[index].jsonName] = try decode(member.value, type.memberType(at: index))
            } catch {
                report(error)
            }
            pointer = outer
        }
        return result
    }

    private mutating func report(_ problem: SchemaError) {
        if problems.count < Self.reportLimit { problems.append(problem) }
    }

    private static func memberIndex(_ key: String, _ type: ObjectType) -> Int? {
        if let index = type.memberIndex(of: key) { return index }
        guard key.utf8.contains(UInt8(ascii: "_")) else { return nil }
        var camel = ""
        var raises = false
        for character in key {
            if character == "_" {
                raises = true
            } else {
                camel += raises ? character.uppercased() : String(character)
                raises = false
            }
        }
        return type.memberIndex(of: camel)
    }

    private func unknown(_ key: String, _ type: ObjectType) -> Warning {
        let near = Spelling.nearest(key, among: type.members.map(\.jsonName))
        return Warning(
            pointer: pointer + "/" + JSONPointer.escape(key),
            message: "unknown field \"\(key)\"" + (near.isEmpty ? "" : "; did you mean \(near[0])?"))
    }

    private mutating func decode(_ value: Value, _ type: ObjectType) throws(SchemaError) -> Value {
        switch type.kind {
        case .pointer, .wrapper: return try decode(value, type.element ?? .any)
        case .structure: return .object(message(value, type))
        case .slice:
            guard case .array(let items) = value else { throw mismatch(value, "a list") }
            var result: [Value] = []
            for (index, item) in items.enumerated() {
                result.append(
                    try inside("\(index)") { decoder throws(SchemaError) in
                        try decoder.decode(item, type.element ?? .any)
                    })
            }
            return .array(result)
        case .map:
            guard case .object(let object) = value else { throw mismatch(value, "an object") }
            var result = Object()
            for member in object.members {
                let item = try inside(member.key) { decoder throws(SchemaError) in
                    try decoder.decode(member.value, type.element ?? .any)
                }
                result.members.append(Member(member.key, item))
            }
            return .object(result)
        case .string:
            guard case .string = value else { throw mismatch(value, "a string") }
            return value
        case .bool:
            guard case .bool = value else { throw mismatch(value, "true or false") }
            return value
        case .int: return try integer(value, type)
        case .float:
            switch value {
            case .int, .double: return value
            case .string(let text):
                guard let number = NumberFormat.double(text) else { throw mismatch(value, "a number") }
                return .double(number)
            default: throw mismatch(value, "a number")
            }
        case .enumeration: return try enumeration(value, type)
        case .duration:
            guard case .string(let text) = value, let duration = ProtoDuration(text) else {
                throw mismatch(value, "a duration in seconds such as 45s")
            }
            return .string(duration.text)
        default: return value
        }
    }

    private mutating func inside(
        _ step: String, _ body: (inout ProtoDecoder) throws(SchemaError) -> Value
    ) throws(SchemaError) -> Value {
        let outer = pointer
        pointer += "/" + JSONPointer.escape(step)
        defer { pointer = outer }
        return try body(&self)
    }

    private func integer(_ value: Value, _ type: ObjectType) throws(SchemaError) -> Value {
        let number: Int64? =
            switch value {
            case .int(let number): number
            case .double(let number): Int64(exactly: number)
            case .string(let text): Int64(text)
            default: nil
            }
        let fits =
            switch (number, type.name) {
            case (nil, _): false
            case (let number?, "int32"): Int32(exactly: number) != nil
            case (let number?, "uint32"): UInt32(exactly: number) != nil
            case (let number?, "uint64"): number >= 0
            default: true
            }
        guard let number, fits else { throw mismatch(value, "a whole number (\(type.name))") }
        return .int(number)
    }

    private func enumeration(_ value: Value, _ type: ObjectType) throws(SchemaError) -> Value {
        switch value {
        case .string(let name) where type.enumeration.contains { $0.name == name }: return value
        case .int(let number):
            guard let known = type.enumeration.first(where: { $0.number == Int(number) }) else { fallthrough }
            return .string(known.name)
        default:
            throw mismatch(value, "one of " + type.enumeration.map(\.name).joined(separator: ", "))
        }
    }

    private func mismatch(_ value: Value, _ expected: String) -> SchemaError {
        let found = String(JSON.text(value).prefix(60))
        let place = pointer.isEmpty ? "" : pointer.dropFirst() + ": "
        return SchemaError(
            pointer: pointer, found: found, expected: expected,
            message: "\(place)found \(found), expected \(expected)")
    }
}
