import HTTPServer

extension HTTPRequest {
    /// Whether the request is handled as a review, and not as a manifest.
    var isReview: Bool {
        MediaType(contentType: header("Content-Type") ?? "") == .json && holdsReview
    }

    /// The same for a body that is known to be JSON.
    var holdsReview: Bool { TopLevelKind.isReview(body) }
}

/// Determines before parsing whether a JSON body is an AdmissionReview or something else.
enum TopLevelKind {
    /// Whether the body is handled as a review: its `kind` is AdmissionReview, or no `kind` can be found, so that a
    /// broken review is answered as a review too.
    static func isReview(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let kind = kind(bytes) else { return true }
        return bytes[kind].elementsEqual("AdmissionReview".utf8)
    }

    /// The range of the text of the top-level member `kind`, if it is a string.
    private static func kind(_ bytes: UnsafeBufferPointer<UInt8>) -> Range<Int>? {
        var depth = 0
        var index = 0
        var expectsKey = false
        while index < bytes.count {
            switch bytes[index] {
            case 0x7b, 0x5b:
                depth += 1
                expectsKey = depth == 1 && bytes[index] == 0x7b
                if depth == 1, !expectsKey { return nil }
            case 0x7d, 0x5d:
                depth -= 1
                if depth <= 0 { return nil }
            case 0x2c:
                expectsKey = depth == 1
            case 0x22:
                guard let end = endOfString(bytes, index + 1) else { return nil }
                if expectsKey, bytes[(index + 1)..<end].elementsEqual("kind".utf8) {
                    return stringValue(bytes, after: end + 1)
                }
                expectsKey = false
                index = end
            default:
                if depth == 0, !isBlank(bytes[index]) { return nil }
            }
            index += 1
        }
        return nil
    }

    private static func stringValue(_ bytes: UnsafeBufferPointer<UInt8>, after start: Int) -> Range<Int>? {
        var index = start
        while index < bytes.count, isBlank(bytes[index]) || bytes[index] == 0x3a { index += 1 }
        guard index < bytes.count, bytes[index] == 0x22, let end = endOfString(bytes, index + 1) else {
            return nil
        }
        return (index + 1)..<end
    }

    private static func endOfString(_ bytes: UnsafeBufferPointer<UInt8>, _ start: Int) -> Int? {
        var index = start
        while index < bytes.count {
            if bytes[index] == 0x22 { return index }
            index += bytes[index] == 0x5c ? 2 : 1
        }
        return nil
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }
}
