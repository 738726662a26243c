import Values

/// Records how to restore a document's own bytes: the replaced texts and their offsets, next to the patch of values.
///
/// Offsets refer to the injected document with `placeholder` as the text of the annotation that contains them. A
/// checksum of that text shows whether it is still the same; if it is not, only the values are restored.
enum TextWayBack {
    /// The annotation's text before its own is known. In YAML it needs quotes, as the annotation does.
    static let placeholder = "[\"pillion.dev/way-back\"]"

    /// The maximum size of the replaced text. If it is exceeded, only the values are recorded: all annotations of an
    /// object together may have 256 KiB.
    static let maximumBytes = 64 << 10

    /// Returns the edits that restore a text, as JSON; nil if they are too long for an annotation.
    static func recorded(_ edits: [TextEdits.Edit], of bytes: [UInt8], in injected: [UInt8]) -> Value? {
        let reversed = TextEdits.reversed(edits, of: bytes)
        guard reversed.reduce(0, { $0 + $1.text.count }) <= maximumBytes else { return nil }
        var list: [Value] = []
        for edit in reversed {
            guard let text = String(validating: edit.text, as: UTF8.self) else { return nil }
            list.append([.int(Int64(edit.range.lowerBound)), .int(Int64(edit.range.count)), .string(text)])
        }
        return ["sum": .string(sum(injected)), "edits": .array(list)]
    }

    /// Returns the original of an injected document; nil if the text has changed since it was injected.
    ///
    /// - Parameters:
    ///   - record: a result of `recorded`.
    ///   - injected: the text with the placeholder in it.
    static func restored(_ record: Value, from injected: [UInt8]) -> [UInt8]? {
        guard record["sum"]?.string == sum(injected), case .array(let list)? = record["edits"] else {
            return nil
        }
        var edits = TextEdits()
        for edit in list {
            guard let offset = edit[0]?.int, let count = edit[1]?.int, let text = edit[2]?.string,
                offset >= 0, count >= 0, offset <= Int64(injected.count),
                count <= Int64(injected.count) - offset
            else { return nil }
            edits.replace(Int(offset)..<Int(offset + count), by: Array(text.utf8))
        }
        return edits.sorted().map { TextEdits.apply($0, to: injected) }
    }

    /// FNV-1a over 64 bits, and the length. It protects no secret.
    private static func sum(_ bytes: [UInt8]) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return "\(bytes.count)-" + String(hash, radix: 16)
    }

    /// Replaces one string by another, each as written in a document; nil unless the old string occurs exactly once.
    static func replace(_ old: String, by new: String, in text: [UInt8], isJSON: Bool) -> [UInt8]? {
        for style in isJSON ? [Style.double] : [.single, .double] {
            let pattern = style.written(old)
            guard let place = find(pattern, in: text, from: 0) else { continue }
            guard find(pattern, in: text, from: place + 1) == nil else { return nil }
            return text[..<place] + style.written(new) + text[(place + pattern.count)...]
        }
        return nil
    }

    /// The quotes of a string.
    private enum Style {
        case single, double

        func written(_ text: String) -> [UInt8] {
            switch self {
            case .single: Array("'\(text.replacing("'", with: "''"))'".utf8)
            case .double: Array(JSON.text(.string(text)).utf8)
            }
        }
    }

    private static func find(_ pattern: [UInt8], in text: [UInt8], from start: Int) -> Int? {
        guard let first = pattern.first, text.count >= pattern.count else { return nil }
        var index = start
        while index <= text.count - pattern.count {
            guard let next = text[index...].firstIndex(of: first), next <= text.count - pattern.count else {
                return nil
            }
            if text[next..<next + pattern.count].elementsEqual(pattern) { return next }
            index = next + 1
        }
        return nil
    }

    /// Formats JSON in ASCII, which needs no further escapes in quotes and is not folded by writers.
    static func ascii(_ value: Value) -> String {
        var text = ""
        for scalar in JSON.text(value).unicodeScalars {
            if scalar.value < 0x7F {
                text.unicodeScalars.append(scalar)
                continue
            }
            for unit in String(scalar).utf16 {
                let digits = String(unit, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            }
        }
        return text
    }
}
