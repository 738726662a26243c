import PluginAPI
import Values

extension Call {
    /// Formats a value with `%v`.
    func printed(_ value: GoValue) throws(FunctionError) -> [UInt8] {
        if let bytes = value.stringBytes { return bytes }
        var output = ByteBuffer()
        var format = GoFormat(limit: context.limits.functionBytes)
        format.print([value], into: &output)
        if format.isOverLimit { try room(bytes: .max) }
        try work(output.count / Call.bytesPerStep)
        return output.bytes
    }

    /// Converts a value to a string as sprig's `toString` does: bytes are taken as text, anything else is printed.
    func string(_ value: GoValue) throws(FunctionError) -> [UInt8] {
        if case .bytes(let bytes) = value { return bytes }
        if case .typed(let typed) = value, typed.type.kind == .bytes {
            return Base64.decode(typed.value.string ?? "") ?? []
        }
        return try printed(value)
    }

    /// Converts the items of a list to strings, except nil ones. A value that is not a list is the only item.
    func strings(_ value: GoValue) throws(FunctionError) -> [[UInt8]] {
        if value.isNil && value.type.kind != .slice { return [] }
        guard let items = value.items else { return [try string(value)] }
        try work(items.count / 4)
        var result: [[UInt8]] = []
        result.reserveCapacity(items.count)
        for item in items where !item.isNil { result.append(try string(item)) }
        return result
    }

    /// Quotes with `%q`.
    func quoted(_ bytes: [UInt8]) -> [UInt8] { GoText.quotedBytes(bytes) }
}

extension GoText {
    /// Quotes a text in double quotes if nothing in it has to be escaped; otherwise nil.
    static func plainlyQuoted(_ text: String) -> String? {
        text.withBytes { bytes in
            for byte in bytes where byte < 0x20 || byte >= 0x7F || byte == 0x22 || byte == 0x5C { return nil }
            return String(unsafeUninitializedCapacity: bytes.count + 2) { target in
                target[0] = 0x22
                for index in bytes.indices { target[index + 1] = bytes[index] }
                target[bytes.count + 1] = 0x22
                return bytes.count + 2
            }
        }
    }

    /// Quotes bytes in double quotes as a Go string literal.
    static func quotedBytes(_ bytes: [UInt8]) -> [UInt8] {
        var output = ByteBuffer(capacity: bytes.count + 2)
        bytes.withUnsafeBufferPointer { GoQuote.append($0, into: &output) }
        return output.bytes
    }

    static func quoted(_ bytes: [UInt8]) -> String { String(decoding: quotedBytes(bytes), as: UTF8.self) }
}

extension GoValue {
    /// Returns a `[]string`. If an item is not UTF-8, it is a slice that preserves the bytes.
    static func texts(_ items: [[UInt8]]) -> GoValue {
        var result: [String] = []
        result.reserveCapacity(items.count)
        for item in items {
            guard let text = String(validating: item, as: UTF8.self) else {
                return .slice(GoSlice(type: .strings, items: items.map { GoValue.text($0) }))
            }
            result.append(text)
        }
        return .strings(result)
    }
}
