import PluginAPI
import Values

extension Call {
    /// `%v`
    func printed(_ value: GoValue) throws(FunctionError) -> [UInt8] {
        if let bytes = value.stringBytes { return bytes }
        var output = ByteBuffer()
        var format = GoFormat(limit: context.limits.functionBytes)
        format.print([value], into: &output)
        if format.isOverLimit { try room(bytes: .max) }
        try work(output.count / Call.bytesPerStep)
        return output.bytes
    }

    /// A text of anything, as sprig's `toString`: bytes are taken for text, the rest is printed.
    func string(_ value: GoValue) throws(FunctionError) -> [UInt8] {
        if case .bytes(let bytes) = value { return bytes }
        if case .typed(let typed) = value, typed.type.kind == .bytes {
            return Base64.decode(typed.value.string ?? "") ?? []
        }
        return try printed(value)
    }

    /// Texts of a list's items, nil ones left out; anything but a list is the one item.
    func strings(_ value: GoValue) throws(FunctionError) -> [[UInt8]] {
        if value.isNil && value.type.kind != .slice { return [] }
        guard let items = value.items else { return [try string(value)] }
        try work(items.count / 4)
        var result: [[UInt8]] = []
        result.reserveCapacity(items.count)
        for item in items where !item.isNil { result.append(try string(item)) }
        return result
    }

    /// `%q`
    func quoted(_ bytes: [UInt8]) -> [UInt8] { GoText.quotedBytes(bytes) }
}

extension GoText {
    /// In double quotes, where nothing in the text has to be escaped.
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

    /// In double quotes as a Go string literal.
    static func quotedBytes(_ bytes: [UInt8]) -> [UInt8] {
        var output = ByteBuffer(capacity: bytes.count + 2)
        bytes.withUnsafeBufferPointer { GoQuote.append($0, into: &output) }
        return output.bytes
    }

    static func quoted(_ bytes: [UInt8]) -> String { String(decoding: quotedBytes(bytes), as: UTF8.self) }
}

extension GoValue {
    /// `[]string`; items that are not UTF-8 make it a slice that keeps their bytes.
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
