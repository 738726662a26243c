import Glibc
public import Values

/// Go's fmt package: `print`, `println`, `printf` and the output of `{{value}}`.
///
/// It supports every verb, flag, width, precision and argument index. Invalid ones are printed as in Go
/// (`%!d(string=a)`). Output is appended to a buffer. `limit` bounds its size, and `isOverLimit` tells whether the
/// limit was exceeded.
public struct GoFormat {
    struct Flags {
        var width: Int?
        var precision: Int?
        var minus = false
        var plus = false
        var sharp = false
        var space = false
        var zero = false
        /// Set for `%+v` and `%#v`.
        var plusV = false
        var sharpV = false
    }

    var flags = Flags()
    /// Whether the error for a wrong verb is being written. Methods are not called then.
    var isComplaining = false
    let limit: Int
    public private(set) var isOverLimit = false

    /// - Parameter limit: the number of bytes; output beyond it is omitted.
    public init(limit: Int = .max) { self.limit = limit }

    mutating func noteOverLimit() { isOverLimit = true }

    // MARK: For callers

    /// Implements `fmt.Sprint`: a space between two operands if neither is a string.
    public mutating func print(
        _ arguments: some RandomAccessCollection<GoValue>, into output: inout ByteBuffer
    ) {
        var afterString = false
        for (index, argument) in arguments.enumerated() {
            let isString = argument.type.kind == .string
            if index > 0, !isString, !afterString { output.append(UInt8(ascii: " ")) }
            printArgument(argument, verb: "v", into: &output)
            afterString = isString
        }
    }

    /// Implements `fmt.Sprintln`.
    public mutating func println(
        _ arguments: some RandomAccessCollection<GoValue>, into output: inout ByteBuffer
    ) {
        for (index, argument) in arguments.enumerated() {
            if index > 0 { output.append(UInt8(ascii: " ")) }
            printArgument(argument, verb: "v", into: &output)
        }
        output.append(UInt8(ascii: "\n"))
    }

    /// Implements `fmt.Sprint` for one value, and returns a `String`. Bytes that are not UTF-8 are replaced.
    public static func text(_ value: GoValue) -> String {
        if case .string(let text) = value { return text }
        var output = ByteBuffer(capacity: 64)
        var format = GoFormat()
        format.print([value], into: &output)
        return output.text
    }

    static func printf(_ format: String, _ arguments: [GoValue]) -> [UInt8] {
        printf(Array(format.utf8), arguments)
    }

    static func printf(_ format: [UInt8], _ arguments: [GoValue]) -> [UInt8] {
        var output = ByteBuffer(capacity: format.count + 64)
        var printer = GoFormat()
        format.withUnsafeBufferPointer { printer.printf($0, arguments[...], into: &output) }
        return output.bytes
    }

    // MARK: Arguments

    /// Prints one operand with a verb of printf and the current flags.
    mutating func printArgument(_ value: GoValue, verb: Unicode.Scalar, into output: inout ByteBuffer) {
        guard case .none = value else {
            switch verb {
            case "T": printString(value.typeName, value: value, verb: "s", into: &output)
            // Only Errorf uses it, and templates have no Errorf.
            case "w": complain(value, verb: verb, into: &output)
            case "p": printPointer(value, verb: verb, into: &output)
            default: printValue(value, verb: verb, depth: 0, into: &output)
            }
            return
        }
        switch verb {
        case "T", "v": pad(string: "<nil>", into: &output)
        default: complain(value, verb: verb, into: &output)
        }
    }

    /// Prints the error for a wrong verb: `%!d(string=hi)`.
    mutating func complain(_ value: GoValue, verb: Unicode.Scalar, into output: inout ByteBuffer) {
        isComplaining = true
        output.append("%!")
        GoQuote.append(verb, into: &output)
        output.append("(")
        if case .none = value {
            output.append("<nil>")
        } else {
            output.append(value.typeName)
            output.append("=")
            printArgument(value, verb: "v", into: &output)
        }
        output.append(")")
        isComplaining = false
    }

