public import Values

/// Interprets the format of `printf`: flags, width, precision, argument indexes, verbs.
extension GoFormat {
    /// The largest width and precision. Larger ones are refused, as in Go, so that one number never fills much memory.
    private static let largestSize = 1_000_000

    /// The state of parsing a format.
    private struct State {
        var argument = 0
        var index = 0
        var isReordered = false
        var isArgumentGood = true
        var isAfterIndex = false
        /// Whether a `]` may follow. If one search found none, another would only read the rest of the format again.
        var canClose = true
    }

    public mutating func printf<Arguments: RandomAccessCollection<GoValue>>(
        _ format: UnsafeBufferPointer<UInt8>, _ arguments: Arguments, into output: inout ByteBuffer
    ) where Arguments.Index == Int {
        var state = State()
        let start = output.count
        while state.index < format.count {
            if output.count &- start > limit { return noteOverLimit() }
            state.isArgumentGood = true
            let literal = state.index
            while state.index < format.count, format[state.index] != UInt8(ascii: "%") { state.index += 1 }
            if state.index > literal {
                output.append(UnsafeBufferPointer(rebasing: format[literal..<state.index]))
            }
            if state.index >= format.count { break }
            state.index += 1
            flags = Flags()
            readFlags(format, &state)
            state.isAfterIndex = readArgumentIndex(format, arguments.count, &state)
            readWidth(format, arguments, &state, into: &output)
            readPrecision(format, arguments, &state, into: &output)
            if !state.isAfterIndex { state.isAfterIndex = readArgumentIndex(format, arguments.count, &state) }
            guard state.index < format.count else {
                output.append("%!(NOVERB)")
                break
            }
            let (verb, length) = GoQuote.scalar(in: format, at: state.index)
            state.index += length
            printVerb(verb, arguments, &state, into: &output)
        }
        if !state.isReordered, state.argument < arguments.count {
            flags = Flags()
            output.append("%!(EXTRA ")
            for (index, argument) in arguments.dropFirst(state.argument).enumerated() {
                if index > 0 { output.append(", ") }
                if case .none = argument {
                    output.append("<nil>")
                } else {
                    output.append(argument.typeName)
                    output.append("=")
                    printArgument(argument, verb: "v", into: &output)
                }
            }
            output.append(")")
        }
    }

    private mutating func printVerb<Arguments: RandomAccessCollection<GoValue>>(
        _ verb: Unicode.Scalar, _ arguments: Arguments, _ state: inout State,
        into output: inout ByteBuffer
    ) where Arguments.Index == Int {
        if verb == "%" {
            output.append(UInt8(ascii: "%"))
        } else if !state.isArgumentGood {
            output.append("%!")
            GoQuote.append(verb, into: &output)
            output.append("(BADINDEX)")
        } else if state.argument >= arguments.count {
            output.append("%!")
            GoQuote.append(verb, into: &output)
            output.append("(MISSING)")
        } else {
            if verb == "v" {
                (flags.sharpV, flags.sharp) = (flags.sharp, false)
                (flags.plusV, flags.plus) = (flags.plus, false)
            } else if verb == "w" {
                (flags.sharpV, flags.sharp) = (flags.sharp, false)
                (flags.plusV, flags.plus) = (flags.plus, false)
            }
            printArgument(arguments[arguments.startIndex + state.argument], verb: verb, into: &output)
            state.argument += 1
        }
    }

    private mutating func readFlags(_ format: UnsafeBufferPointer<UInt8>, _ state: inout State) {
        while state.index < format.count {
            switch format[state.index] {
            case UInt8(ascii: "#"): flags.sharp = true
            case UInt8(ascii: "0"): flags.zero = true
            case UInt8(ascii: "+"): flags.plus = true
            case UInt8(ascii: "-"): flags.minus = true
            case UInt8(ascii: " "): flags.space = true
            default: return
            }
            state.index += 1
        }
    }

