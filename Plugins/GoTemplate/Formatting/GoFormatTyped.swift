import PluginAPI
import Values

/// Prints values with Go types.
extension GoFormat {
    /// Prints a typed value that is a single piece. Returns false if it has parts.
    mutating func printTypedScalar(
        _ typed: TypedValue, _ value: GoValue, verb: Unicode.Scalar, into output: inout ByteBuffer
    ) -> Bool {
        if typed.printsByMethod, !isComplaining, !flags.sharpV, "vsxXq".unicodeScalars.contains(verb) {
            printString(typed.printed, value: value, verb: verb, into: &output)
            return true
        }
        switch typed.type.kind {
        case .string:
            printString(typed.value.string ?? "", value: value, verb: verb, into: &output)
        case .bool:
            return printPlain(.bool(typed.value.bool ?? false), verb, into: &output)
        case .enumeration:
            printInteger(typed.enumerationNumber, value, verb: verb, into: &output)
        case .bytes:
            let text = typed.value.string ?? ""
            return printPlain(.bytes(Base64.decode(text) ?? []), verb, into: &output)
        case .quantity, .time, .duration, .intOrString, .wrapper:
            printString(typed.printed, value: value, verb: verb, into: &output)
        case .pointer where typed.value.isNull: printAddress(of: value, verb: verb, into: &output)
        default: return false
        }
        return true
    }

    private mutating func printPlain(
        _ value: GoValue, _ verb: Unicode.Scalar, into output: inout ByteBuffer
    ) -> Bool {
        printValue(value, verb: verb, depth: 0, into: &output)
        return true
    }

    /// Prints a pointer without its target. Addresses have no meaning here; in Go they differ between runs.
    private mutating func printAddress(
        of value: GoValue, verb: Unicode.Scalar, into output: inout ByteBuffer
    ) {
        let isNil = if case .typed(let typed) = value { typed.value.isNull } else { true }
        switch verb {
        case "v" where flags.sharpV:
            output.append("(\(value.typeName))(\(isNil ? "nil" : "0xc000010000"))")
        case "v": pad(string: isNil ? "<nil>" : "0xc000010000", into: &output)
        case "b", "o", "d", "x", "X":
            printInteger(
                isNil ? 0 : 0xc0_0001_0000, isNegative: false, isSigned: false, value, verb: verb,
                into: &output)
        default: complain(value, verb: verb, into: &output)
        }
    }

    /// Returns the parts of a struct, map, slice or pointer. The opening is written immediately.
    mutating func typedSteps(
        _ typed: TypedValue, verb: Unicode.Scalar, depth: Int, separator: String,
        into output: inout ByteBuffer
    ) -> (steps: [Step], closing: String) {
        let type = typed.type
        if flags.sharpV, typed.isNil, type.kind == .map || type.kind == .slice {
            output.append(type.name + "(nil)")
            return ([], "")
        }
        var steps: [Step] = []
        switch type.kind {
        case .pointer:
            let element = type.element
            let isPlain = [.structure, .slice, .map].contains(element?.kind ?? .any)
            guard depth == 0, isPlain else {
                printAddress(of: .typed(typed), verb: verb, into: &output)
                return ([], "")
            }
            output.append("&")
            return ([.value(GoValue(typed.value, type: element), depth: depth + 1)], "")
        case .structure:
            output.append((flags.sharpV ? type.name : "") + "{")
            for (index, field) in type.fields.enumerated() {
                if index > 0 { steps.append(.text(separator)) }
                if flags.plusV || flags.sharpV { steps.append(.text(field.name + ":")) }
                steps.append(.value(typed.field(field), depth: depth + 1))
            }
            return (steps, "}")
        case .map:
            output.append(flags.sharpV ? type.name + "{" : "map[")
            for (index, member) in (GoValue.typed(typed).sortedMembers ?? []).enumerated() {
                if index > 0 { steps.append(.text(separator)) }
                steps += [.key(member.key), .text(":"), .value(member.value, depth: depth + 1)]
            }
        default:
            output.append(flags.sharpV ? type.name + "{" : "[")
            for (index, item) in (GoValue.typed(typed).items ?? []).enumerated() {
                if index > 0 { steps.append(.text(separator)) }
                steps.append(.value(item, depth: depth + 1))
            }
        }
        return (steps, flags.sharpV ? "}" : "]")
    }
}
