import PluginAPI
import Values

/// Writes a value with a Go type as encoding/json (`value`) or protobuf's JSON (`message`) does.
enum TypedJSON {
    /// Writes the fields in Go's order with their JSON names, with `omitempty` as in the type. A struct is never empty.
    static func value(_ value: Value, _ type: ObjectType) -> Value {
        switch type.kind {
        case .structure:
            var result = Object()
            append(value, type, to: &result)
            return .object(result)
        case .pointer:
            guard let element = type.element, !value.isNull else { return .null }
            return self.value(value, element)
        case .slice:
            guard let element = type.element, case .array(let items) = value else { return .null }
            return .array(items.map { self.value($0, element) })
        case .map:
            guard let element = type.element, case .object(let object) = value else { return .null }
            return .object(
                Object(
                    object.members.sorted { GoText.isLess($0.key, $1.key) }.map {
                        Member($0.key, self.value($0.value, element))
                    }))
        case .any: return sorted(value)
        case .string: return .string(value.string ?? "")
        case .bool: return .bool(value.bool ?? false)
        case .int, .float: return value.isNull ? .int(0) : value
        case .quantity: return value.isNull ? .string("0") : value
        case .intOrString: return value.isNull ? .int(0) : value
        case .bytes, .time, .duration, .wrapper, .enumeration: return value
        }
    }

    private static func append(_ value: Value, _ type: ObjectType, to result: inout Object) {
        for field in type.fields {
            if field.isInline {
                append(value, field.type, to: &result)
                continue
            }
            guard !field.jsonName.isEmpty, field.name.first?.isUppercase ?? false else { continue }
            let member = value[field.jsonName] ?? .null
            if field.omitEmpty && isEmpty(member, field.type) { continue }
            result.members.append(Member(field.jsonName, self.value(member, field.type)))
        }
    }

    private static func isEmpty(_ value: Value, _ type: ObjectType) -> Bool {
        switch type.kind {
        case .structure, .quantity, .intOrString, .time: return false
        case .slice: return value.array?.isEmpty ?? true
        case .map: return value.object?.isEmpty ?? true
        case .string, .bytes: return value.string?.isEmpty ?? true
        case .bool: return value.bool != true
        case .int, .float, .enumeration: return value == .int(0) || value == .double(0) || value.isNull
        case .any, .pointer, .duration, .wrapper: return value.isNull
        }
    }

    static func sorted(_ value: Value) -> Value {
        switch value {
        case .array(let items): return .array(items.map(sorted))
        case .object(let object):
            return .object(
                Object(
                    object.members.sorted { GoText.isLess($0.key, $1.key) }.map {
                        Member($0.key, sorted($0.value))
                    }))
        default: return value
        }
    }

    /// Writes protobuf's JSON: fields are in the type's order. Fields that are unset or have proto3's zero value are
    /// omitted, and at the top level those that equal `defaults`.
    static func message(_ value: Value, _ type: ObjectType, defaults: Object? = nil) -> Value {
        switch type.kind {
        case .pointer:
            guard let element = type.element, !value.isNull else { return .null }
            return message(value, element, defaults: defaults)
        case .structure:
            var result = Object()
            let defaults = defaults ?? Object()
            for field in type.fields where !field.jsonName.isEmpty {
                guard let member = value[field.jsonName], !isUnset(member, field.type) else { continue }
                if let usual = defaults[field.jsonName], usual == member { continue }
                result.members.append(Member(field.jsonName, message(member, field.type)))
            }
            return .object(result)
        case .slice:
            guard let element = type.element, case .array(let items) = value else { return value }
            return .array(items.map { message($0, element) })
        case .map:
            guard let element = type.element, case .object(let object) = value else { return value }
            return .object(
                Object(
                    object.members.sorted { GoText.isLess($0.key, $1.key) }.map {
                        Member($0.key, message($0.value, element))
                    }))
        case .enumeration:
            if case .int(let number) = value,
                let name = type.enumeration.first(where: { $0.number == Int(number) })
            {
                return .string(name.name)
            }
            return value
        case .any: return sorted(value)
        default: return value
        }
    }

    private static func isUnset(_ value: Value, _ type: ObjectType) -> Bool {
        switch type.kind {
        case .enumeration:
            if case .string(let name) = value {
                return type.enumeration.first { $0.name == name }?.number == 0
            }
            return value.isNull || value == .int(0)
        case .structure: return value.isNull
        default: return isEmpty(value, type)
        }
    }
}
