import PluginAPI

/// Determines which tag closes which, and which encloses which.
struct TagTree {
    /// For a tag that opens, the index of the one that closes it, and vice versa; -1 for all others.
    private(set) var partner: [Int]
    /// The index of the innermost open tag around a tag (for a closing tag, around the pair); -1 if no tag is open.
    private(set) var container: [Int]

    init(_ tags: [Tag], in bytes: ArraySlice<UInt8>, nesting: Int) throws(SyntaxError) {
        partner = Array(repeating: -1, count: tags.count)
        container = Array(repeating: -1, count: tags.count)
        var open: [Int] = []
        for (index, tag) in tags.enumerated() {
            if tag.kind == .close {
                guard let last = open.popLast() else {
                    throw SyntaxError(
                        "closing tag \"\(Self.name(tag, bytes))\" closes nothing: nothing is open here",
                        at: tag.range.lowerBound)
                }
                guard Self.closes(tag, tags[last], bytes) else {
                    throw SyntaxError(
                        "closing tag \"\(Self.name(tag, bytes))\" does not close \"\(Self.name(tags[last], bytes))\", "
                            + "which is open here", at: tag.range.lowerBound)
                }
                partner[index] = last
                partner[last] = index
            }
            container[index] = open.last ?? -1
            if tag.kind.opens {
                guard open.count < nesting else {
                    throw SyntaxError(
                        ReachedLimit(.nesting, value: nesting), "tags nest deeper than \(nesting)",
                        at: tag.range.lowerBound)
                }
                open.append(index)
            }
        }
        if let last = open.last {
            throw SyntaxError(
                "tag \"\(Self.name(tags[last], bytes))\" is not closed: "
                    + "expected {{/\(Self.name(tags[last], bytes))}} before the end",
                at: tags[last].range.lowerBound)
        }
    }

    private static func slice(_ range: Range<Int>, _ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        bytes[bytes.startIndex + range.lowerBound..<bytes.startIndex + range.upperBound]
    }

    private static func name(_ tag: Tag, _ bytes: ArraySlice<UInt8>) -> String {
        (tag.isDynamic ? "*" : "") + String(decoding: slice(tag.name, bytes), as: UTF8.self)
    }

    private static func closes(_ tag: Tag, _ opening: Tag, _ bytes: ArraySlice<UInt8>) -> Bool {
        var found = slice(tag.name, bytes)
        if opening.isDynamic {
            guard found.first == UInt8(ascii: "*") else { return false }
            found = found.dropFirst().drop(while: isWhite)
        }
        return found.elementsEqual(slice(opening.name, bytes))
    }
}
