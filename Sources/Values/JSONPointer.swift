/// A place in a JSON document (RFC 6901), as a path of keys and indices.
public struct JSONPointer: Sendable, Hashable {
    /// The keys and indices, unescaped.
    public var tokens: [String]

    public init(_ tokens: [String] = []) { self.tokens = tokens }

    /// Parses a pointer such as `/a/0/b~1c`. An empty string is the whole document.
    public init(parsing text: String) throws(JSONPatchError) {
        guard !text.isEmpty else {
            tokens = []
            return
        }
        guard text.utf8.first == UInt8(ascii: "/") else {
            throw JSONPatchError(
                code: .badPointer, path: text, message: "found a pointer that does not begin with '/'")
        }
        var tokens: [String] = []
        for part in text.utf8.dropFirst().split(
            separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        {
            guard let token = JSONPointer.unescape(part) else {
                throw JSONPatchError(
                    code: .badPointer, path: text, message: "found '~' before neither '0' nor '1'")
            }
            tokens.append(token)
        }
        self.tokens = tokens
    }

    private static func unescape(_ part: Substring.UTF8View) -> String? {
        guard part.contains(UInt8(ascii: "~")) else { return String(Substring(part)) }
        var bytes: [UInt8] = []
        var rest = part[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "~") else {
                bytes.append(byte)
                continue
            }
            switch rest.popFirst() {
            case UInt8(ascii: "0"): bytes.append(UInt8(ascii: "~"))
            case UInt8(ascii: "1"): bytes.append(UInt8(ascii: "/"))
            default: return nil
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Returns a key with `~` and `/` escaped.
    public static func escape(_ token: String) -> String {
        guard token.utf8.contains(where: { $0 == UInt8(ascii: "~") || $0 == UInt8(ascii: "/") }) else {
            return token
        }
        var bytes: [UInt8] = []
        for byte in token.utf8 {
            switch byte {
            case UInt8(ascii: "~"): bytes += [UInt8(ascii: "~"), UInt8(ascii: "0")]
            case UInt8(ascii: "/"): bytes += [UInt8(ascii: "~"), UInt8(ascii: "1")]
            default: bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    public func appending(_ token: String) -> JSONPointer { JSONPointer(tokens + [token]) }
    public func appending(_ index: Int) -> JSONPointer { JSONPointer(tokens + [String(index)]) }

    /// Returns the value at the pointer, or nil. Indices must not have leading zeros; `-` is not an index.
    public func value(in document: Value) -> Value? {
        var current = document
        for token in tokens {
            switch current {
            case .object(let object):
                guard let next = object[token] else { return nil }
                current = next
            case .array(let items):
                guard let index = JSONPointer.index(token), index < items.count else { return nil }
                current = items[index]
            default:
                return nil
            }
        }
        return current
    }

    /// Parses an index of RFC 6901: digits without a leading zero.
    static func index(_ token: String) -> Int? {
        let digits = token.utf8
        guard let first = digits.first, digits.allSatisfy({ $0 &- UInt8(ascii: "0") < 10 }) else {
            return nil
        }
        guard digits.count == 1 || first != UInt8(ascii: "0") else { return nil }
        return Int(token)
    }
}

extension JSONPointer {
    /// Writes the pointer as a JSON string.
    func write(into output: inout ByteBuffer) {
        let start = output.count
        var isPlain = true
        output.append(UInt8(ascii: "\""))
        tokens.withBorrowedItems { tokens in
            for index in 0..<tokens.count {
                output.append(UInt8(ascii: "/"))
                isPlain = tokens[index].content.withBytes { Self.append($0, into: &output) } && isPlain
            }
        }
        output.append(UInt8(ascii: "\""))
        guard !isPlain else { return }
        // Few tokens contain characters that JSON must escape. If one does, the pointer is written again.
        output.truncate(to: start)
        JSON.writeString(description, into: &output)
    }

    /// Appends a token with `~` and `/` escaped. Returns whether JSON needs no further escapes.
    private static func append(
        _ token: UnsafeBufferPointer<UInt8>, into output: inout ByteBuffer
    ) -> Bool {
        var isPlain = true
        output.append(upTo: token.count * 2) { target in
            var written = 0
            for byte in token {
                switch byte {
                case UInt8(ascii: "~"), UInt8(ascii: "/"):
                    target[written] = UInt8(ascii: "~")
                    target[written + 1] = byte == UInt8(ascii: "/") ? UInt8(ascii: "1") : UInt8(ascii: "0")
                    written += 2
                default:
                    if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
                        isPlain = false
                    }
                    target[written] = byte
                    written += 1
                }
            }
            return written
        }
        return isPlain
    }
}

extension JSONPointer: CustomStringConvertible {
    public var description: String { tokens.map { "/" + JSONPointer.escape($0) }.joined() }
}

extension JSONPointer: ExpressibleByArrayLiteral {
    public init(arrayLiteral elements: String...) { tokens = elements }
}
