/// The syntax of label keys and values in Kubernetes (apimachinery's validation of qualified names).
enum LabelSyntax {
    static let nameLimit = 63
    static let prefixLimit = 253

    /// Returns the problem of a label's key; nil if it is valid: `name` or `prefix/name`, where the prefix is a DNS
    /// subdomain.
    static func problem(key: String) -> String? {
        let bytes = Array(key.utf8)
        let parts = bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        switch parts.count {
        case 1: return problem(name: parts[0], of: key)
        case 2:
            if parts[0].isEmpty { return "the key \(quoted(key)) has nothing before its slash" }
            if parts[0].count > prefixLimit {
                return "the key \(quoted(key)) has more than \(prefixLimit) characters before its slash"
            }
            if !isSubdomain(parts[0]) {
                return
                    "the key \(quoted(key)) needs a DNS subdomain before its slash: lower-case letters, digits, "
                    + "'-' and '.'"
            }
            return problem(name: parts[1], of: key)
        default: return "the key \(quoted(key)) has more than one slash"
        }
    }

    /// Returns the problem of a label's value; nil if it is valid.
    static func problem(value: String) -> String? {
        let bytes = Array(value.utf8)
        if bytes.count > nameLimit {
            return "the value \(quoted(value)) has more than \(nameLimit) characters"
        }
        if !bytes.isEmpty && !isName(bytes[...]) {
            return
                "the value \(quoted(value)) may only have letters, digits, '-', '_' and '.', and begins and "
                + "ends with a letter or digit"
        }
        return nil
    }

    private static func problem(name: ArraySlice<UInt8>, of key: String) -> String? {
        if name.isEmpty { return "the key \(quoted(key)) has no name" }
        if name.count > nameLimit {
            return "the key \(quoted(key)) has a name of more than \(nameLimit) characters"
        }
        if !isName(name) {
            return
                "the key \(quoted(key)) may only have letters, digits, '-', '_' and '.' in its name, which "
                + "begins and ends with a letter or digit"
        }
        return nil
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }

    /// Whether it matches `([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]`.
    private static func isName(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard let first = bytes.first, let last = bytes.last else { return false }
        guard isAlphanumeric(first), isAlphanumeric(last) else { return false }
        return bytes.allSatisfy {
            isAlphanumeric($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
                || $0 == UInt8(ascii: ".")
        }
    }

    /// Whether it is a subdomain (RFC 1123): labels of lower-case letters, digits and inner hyphens, joined by dots.
    private static func isSubdomain(_ bytes: ArraySlice<UInt8>) -> Bool {
        func isLowerAlphanumeric(_ byte: UInt8) -> Bool {
            isAlphanumeric(byte) && !(UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
        }
        return bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy {
            label in
            guard let first = label.first, let last = label.last else { return false }
            return isLowerAlphanumeric(first) && isLowerAlphanumeric(last)
                && label.allSatisfy { isLowerAlphanumeric($0) || $0 == UInt8(ascii: "-") }
        }
    }
}

/// Quotes untrusted text for a message. Its length is bounded, and nothing in it can break a line.
func quoted(_ text: String, limit: Int = 64) -> String {
    var result = "\""
    var used = 0
    for scalar in text.unicodeScalars {
        if used >= limit { return result + "…\"" }
        used += scalar.utf8.count
        switch scalar {
        case "\"": result += "\\\""
        case "\\": result += "\\\\"
        case "\n": result += "\\n"
        case "\t": result += "\\t"
        case "\r": result += "\\r"
        default:
            // Control characters, and those that change the direction of text, would allow a label to forge a log line.
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator:
                result += "\\u{" + String(scalar.value, radix: 16) + "}"
            default: result.unicodeScalars.append(scalar)
            }
        }
    }
    return result + "\""
}
