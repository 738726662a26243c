import Values

/// The escape functions of `html`, `js` and `urlquery`.
enum Escaping {
    static func html(_ bytes: UnsafeBufferPointer<UInt8>, into output: inout ByteBuffer) {
        for byte in bytes {
            switch byte {
            case 0: output.append("\u{FFFD}")
            case UInt8(ascii: "\""): output.append("&#34;")
            case UInt8(ascii: "'"): output.append("&#39;")
            case UInt8(ascii: "&"): output.append("&amp;")
            case UInt8(ascii: "<"): output.append("&lt;")
            case UInt8(ascii: ">"): output.append("&gt;")
            default: output.append(byte)
            }
        }
    }

    /// Escapes text for a string literal of JavaScript. Characters that are not printable become `\uXXXX`.
    static func javaScript(_ bytes: UnsafeBufferPointer<UInt8>, into output: inout ByteBuffer) {
        var index = 0
        while index < bytes.count {
            let (scalar, length) = GoQuote.scalar(in: bytes, at: index)
            switch scalar {
            case "\\": output.append("\\\\")
            case "'": output.append("\\'")
            case "\"": output.append("\\\"")
            case "<", ">", "&", "=": appendCode(scalar, into: &output)
            default:
                if scalar.value < 0x20 || !scalar.isASCII && !GoQuote.isPrintable(scalar) {
                    appendCode(scalar, into: &output)
                } else {
                    output.append(UnsafeBufferPointer(rebasing: bytes[index..<index + length]))
                }
            }
            index += length
        }
    }

    private static func appendCode(_ scalar: Unicode.Scalar, into output: inout ByteBuffer) {
        output.append("\\u")
        GoQuote.appendHex(scalar.value, digits: 4, upper: true, into: &output)
    }

    /// Escapes a value of a URL's query. A space becomes `+`.
    static func urlQuery(_ bytes: UnsafeBufferPointer<UInt8>, into output: inout ByteBuffer) {
        for byte in bytes {
            if Lexer.isWordByte(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
                || byte == UInt8(ascii: "~")
            {
                output.append(byte)
            } else if byte == UInt8(ascii: " ") {
                output.append(UInt8(ascii: "+"))
            } else {
                output.append("%")
                GoQuote.appendHex(UInt32(byte), digits: 2, upper: true, into: &output)
            }
        }
    }
}
