import PluginAPI
import System
import Values
import YAML

/// The text of a manifest. Injects into all workloads of its documents.
///
/// A document without anything to inject remains unchanged byte for byte, whether it is Kubernetes' or not. The others
/// keep their members, their order, and members that Pillion does not know. UTF-16 input is written as UTF-16.
struct Manifest {
    /// The text in UTF-8.
    private let bytes: [UInt8]
    private let encoding: TextEncoding?
    private let problem: TextEncoding.Problem?
    private let name: String
    private let format: ManifestFormat
    private let options: YAMLOptions
    private let jsonLimits: JSONLimits

    /// - Parameter values: the maximum number of values of all documents together.
    init(_ bytes: [UInt8], format: ManifestFormat, name: String, values: Int = .max) {
        self.name = name
        self.format = format
        options = YAMLOptions(
            layout: true, allowsMarks: true,
            limits: YAMLLimits(depth: 100, nodes: 2_000_000, textNodes: values))
        jsonLimits = JSONLimits(depth: Pipeline.maximumDepth, values: values)
        let encoding = TextEncoding(markIn: bytes)
        guard let encoding, encoding != .utf8 else {
            (self.bytes, self.encoding, problem) = (bytes, nil, nil)
            return
        }
        do throws(TextEncoding.Problem) {
            self.bytes = try encoding.decode(bytes)
            self.encoding = encoding
            problem = nil
        } catch {
            (self.bytes, self.encoding, problem) = (bytes, encoding, error)
        }
    }

    /// Changes every document by `run`.
    ///
    /// - Throws: if the text cannot be parsed, or all problems of its workloads together.
    func changed(by run: inout some ManifestChange) throws(InjectionError) -> ManifestOutcome {
        try checkText()
        var output = Output(bytes)
        let documents = jsonDocuments()
        var yaml: JSONDocuments.Rest? = JSONDocuments.Rest(offset: 0, line: 1)
        if let documents {
            for (number, document) in documents.found.enumerated() {
                try InjectionError.checkStop()
                run.options.progress?(number, documents.found.count)
                try change(document, number: number, by: &run, into: &output)
            }
            yaml = documents.rest
        }
        if let yaml {
            try changeYAML(from: yaml, number: documents?.found.count ?? 0, by: &run, into: &output)
        }
        guard var first = run.problems.first else { return outcome(output, run.reports) }
        first.others = Array(run.problems.dropFirst())
        throw first
    }

    /// The documents that are not empty.
    func documents() throws(InjectionError) -> [ManifestDocument] {
        try checkText()
        let json = jsonDocuments()
        var documents = json?.found.map { ManifestDocument(value: $0.value, line: $0.line) } ?? []
        guard let rest = json.map(\.rest) ?? JSONDocuments.Rest(offset: 0, line: 1) else { return documents }
        for document in try yamlDocuments(from: rest) where !document.isEmpty {
            documents.append(ManifestDocument(value: document.value, line: document.line + rest.line - 1))
        }
        return documents
    }

    private func checkText() throws(InjectionError) {
        guard let problem else { return }
        throw InjectionError(
            .decode, .decodeError, "\(name): the manifest is not valid text: \(problem.message)")
    }

    private func outcome(_ output: Output, _ reports: [WorkloadReport]) -> ManifestOutcome {
        let parts = output.finished()
        guard let encoding else {
            return ManifestOutcome(parts: parts, changed: output.hasChanged, workloads: reports)
        }
        return ManifestOutcome(
            parts: [encoding.encode(Array(parts.joined()))], changed: output.hasChanged, workloads: reports)
    }

    /// The output text, in parts.
    private struct Output {
        private let bytes: [UInt8]
        private var parts: [[UInt8]] = []
        /// The offset in the input up to which it was copied or replaced.
        private var written = 0

        init(_ bytes: [UInt8]) { self.bytes = bytes }

        var hasChanged: Bool { !parts.isEmpty }

        mutating func replace(_ range: Range<Int>, by text: [UInt8]) {
            parts.append(Array(bytes[written..<range.lowerBound]))
            parts.append(text)
            written = range.upperBound
        }

        func finished() -> [[UInt8]] { parts.isEmpty ? [bytes] : parts + [Array(bytes[written...])] }
    }

    /// A document's original bytes; nil if they were not recorded.
    ///
    /// - Parameter marker: the text before them on their line, without which they may parse differently.
    private func restored(
        _ bytes: [UInt8], behind marker: String = "", from old: Value, to new: Value,
        run: some ManifestChange, isJSON: Bool
    ) -> [UInt8]? {
        guard run.restores, let restored = Provenance.restored(bytes, saying: old, isJSON: isJSON) else {
            return nil
        }
        let text = Array(marker.utf8) + restored
        let value = isJSON ? try? JSON.read(text, limits: jsonLimits) : try? YAMLReader.value(text)
        return value == new ? restored : nil
    }

