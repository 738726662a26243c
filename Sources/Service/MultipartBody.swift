import Values

/// The parts of a `multipart/form-data` body (RFC 7578), as `curl -F` and browsers send them.
///
/// Takes the body and the header that names the boundary. Returns the parts in order, each with its name and bytes.
/// Files and fields are treated the same: a part's file name, type and encoding are ignored.
struct MultipartBody {
    struct Part {
        var name: String
        var bytes: ArraySlice<UInt8>
    }

    /// The largest number of parts of one body: a chart and its values are a handful.
    static let mostParts = 64
    /// The largest size of the headers of one part, in bytes.
    static let longestHead = 4 << 10
    /// The largest length of a boundary, by RFC 2046.
    private static let longestBoundary = 70

    let parts: [Part]

    /// - Throws: a problem of status 400.
    init(_ body: [UInt8], contentType: String) throws(RequestProblem) {
        let boundary = try MultipartBody.boundary(of: contentType)
        let delimiter = Array("\r\n--\(boundary)".utf8)
        // At the beginning of the body, the boundary has no line break before it.
        guard body.starts(with: delimiter.dropFirst(2)) else {
            throw .malformed("the body does not begin with the boundary that Content-Type names")
        }
        var parts: [Part] = []
        var position = delimiter.count - 2
        while !body[position...].starts(with: "--".utf8) {
            guard body[position...].starts(with: "\r\n".utf8) else {
                throw .malformed("a boundary is followed by other text than a line break (byte \(position))")
            }
            guard parts.count < MultipartBody.mostParts else {
                throw .malformed(
                    "the body has more than \(MultipartBody.mostParts) parts, expected at most that")
            }
            let name = try MultipartBody.name(in: body, at: &position)
            guard let end = ByteSearch.index(of: delimiter, in: body, from: position) else {
                throw .malformed("the part \"\(excerpt(name))\" does not end with the boundary")
            }
            parts.append(Part(name: name, bytes: body[position..<end]))
            position = end + delimiter.count
        }
        self.parts = parts
    }

    private static func boundary(of contentType: String) throws(RequestProblem) -> String {
        for parameter in contentType.split(byte: ";").dropFirst() {
            let halves = parameter.split(byte: "=", maxSplits: 1)
            guard halves.count == 2, trimmed(halves[0]).lowercased() == "boundary" else { continue }
            var value = trimmed(halves[1])
            if value.begins(with: "\""), value.ends(with: "\""), value.count > 1 {
                value = String(value.dropFirst().dropLast())
            }
            if !value.isEmpty, value.utf8.count <= longestBoundary { return value }
        }
        throw .malformed(
            "Content-Type has no boundary of 1 to \(longestBoundary) bytes: expected multipart/form-data; "
                + "boundary=…")
    }

    /// Parses the headers of a part and returns its name. The position is at the line break before the first header,
    /// and is moved to the first byte of the content.
    private static func name(in body: [UInt8], at position: inout Int) throws(RequestProblem) -> String {
        let window = Array(body[position..<min(body.count, position + longestHead)])
        guard let end = ByteSearch.index(of: Array("\r\n\r\n".utf8), in: window, from: 0) else {
            throw .malformed("the headers of a part are longer than \(longestHead) bytes or do not end")
        }
        position += end + 4
        for line in String(decoding: window[..<end], as: UTF8.self).split(separator: "\r\n") {
            guard let colon = line.firstIndex(ofByte: ":"),
                trimmed(line[..<colon]).lowercased() == "content-disposition"
            else { continue }
            for parameter in line[line.utf8.index(after: colon)...].split(byte: ";").dropFirst() {
                let halves = parameter.split(byte: "=", maxSplits: 1)
                guard halves.count == 2, trimmed(halves[0]).lowercased() == "name" else { continue }
                let value = trimmed(halves[1])
                return value.begins(with: "\"") ? String(value.dropFirst().prefix { $0 != "\"" }) : value
            }
        }
        throw .malformed("a part has no name: expected Content-Disposition: form-data; name=\"…\"")
    }

    private static func trimmed(_ text: Substring) -> String {
        var text = text
        while text.first == " " || text.first == "\t" { text.removeFirst() }
        while text.last == " " || text.last == "\t" { text.removeLast() }
        return String(text)
    }
}