    mutating func printPointer(_ value: GoValue, verb: Unicode.Scalar, into output: inout ByteBuffer) {
        switch value.type.kind {
        case .map, .slice, .pointer:
            // Addresses have no meaning here. In Go they differ between runs.
            output.append("0xc000010000")
        default: complain(value, verb: verb, into: &output)
        }
    }

    // MARK: Values

    /// The steps of printing a value with elements. They are on a stack of their own, because data may be nested more
    /// deeply than the thread's stack allows.
    enum Step {
        case value(GoValue, depth: Int)
        case key(String)
        case text(String)
    }

    mutating func printValue(
        _ value: GoValue, verb: Unicode.Scalar, depth: Int, into output: inout ByteBuffer
    ) {
        if printScalar(value, verb: verb, into: &output) { return }
        switch value {
        case .object(let object): return printData(.object(object), verb: verb, into: &output)
        case .array(let items): return printData(.array(items), verb: verb, into: &output)
        default: break
        }
        var work: [Step] = []
        let start = output.count
        expand(value, depth: depth, verb: verb, onto: &work, into: &output)
        while let step = work.popLast() {
            if output.count &- start > limit {
                isOverLimit = true
                return
            }
            switch step {
            case .text(let text): output.append(text)
            case .key(let key): printString(key, value: .string(key), verb: verb, into: &output)
            case .value(.none, _):
                output.append(flags.sharpV ? "interface {}(nil)" : "<nil>")
            case .value(let value, let depth):
                if !printScalar(value, verb: verb, into: &output) {
                    expand(value, depth: depth, verb: verb, onto: &work, into: &output)
                }
            }
        }
    }

    /// An array or object of the data that is being printed. One of the two lists is empty.
    private struct OpenData {
        var members: [Member] = []
        var items: [Value] = []
        var printed = 0
    }

    /// Prints data directly. This is the common case, for which no steps are created.
    private mutating func printData(_ value: Value, verb: Unicode.Scalar, into output: inout ByteBuffer) {
        var open: [OpenData] = []
        let start = output.count
        begin(value, verb: verb, onto: &open, into: &output)
        while let last = open.indices.last {
            if output.count &- start > limit {
                isOverLimit = true
                return
            }
            let index = open[last].printed
            guard index < open[last].members.count + open[last].items.count else {
                output.append(flags.sharpV ? "}" : "]")
                open.removeLast()
                continue
            }
            if index > 0 { output.append(flags.sharpV ? ", " : " ") }
            open[last].printed = index + 1
            if open[last].members.isEmpty {
                begin(open[last].items[index], verb: verb, onto: &open, into: &output)
            } else {
                let member = open[last].members[index]
                printString(member.key, value: .string(member.key), verb: verb, into: &output)
                output.append(UInt8(ascii: ":"))
                begin(member.value, verb: verb, onto: &open, into: &output)
            }
        }
    }

    /// Prints a scalar, or the opening of an array or object.
    private mutating func begin(
        _ value: Value, verb: Unicode.Scalar, onto open: inout [OpenData], into output: inout ByteBuffer
    ) {
        switch value {
        case .null: output.append(flags.sharpV ? "interface {}(nil)" : "<nil>")
        case .object(let object):
            output.append(flags.sharpV ? GoType.anyMap.name + "{" : "map[")
            open.append(OpenData(members: object.sortedMembers))
        case .array(let items):
            output.append(flags.sharpV ? GoType.anySlice.name + "{" : "[")
            open.append(OpenData(items: items))
        default: _ = printScalar(GoValue(value), verb: verb, into: &output)
        }
    }

