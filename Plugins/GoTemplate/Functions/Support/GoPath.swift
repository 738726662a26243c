/// Go's `path` package. On Linux, `filepath` is the same.
enum GoPath {
    private static let slash: UInt8 = 0x2F

    /// Returns the last element.
    static func base(_ path: [UInt8]) -> [UInt8] {
        if path.isEmpty { return [0x2E] }
        var end = path.count
        while end > 0 && path[end - 1] == slash { end -= 1 }
        if end == 0 { return [slash] }
        let start = path[..<end].lastIndex(of: slash).map { $0 + 1 } ?? 0
        return Array(path[start..<end])
    }

    /// Returns all but the last element, cleaned.
    static func directory(_ path: [UInt8]) -> [UInt8] {
        clean(Array(path[..<(path.lastIndex(of: slash).map { $0 + 1 } ?? 0)]))
    }

    /// Returns the extension of the file name, with its dot.
    static func ending(_ path: [UInt8]) -> [UInt8] {
        guard let point = path.lastIndex(of: 0x2E), !path[point...].contains(slash) else { return [] }
        return Array(path[point...])
    }

    static func isAbsolute(_ path: [UInt8]) -> Bool { path.first == slash }

    /// Returns the shortest equivalent path: without `.`, double slashes, and `..` where it can be resolved.
    static func clean(_ path: [UInt8]) -> [UInt8] {
        if path.isEmpty { return [0x2E] }
        let rooted = path[0] == slash
        var kept: [ArraySlice<UInt8>] = []
        for part in path.split(separator: slash) {
            if part.elementsEqual([0x2E]) { continue }
            if part.elementsEqual([0x2E, 0x2E]) {
                if let last = kept.last, !last.elementsEqual([0x2E, 0x2E]) {
                    kept.removeLast()
                    continue
                }
                if rooted { continue }
            }
            kept.append(part)
        }
        let body = ByteText.join(kept.map { Array($0) }, with: [slash])
        if rooted { return [slash] + body }
        return body.isEmpty ? [0x2E] : body
    }
}
