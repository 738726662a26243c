import PluginAPI
import Values

/// Truth and comparison as in Go's templates: they depend on kinds, not types. Values that cannot be compared are
/// errors.
enum Comparison {
    /// Whether `if` treats a value as true: it is neither the zero value of its type nor empty.
    static func isTrue(_ value: GoValue) -> Bool {
        switch value {
        case .none: false
        case .bool(let bool): bool
        case .int(let number): number != 0
        case .int64(let number), .signed(_, let number): number != 0
        case .unsigned(_, let number): number != 0
        case .float64(let number): number != 0
        case .float32(let number): number != 0
        case .complex(let real, let imaginary): real != 0 || imaginary != 0
        case .string(let text): !text.isEmpty
        case .rawString(let bytes), .bytes(let bytes): !bytes.isEmpty
        case .array(let items): !items.isEmpty
        case .object(let object): !object.isEmpty
        case .list(let items): !items.isEmpty
        case .map(let map): map.count > 0
        case .strings(let texts): !texts.isEmpty
        case .slice(let slice): !slice.items.isEmpty
        case .typed(let typed): typed.isTrue
        case .native(let native): native.isTrue
        }
    }

    private enum Kind { case invalid, bool, complex, int, float, string, uint }

    private static func kind(_ value: GoValue) -> Kind {
        switch value {
        case .bool: .bool
        case .int, .int64, .signed: .int
        case .unsigned: .uint
        case .float64, .float32: .float
        case .complex: .complex
        case .string, .rawString: .string
        case .typed(let typed):
            switch typed.type.kind {
            case .string: .string
            case .bool: .bool
            case .int, .enumeration: .int
            case .float: .float
            default: .invalid
            }
        default: .invalid
        }
    }

    /// Whether the first value equals any of the others: `a == b || a == c …`.
    static func equal(_ slots: UnsafeBufferPointer<Slot>) throws(FunctionError) -> Bool {
        let first = slots[0].value
        guard slots.count > 1 else { throw .message("missing argument for comparison") }
        for slot in slots.dropFirst() where try equal(first, slot.value) { return true }
        return false
    }

    static func equal(_ left: GoValue, _ right: GoValue) throws(FunctionError) -> Bool {
        switch (left, right) {
        case (.string(let left), .string(let right)): return GoText.isEqual(left, right)
        case (.int64(let left), .int(let right)): return left == right
        case (.bool(let left), .bool(let right)): return left == right
        default: break
        }
        let leftKind = kind(left)
        let rightKind = kind(right)
        if leftKind != rightKind {
            switch (leftKind, rightKind) {
            case (.int, .uint): return isEqual(signed(left), unsigned(right))
            case (.uint, .int): return isEqual(signed(right), unsigned(left))
            default:
                if case .none = left { return false }
                if case .none = right { return false }
                throw incompatible(left, right)
            }
        }
        switch leftKind {
        case .bool: return Comparison.isTrue(left) == Comparison.isTrue(right)
        case .int: return signed(left) == signed(right)
        case .uint: return unsigned(left) == unsigned(right)
        case .float: return float(left) == float(right)
        case .complex:
            if case .complex(let a, let b) = left, case .complex(let c, let d) = right {
                return a == c && b == d
            }
            return false
        case .string: return left.hasSameStringBytes(as: right)
        case .invalid: return try equalOthers(left, right)
        }
    }

    private static func isEqual(_ signed: Int64, _ unsigned: UInt64) -> Bool {
        signed >= 0 && UInt64(signed) == unsigned
    }

    /// Compares values that are neither numbers nor strings nor booleans.
    private static func equalOthers(_ left: GoValue, _ right: GoValue) throws(FunctionError) -> Bool {
        var leftIsNone = false
        var rightIsNone = false
        if case .none = left { leftIsNone = true }
        if case .none = right { rightIsNone = true }
        if !leftIsNone, !rightIsNone, left.type.kind != right.type.kind {
            throw .failed(
                GoFormat.printf(
                    "non-comparable types %s: %s, %s: %s",
                    [
                        left, .string(left.typeName), .string(right.typeName), shown(right),
                    ]))
        }
        let leftIsNil = leftIsNone || isNil(left)
        let rightIsNil = rightIsNone || isNil(right)
        if leftIsNil || rightIsNil { return leftIsNil == rightIsNil }
        switch right {
        case .native(let other):
            if case .native(let native) = left { return native.isEqual(to: other) }
            return false
        case .typed(let other):
            if case .typed(let typed) = left, other.type.isComparable {
                return typed.type.name == other.type.name && (typed === other || typed.value == other.value)
            }
        default: break
        }
        throw .failed(
            GoFormat.printf("non-comparable type %s: %s", [right, .string(right.typeName)]))
    }

    /// Formats a value with `%v`.
    private static func shown(_ value: GoValue) -> GoValue { .string(GoFormat.text(value)) }

    private static func isNil(_ value: GoValue) -> Bool {
        if case .typed(let typed) = value { typed.isNil } else { false }
    }

    /// Whether `a < b`.
    static func less(_ left: GoValue, _ right: GoValue) throws(FunctionError) -> Bool {
        let leftKind = kind(left)
        let rightKind = kind(right)
        guard leftKind != .invalid, rightKind != .invalid else {
            throw .message("invalid type for comparison")
        }
        if leftKind != rightKind {
            switch (leftKind, rightKind) {
            case (.int, .uint): return signed(left) < 0 || UInt64(signed(left)) < unsigned(right)
            case (.uint, .int): return signed(right) >= 0 && unsigned(left) < UInt64(signed(right))
            default: throw incompatible(left, right)
            }
        }
        switch leftKind {
        case .int: return signed(left) < signed(right)
        case .uint: return unsigned(left) < unsigned(right)
        case .float: return float(left) < float(right)
        case .string:
            if case .string(let left) = left, case .string(let right) = right {
                return GoText.isLess(left, right)
            }
            return left.withStringBytes { one in right.withStringBytes { one.lexicographicallyPrecedes($0) } }
        default: throw .message("invalid type for comparison")
        }
    }

    static func lessOrEqual(_ left: GoValue, _ right: GoValue) throws(FunctionError) -> Bool {
        if try less(left, right) { return true }
        return try equal(left, right)
    }

    private static func incompatible(_ left: GoValue, _ right: GoValue) -> FunctionError {
        .message("incompatible types for comparison: \(left.typeName) and \(right.typeName)")
    }

    private static func signed(_ value: GoValue) -> Int64 {
        if case .typed(let typed) = value {
            return typed.enumerationNumber
        }
        return value.integer ?? 0
    }

    private static func unsigned(_ value: GoValue) -> UInt64 {
        if case .unsigned(_, let number) = value { number } else { 0 }
    }

    private static func float(_ value: GoValue) -> Double {
        switch value {
        case .float64(let number): number
        case .float32(let number): Double(number)
        default: 0
        }
    }
}