    /// Prints a value without elements. Returns false if it has elements.
    private mutating func printScalar(
        _ value: GoValue, verb: Unicode.Scalar, into output: inout ByteBuffer
    ) -> Bool {
        switch value {
        case .bool(let bool):
            if verb == "t" || verb == "v" {
                pad(string: bool ? "true" : "false", into: &output)
            } else {
                complain(value, verb: verb, into: &output)
            }
        case .int(let int): printInteger(Int64(int), value, verb: verb, into: &output)
        case .int64(let int), .signed(_, let int): printInteger(int, value, verb: verb, into: &output)
        case .unsigned(_, let number):
            printInteger(number, isNegative: false, isSigned: false, value, verb: verb, into: &output)
        case .float64(let number): printFloat(number, isSingle: false, value, verb: verb, into: &output)
        case .float32(let number):
            printFloat(Double(number), isSingle: true, value, verb: verb, into: &output)
        case .complex(let real, let imaginary):
            printComplex(real, imaginary, value, verb: verb, into: &output)
        case .string(let text): printString(text, value: value, verb: verb, into: &output)
        case .rawString(let bytes):
            bytes.withUnsafeBufferPointer { printBytes($0, value: value, verb: verb, into: &output) }
        case .bytes(let bytes):
            printByteSlice(bytes, value, verb: verb, into: &output)
        case .native(let native):
            let callsString = !isComplaining && !flags.sharpV && "vsxXq".unicodeScalars.contains(verb)
            if !callsString, native is any GoStructured { return false }
            if !callsString || verb == "x" || verb == "X", let number = (native as? any GoNumbered)?.number {
                printInteger(number, value, verb: verb, into: &output)
            } else {
                printString(native.printed, value: value, verb: verb, into: &output)
            }
        case .typed(let typed):
            return printTypedScalar(typed, value, verb: verb, into: &output)
        case .none: output.append("<nil>")
        case .array, .object, .list, .map, .strings, .slice: return false
        }
        return true
    }

    /// Pushes the elements of a value onto the stack, in reverse.
    private mutating func expand(
        _ value: GoValue, depth: Int, verb: Unicode.Scalar, onto work: inout [Step],
        into output: inout ByteBuffer
    ) {
        let separator = flags.sharpV ? ", " : " "
        if case .typed(let typed) = value {
            let (steps, closing) = typedSteps(
                typed, verb: verb, depth: depth, separator: separator, into: &output)
            work.append(.text(closing))
            work += steps.reversed()
        } else if case .native(let native as any GoStructured) = value {
            let name =
                flags.sharpV ? (value.typeName.begins(with: "*") ? value.typeName.dropFirst() : "") : ""
            output.append((native.isPointer ? "&" : "") + name + "{")
            work.append(.text("}"))
            for (index, field) in native.structFields.enumerated().reversed() {
                work.append(.value(field.value, depth: depth + 1))
                if flags.plusV || flags.sharpV { work.append(.text(field.name + ":")) }
                if index > 0 { work.append(.text(separator)) }
            }
        } else if let members = value.sortedMembers {
            output.append(flags.sharpV ? value.typeName + "{" : "map[")
            work.append(.text(flags.sharpV ? "}" : "]"))
            for (index, member) in members.enumerated().reversed() {
                work.append(.value(member.value, depth: depth + 1))
                work.append(.text(":"))
                work.append(.key(member.key))
                if index > 0 { work.append(.text(separator)) }
            }
        } else if let items = value.items {
            output.append(flags.sharpV ? value.typeName + "{" : "[")
            work.append(.text(flags.sharpV ? "}" : "]"))
            for (index, item) in items.enumerated().reversed() {
                work.append(.value(item, depth: depth + 1))
                if index > 0 { work.append(.text(separator)) }
            }
        }
    }

    // MARK: Texts

    mutating func printString(
        _ text: String, value: GoValue, verb: Unicode.Scalar, into output: inout ByteBuffer
    ) {
        var text = text
        text.withUTF8 { printBytes($0, value: value, verb: verb, into: &output) }
    }

    private mutating func printBytes(
        _ bytes: UnsafeBufferPointer<UInt8>, value: GoValue, verb: Unicode.Scalar,
        into output: inout ByteBuffer
    ) {
        switch verb {
        case "v" where flags.sharpV: printQuoted(bytes, into: &output)
        case "v", "s": pad(truncated(bytes), into: &output)
        case "x": printHex(bytes, upper: false, into: &output)
        case "X": printHex(bytes, upper: true, into: &output)
        case "q": printQuoted(bytes, into: &output)
        default: complain(value, verb: verb, into: &output)
        }
    }

