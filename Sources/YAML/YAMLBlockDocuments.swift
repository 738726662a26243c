import Values

#if canImport(Glibc)
    import Glibc
#endif

extension YAMLBlockReader {
    /// Parses the documents of a text, each with the fast path, or with libyaml if it is not simple. Returns nil if
    /// libyaml must parse the text as a whole, for example because of an error.
    ///
    /// A line that begins with `---` and a blank always begins a document: in a block scalar it ends the block, and in
    /// quotes and flow collections it is an error. So documents can be separated before they are parsed.
    static func documents(
        _ bytes: UnsafeBufferPointer<UInt8>, options: YAMLOptions
    ) -> [YAMLDocument]? {
        var documents: [YAMLDocument] = []
        var start = 0
        var line = 1
        while true {
            let marker = nextMarker(bytes, from: start)
            let range = start..<(marker ?? bytes.count)
            let text = UnsafeBufferPointer(rebasing: bytes[range])
            // libyaml accepts a byte order mark only at the start of a text.
            guard start == 0 || text.first != 0xEF || options.allowsMarks else { return nil }
            guard var document = document(text, options) else { return nil }
            document.range = range
            document.line = line
            let isNothing = document.isEmpty && marker != nil && !text.contains { !isBlank($0) }
            if start > 0 || !isNothing { documents.append(document) }
            guard let marker else { return documents }
            for byte in text where byte == 0x0A { line += 1 }
            start = marker + 3
            while start < bytes.count, bytes[start] != 0x0A {
                guard isBlank(bytes[start]) else { return nil }
                // A carriage return alone ends the line, and libyaml rejects a tab at the start of the next line.
                if bytes[start] == 0x0D, start + 1 == bytes.count || bytes[start + 1] != 0x0A { return nil }
                start += 1
            }
            if start < bytes.count {
                start += 1
                line += 1
            }
        }
    }

    /// Returns the error of the first invalid document if documents begin with byte order marks. If libyaml parsed the
    /// text as a whole, it would stop at the first of these marks.
    static func firstError(_ bytes: UnsafeBufferPointer<UInt8>, options: YAMLOptions) -> YAMLError? {
        var start = 0
        var line = 0
        while start < bytes.count {
            let marker = nextMarker(bytes, from: start)
            let text = UnsafeBufferPointer(rebasing: bytes[start..<(marker ?? bytes.count)])
            do throws(YAMLError) {
                var composer = try YAMLComposer(text, options: options)
                while try composer.next() != nil {}
            } catch {
                var error = error
                error.reportedLine = error.reportedLine.map { $0 + line }
                error.position?.line += line
                error.context?.line += line
                return error
            }
            guard let marker else { return nil }
            for byte in text where byte == 0x0A { line += 1 }
            start = marker + 3
        }
        return nil
    }

    /// Returns the offset of the next document marker, from the start of a line on.
    private static func nextMarker(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int? {
        var line = start
        while line + 2 < bytes.count {
            if bytes[line] == UInt8(ascii: "-"), bytes[line + 1] == UInt8(ascii: "-"),
                bytes[line + 2] == UInt8(ascii: "-"),
                line + 3 == bytes.count || isBlank(bytes[line + 3])
            {
                return line
            }
            guard let base = bytes.baseAddress, let end = memchr(base + line, 0x0A, bytes.count - line) else {
                return nil
            }
            line = UnsafeRawPointer(base).distance(to: UnsafeRawPointer(end)) + 1
        }
        return nil
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
    }

    /// Parses the text of one document. The caller sets its range and line.
    private static func document(
        _ text: UnsafeBufferPointer<UInt8>, _ options: YAMLOptions
    ) -> YAMLDocument? {
        if text.isEmpty { return YAMLDocument(range: 0..<0) }
        if var reader = YAMLBlockReader(text, options.limits) {
            reader.keepsKeys = options.keepsKeys
            if options.layout { reader.layout = YAMLLayout() }
            var document = YAMLDocument(range: 0..<text.count)
            do throws(Unknown) {
                if let value = try reader.root() {
                    document.value = value
                    document.isEmpty = false
                    document.layout = reader.layout
                }
                return document
            } catch {}
        }
        guard var composer = try? YAMLComposer(text, options: options) else { return nil }
        do throws(YAMLError) {
            guard let document = try composer.next() else {
                return YAMLDocument(range: 0..<text.count)
            }
            // If the document ends with `...`, or the text continues after it, the text must be parsed as a whole.
            guard document.range == 0..<text.count, try composer.next() == nil else { return nil }
            return document
        } catch {
            return nil
        }
    }
}
