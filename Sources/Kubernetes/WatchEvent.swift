import Values

/// An event of a watch, which is one line.
enum WatchEvent {
    case changed(Value)
    case deleted(Value)
    /// The resourceVersion up to which there are no further changes.
    case bookmark(String)

    /// - Throws: the server's error in an event ERROR, or the problem of the line.
    init(_ line: UnsafeBufferPointer<UInt8>, _ call: APICall) throws(APIError) {
        let value: Value
        do throws(JSONError) {
            value = try JSON.read(line)
        } catch {
            throw APIError(
                .malformed, "\(call.sentence): an event is not JSON: byte \(error.offset): \(error.message)")
        }
        guard let object = value["object"], object.object != nil else {
            throw APIError(.malformed, "\(call.sentence): an event has no object")
        }
        switch value["type"]?.string {
        case "ADDED", "MODIFIED": self = .changed(object)
        case "DELETED": self = .deleted(object)
        case "BOOKMARK": self = .bookmark(object["metadata"]?["resourceVersion"]?.string ?? "")
        case "ERROR":
            let isGone = object["code"]?.int == 410 || object["reason"]?.string == "Expired"
            throw APIError(
                isGone ? .gone : .server,
                "\(call.sentence): \(object["message"]?.string ?? "an error without a message")")
        case let type:
            throw APIError(.malformed, "\(call.sentence): an event has the type \"\(type ?? "")\"")
        }
    }
}

/// Splits a text that arrives in pieces into lines.
struct LineSplitter {
    /// The largest length of a line, in bytes.
    let longest: Int
    private var pending: [UInt8] = []
    /// Whether a line exceeded that; then nothing more is accepted.
    private(set) var isOverfull = false

    init(longest: Int) { self.longest = longest }

    /// - Parameter line: called with each complete line that is not empty, without its line feed; false ends the
    ///   splitting.
    /// - Returns: false if it has ended.
    mutating func split(
        _ piece: UnsafeBufferPointer<UInt8>, _ line: (UnsafeBufferPointer<UInt8>) -> Bool
    ) -> Bool {
        var start = 0
        for index in piece.indices where piece[index] == 0x0a {
            defer { start = index + 1 }
            let part = UnsafeBufferPointer(rebasing: piece[start..<index])
            guard pending.count + part.count <= longest else {
                isOverfull = true
                return false
            }
            let goesOn: Bool
            if pending.isEmpty {
                goesOn = part.isEmpty || line(part)
            } else {
                pending += part
                goesOn = pending.withUnsafeBufferPointer(line)
                pending.removeAll(keepingCapacity: false)
            }
            guard goesOn else { return false }
        }
        guard pending.count + piece.count - start <= longest else {
            isOverfull = true
            return false
        }
        pending += piece[start...]
        return true
    }
}