    /// The new text of a document.
    private func text(
        of bytes: [UInt8], from old: Value, to new: Value, run: some ManifestChange, isJSON: Bool,
        _ edit: (Value) -> ManifestText.Edited?
    ) -> ManifestText.Edited? {
        if run.options.provenance, let place = Provenance.place(in: new, notIn: old) {
            return Provenance.edited(bytes, to: new, place: place, isJSON: isJSON, edit)
        }
        return edit(new)
    }

    // MARK: JSON

    /// The JSON texts that the manifest begins with; nil if it is not JSON and may be YAML in flow style.
    private func jsonDocuments() -> JSONDocuments? {
        if format == .yaml { return nil }
        let start = encoding == nil && TextEncoding(markIn: bytes) == .utf8 ? 3 : 0
        return JSONDocuments(bytes, from: start, limits: jsonLimits)
    }

    private func change(
        _ document: JSONDocuments.Document, number: Int, by run: inout some ManifestChange,
        into output: inout Output
    ) throws(InjectionError) {
        // The blanks before the document are its indentation.
        let start =
            bytes[..<document.range.lowerBound].lastIndex(of: 0x0a).map { $0 + 1 }
            ?? document.range.lowerBound
        let isAlone = bytes[start..<document.range.lowerBound].allSatisfy(DocumentText.isSpace)
        let range = (isAlone ? start : document.range.lowerBound)..<document.range.upperBound
        var text: [UInt8]?
        var old = document.value
        run.stringFields = run.findStringFields(in: old)
        if !run.stringFields.isEmpty {
            let own = DocumentText(Array(bytes[range]))
            let quoted = locate(&run, in: own, old, layout: nil, line: document.line)
            if let quoted, let value = try? JSON.read(quoted, limits: jsonLimits) {
                (text, old) = (quoted, value)
                _ = run.findStringFields(in: value)
            }
        }
        let new = try run.change(old, document: number, line: document.line)
        guard let new, new != old else {
            if let text { output.replace(range, by: text) }
            return
        }
        let own = text ?? Array(bytes[range])
        if let restored = restored(own, from: old, to: new, run: run, isJSON: true) {
            output.replace(range, by: restored)
            return
        }
        let edited = self.text(of: own, from: old, to: new, run: run, isJSON: true) {
            ManifestText.editedJSON(own, from: old, to: $0, limits: jsonLimits)
        }
        output.replace(range, by: edited?.text ?? Array(JSON.text(new, style: .pretty(2)).utf8))
    }

    /// Finds the places of strings that are written as another type.
    ///
    /// - Returns: the text with quotes around these strings, if that is requested.
    private func locate(
        _ run: inout some ManifestChange, in text: DocumentText, _ value: Value, layout: YAMLLayout?,
        line: Int
    ) -> [UInt8]? {
        var edits = TextEdits()
        for index in run.stringFields.indices {
            let path = run.stringFields[index].path[...]
            guard let range = text.scalar(at: path, in: value, layout: layout) else { continue }
            let written = String(decoding: text.bytes[range], as: UTF8.self)
            run.stringFields[index].line = line + text.line(of: range.lowerBound)
            run.stringFields[index].written = written
            edits.replace(range, by: Array(JSON.text(.string(written)).utf8))
        }
        guard run.options.quotesScalars, edits.count > 0, let sorted = edits.sorted() else { return nil }
        run.stringFields.removeAll { $0.line != nil }
        return TextEdits.apply(sorted, to: text.bytes)
    }

    // MARK: YAML

    private func changeYAML(
        from rest: JSONDocuments.Rest, number first: Int, by run: inout some ManifestChange,
        into output: inout Output
    ) throws(InjectionError) {
        var documents = try yamlDocuments(from: rest)
        let text = rest.offset == 0 ? bytes : Array(bytes[rest.offset...])
        for index in documents.indices where !documents[index].isEmpty {
            try InjectionError.checkStop()
            run.options.progress?(first + index, first + documents.count)
            // Frees its memory for the following documents.
            defer { (documents[index].value, documents[index].layout) = (.null, nil) }
            var document = documents[index]
            document.line += rest.line - 1
            let changed = try change(document, of: text, number: first + index, by: &run)
            guard let changed else { continue }
            let range = changed.range.lowerBound + rest.offset..<changed.range.upperBound + rest.offset
            output.replace(range, by: changed.text)
        }
    }

