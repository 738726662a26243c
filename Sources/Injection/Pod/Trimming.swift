extension Substring {
    /// Without white space at either end.
    var trimmingBlanks: Substring {
        // Nearly no text has any: told by its bytes, which are ASCII there.
        if let first = utf8.first, let last = utf8.last, 0x21...0x7f ~= first, 0x21...0x7f ~= last {
            return self
        }
        var rest = drop(while: \.isWhitespace)
        while let last = rest.last, last.isWhitespace { rest.removeLast() }
        return rest
    }
}

extension String {
    /// The text without that end, where it ends so.
    func trimming(suffix: String) -> String {
        !suffix.isEmpty && hasSuffix(suffix) ? String(dropLast(suffix.count)) : self
    }
}