    private mutating func printByteSlice(
        _ bytes: [UInt8], _ value: GoValue, verb: Unicode.Scalar, into output: inout ByteBuffer
    ) {
        switch verb {
        case "v", "d":
            output.append(flags.sharpV ? "[]byte{" : "[")
            for (index, byte) in bytes.enumerated() {
                if index > 0 { output.append(flags.sharpV ? ", " : " ") }
                if flags.sharpV {
                    output.append("0x" + String(byte, radix: 16))
                } else {
                    printInteger(
                        UInt64(byte), isNegative: false, isSigned: false, value, verb: "d", into: &output)
                }
            }
            output.append(flags.sharpV ? "}" : "]")
        case "s", "x", "X", "q":
            bytes.withUnsafeBufferPointer { printBytes($0, value: value, verb: verb, into: &output) }
        default:
            output.append("[")
            for (index, byte) in bytes.enumerated() {
                if index > 0 { output.append(" ") }
                printArgument(.unsigned(.uint8, UInt64(byte)), verb: verb, into: &output)
            }
            output.append("]")
        }
    }

    /// Returns as many characters as the precision allows.
    private func truncated(_ bytes: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
        guard let precision = flags.precision, precision < bytes.count else { return bytes }
        var index = 0
        var left = precision
        while index < bytes.count {
            left -= 1
            if left < 0 { return UnsafeBufferPointer(rebasing: bytes[..<index]) }
            index += GoQuote.scalar(in: bytes, at: index).length
        }
        return bytes
    }

    private mutating func printQuoted(_ bytes: UnsafeBufferPointer<UInt8>, into output: inout ByteBuffer) {
        let bytes = truncated(bytes)
        var quoted = ByteBuffer(capacity: bytes.count + 8)
        if flags.sharp, GoQuote.canBackquote(bytes) {
            quoted.append("`")
            quoted.append(bytes)
            quoted.append("`")
        } else {
            GoQuote.append(bytes, ascii: flags.plus, into: &quoted)
        }
        quoted.withBytes { pad($0, into: &output) }
    }

    /// Prints two digits per byte. The space flag separates the bytes, and the sharp flag adds 0x.
    private mutating func printHex(
        _ bytes: UnsafeBufferPointer<UInt8>, upper: Bool, into output: inout ByteBuffer
    ) {
        let length = min(bytes.count, flags.precision ?? .max)
        guard length > 0 else {
            if let width = flags.width { writePadding(width, into: &output) }
            return
        }
        var width = 2 * length
        if flags.space {
            if flags.sharp { width *= 2 }
            width += length - 1
        } else if flags.sharp {
            width += 2
        }
        let padding = (flags.width ?? 0) - width
        if !flags.minus { writePadding(padding, into: &output) }
        let prefix = upper ? "0X" : "0x"
        if flags.sharp { output.append(prefix) }
        for index in 0..<length {
            if flags.space, index > 0 {
                output.append(" ")
                if flags.sharp { output.append(prefix) }
            }
            GoQuote.appendHex(UInt32(bytes[index]), digits: 2, upper: upper, into: &output)
        }
        if flags.minus { writePadding(padding, into: &output) }
    }

    // MARK: Padding

    func writePadding(_ count: Int, into output: inout ByteBuffer) {
        let byte = flags.zero && !flags.minus ? UInt8(ascii: "0") : UInt8(ascii: " ")
        output.append(repeating: byte, count: count)
    }

    /// Pads to the width, which is in characters.
    func pad(_ bytes: UnsafeBufferPointer<UInt8>, into output: inout ByteBuffer) {
        guard let width = flags.width, width > 0 else { return output.append(bytes) }
        let padding = width - GoQuote.characterCount(bytes)
        if !flags.minus { writePadding(padding, into: &output) }
        output.append(bytes)
        if flags.minus { writePadding(padding, into: &output) }
    }

    func pad(string: String, into output: inout ByteBuffer) {
        var string = string
        string.withUTF8 { pad($0, into: &output) }
    }
}