    /// The new text of a document and the range that it replaces; nil if the document does not change.
    private func change(
        _ document: YAMLDocument, of bytes: [UInt8], number: Int, by run: inout some ManifestChange
    ) throws(InjectionError) -> (range: Range<Int>, text: [UInt8])? {
        let range = document.range
        var document = document
        var bytes = bytes
        var isQuoted = false
        let line = document.line
        run.stringFields = run.findStringFields(in: document.value)
        if !run.stringFields.isEmpty {
            let text = DocumentText(Array(bytes[document.range]))
            let quoted = locate(&run, in: text, document.value, layout: document.layout, line: line)
            if let quoted, let read = try? YAMLReader.documents(quoted, options: options),
                read.count == 1
            {
                (bytes, document, isQuoted) = (quoted, read[0], true)
                _ = run.findStringFields(in: read[0].value)
            }
        }
        let old = document.value
        // A workload that was injected before may remain unchanged.
        guard let new = try run.change(old, document: number, line: line), new != old else {
            return isQuoted ? (range, bytes) : nil
        }
        if run.restores, let found = restored(document.range, of: bytes, from: old, to: new, run: run) {
            return found
        }
        let edit = ManifestText(bytes, document)
        let edited = text(of: Array(bytes[document.range]), from: old, to: new, run: run, isJSON: false) {
            edit.edited(to: $0)
        }
        if edited?.isRewritten == true { run.noteRewritten(document: number) }
        return edited.map { (range, $0.text) }
    }

    /// A document's original bytes and the range that they replace; nil if they were not recorded.
    private func restored(
        _ range: Range<Int>, of bytes: [UInt8], from old: Value, to new: Value, run: some ManifestChange
    ) -> (range: Range<Int>, text: [UInt8])? {
        let isBehindMarker = range.lowerBound > 0 && bytes[range.lowerBound - 1] != 0x0a
        let text = restored(
            Array(bytes[range]), behind: isBehindMarker ? "---" : "", from: old, to: new, run: run,
            isJSON: false)
        if let text { return (range, text) }
        // A document that began on the line of its marker begins on the next line after it was rewritten.
        guard range.lowerBound > 0, !isBehindMarker else { return nil }
        let wider = range.lowerBound - 1..<range.upperBound
        return restored(
            Array(bytes[wider]), behind: "---", from: old, to: new, run: run, isJSON: false
        ).map { (wider, $0) }
    }

    private func yamlDocuments(from rest: JSONDocuments.Rest) throws(InjectionError) -> [YAMLDocument] {
        do throws(YAMLError) {
            guard rest.offset > 0 else { return try YAMLReader.documents(bytes, options: options) }
            return try YAMLReader.documents(Array(bytes[rest.offset...]), options: options)
        } catch {
            if error.code == .tooManyNodes { throw tooManyValues() }
            if error.code == .stopped { throw InjectionError(WorkStop.current ?? .deadline) }
            var position = error.position
            position?.line += rest.line - 1
            if rest.offset == 0, let error = jsonError() { throw error }
            let place = SourceLocation(name, position)
            throw InjectionError(
                .decode, .decodeError, "\(place): the manifest is not valid YAML: \(error.message)",
                manifest: position)
        }
    }

    private func tooManyValues() -> InjectionError {
        InjectionError(
            .decode, .limitExceeded,
            "the manifest holds more than \(min(options.limits.nodes, options.limits.textNodes)) values, expected at most that (limit values)"
        )
    }

    /// The error of a text that begins like JSON, and is not YAML either.
    private func jsonError() -> InjectionError? {
        guard format != .yaml, let first = bytes.first(where: { !DocumentText.isSpace($0) }),
            first == 0x7b || first == 0x5b
        else { return nil }
        do throws(JSONError) {
            _ = try JSON.read(bytes, limits: jsonLimits)
            return nil
        } catch {
            if error.code == .tooManyValues { return tooManyValues() }
            let position = SourceText(bytes).position(of: error.offset)
            return InjectionError(
                .decode, .decodeError,
                "\(SourceLocation(name, position)): the manifest is not valid JSON: \(error.message)",
                manifest: position)
        }
    }
}

extension Value {
    /// The value at the path; nil if there is no value.
    func value(at path: ArraySlice<PathStep>) -> Value? {
        var found = self
        for step in path {
            let next =
                switch step {
                case .member(let name): found[name]
                case .item(let index): found[index]
                }
            guard let next else { return nil }
            found = next
        }
        return found
    }

    /// Replaces the value at a path; does nothing if the path does not exist.
    mutating func replace(at path: ArraySlice<PathStep>, with value: Value) {
        guard let step = path.first else {
            self = value
            return
        }
        switch step {
        case .member(let name):
            modifyObject { object in object.modify(name) { $0.replace(at: path.dropFirst(), with: value) } }
        case .item(let index):
            modifyArray { items in
                guard items.indices.contains(index) else { return }
                items[index].replace(at: path.dropFirst(), with: value)
            }
        }
    }

    /// Sets the value at a path of member names and indexes of items, adding missing members.
    mutating func replaceMember(at path: ArraySlice<String>, with value: Value) {
        guard let name = path.first else {
            self = value
            return
        }
        if case .array(let items) = self, let index = Int(name), items.indices.contains(index) {
            modifyArray { $0[index].replaceMember(at: path.dropFirst(), with: value) }
            return
        }
        modifyObject { object in object.modify(name) { $0.replaceMember(at: path.dropFirst(), with: value) } }
    }
}