    private mutating func readWidth<Arguments: RandomAccessCollection<GoValue>>(
        _ format: UnsafeBufferPointer<UInt8>, _ arguments: Arguments, _ state: inout State,
        into output: inout ByteBuffer
    ) where Arguments.Index == Int {
        guard state.index < format.count, format[state.index] == UInt8(ascii: "*") else {
            flags.width = readNumber(format, &state.index, until: format.count)
            if state.isAfterIndex, flags.width != nil { state.isArgumentGood = false }
            return
        }
        state.index += 1
        flags.width = nextSize(arguments, &state)
        if flags.width == nil { output.append("%!(BADWIDTH)") }
        if let width = flags.width, width < 0 {
            flags.width = -width
            flags.minus = true
            flags.zero = false
        }
        state.isAfterIndex = false
    }

    private mutating func readPrecision<Arguments: RandomAccessCollection<GoValue>>(
        _ format: UnsafeBufferPointer<UInt8>, _ arguments: Arguments, _ state: inout State,
        into output: inout ByteBuffer
    ) where Arguments.Index == Int {
        guard state.index + 1 < format.count, format[state.index] == UInt8(ascii: ".") else { return }
        state.index += 1
        if state.isAfterIndex { state.isArgumentGood = false }
        state.isAfterIndex = readArgumentIndex(format, arguments.count, &state)
        guard state.index < format.count, format[state.index] == UInt8(ascii: "*") else {
            flags.precision = readNumber(format, &state.index, until: format.count) ?? 0
            return
        }
        state.index += 1
        flags.precision = nextSize(arguments, &state)
        if let precision = flags.precision, precision < 0 { flags.precision = nil }
        if flags.precision == nil { output.append("%!(BADPREC)") }
        state.isAfterIndex = false
    }

    /// Returns the next argument as a width or precision; nil if it is not an integer or is too large.
    private func nextSize<Arguments: RandomAccessCollection<GoValue>>(
        _ arguments: Arguments, _ state: inout State
    ) -> Int? where Arguments.Index == Int {
        guard state.argument < arguments.count else { return nil }
        let argument = arguments[arguments.startIndex + state.argument]
        state.argument += 1
        guard let number = argument.integer, number.magnitude <= UInt64(GoFormat.largestSize) else {
            return nil
        }
        return Int(number)
    }

    /// Parses a number in the format; nil if it is missing or too large.
    private func readNumber(
        _ format: UnsafeBufferPointer<UInt8>, _ index: inout Int, until end: Int
    ) -> Int? {
        var number: Int?
        while index < end, Lexer.isDigit(format[index]) {
            if (number ?? 0) > GoFormat.largestSize {
                index = end
                return nil
            }
            number = (number ?? 0) * 10 + Int(format[index] & 15)
            index += 1
        }
        return number
    }

    /// Parses an argument index such as `[3]`. Returns whether there is one.
    private func readArgumentIndex(
        _ format: UnsafeBufferPointer<UInt8>, _ count: Int, _ state: inout State
    ) -> Bool {
        guard state.index < format.count, format[state.index] == UInt8(ascii: "[") else { return false }
        state.isReordered = true
        guard state.canClose, format.count - state.index >= 3,
            let close = format[(state.index + 1)...].firstIndex(of: UInt8(ascii: "]"))
        else {
            state.canClose = state.canClose && format.count - state.index < 3
            state.isArgumentGood = false
            state.index += 1
            return false
        }
        var index = state.index + 1
        let number = readNumber(format, &index, until: close)
        let isNumber = index == close
        state.index = close + 1
        guard let number, isNumber else {
            state.isArgumentGood = false
            return false
        }
        guard number >= 1, number <= count else {
            state.isArgumentGood = false
            return true
        }
        state.argument = number - 1
        return true
    }
}

extension GoValue {
    /// The number of any integer type; nil for anything else, or if it does not fit.
    var integer: Int64? {
        switch self {
        case .int(let int): Int64(int)
        case .int64(let int), .signed(_, let int): int
        case .unsigned(_, let number): Int64(exactly: number)
        default: nil
        }
    }
}
