import PluginAPI
import Values
import YAML

/// A manifest as text: documents in, the same documents with every workload injected out.
///
/// A document that holds nothing to inject goes through byte for byte, be it Kubernetes' or not. The others keep their
/// members, their order and what Pillion does not know.
struct Manifest {
    private let bytes: [UInt8]
    private let name: String
    private let isJSON: Bool

    init(_ bytes: [UInt8], format: ManifestFormat, name: String) {
        self.bytes = bytes
        self.name = name
        switch format {
        case .json: isJSON = true
        case .yaml: isJSON = false
        case .auto:
            let first = bytes[Self.markEnd(bytes)...].first { ![0x20, 0x09, 0x0a, 0x0d].contains($0) }
            isJSON = first == 0x7b || first == 0x5b
        }
    }

    /// Where the text begins: behind the byte order mark that some editors write.
    private static func markEnd(_ bytes: [UInt8]) -> Int { bytes.starts(with: [0xef, 0xbb, 0xbf]) ? 3 : 0 }

    /// Values of one document, and its nesting.
    private static let limits = YAMLLimits(depth: 100, nodes: 2_000_000)

    /// Puts every document through `run`.
    ///
    /// - Throws: where the text cannot be read, or every problem of its workloads together.
    func changed(by run: inout some ManifestChange) throws(InjectionError) -> ManifestOutcome {
        let outcome: ManifestOutcome
        if isJSON, let changed = try changedJSON(&run) {
            outcome = changed
        } else {
            outcome = try changedYAML(&run)
        }
        guard var first = run.problems.first else { return outcome }
        first.others = Array(run.problems.dropFirst())
        throw first
    }

    // MARK: JSON

    /// nil where the text is no JSON and may be YAML in flow style.
    private func changedJSON(_ run: inout some ManifestChange) throws(InjectionError) -> ManifestOutcome? {
        let value: Value
        do {
            value = try JSON.read(
                Array(bytes[Self.markEnd(bytes)...]), limits: JSONLimits(depth: Pipeline.maximumDepth))
        } catch {
            return nil
        }
        let changed = try run.change(value, document: 0, line: 1)
        guard let changed, changed != value else {
            return ManifestOutcome(parts: [bytes], changed: false, workloads: run.reports)
        }
        var parts = [Array(bytes[..<Self.markEnd(bytes)])]
        switch jsonIndent {
        case .none: parts.append(Array(JSON.text(changed).utf8))
        case .blanks(let count): parts.append(Array(JSON.text(changed, style: .pretty(count)).utf8))
        case .tabs: parts.append(Self.tabbed(Array(JSON.text(changed, style: .pretty(1)).utf8)))
        }
        if bytes.last == 0x0a { parts.append([0x0a]) }
        return ManifestOutcome(parts: parts, changed: true, workloads: run.reports)
    }

    /// How the members of a JSON text are moved in.
    private enum JSONIndent {
        case none, tabs
        case blanks(Int)
    }

    /// As the first member is, where it stands on a line of its own.
    private var jsonIndent: JSONIndent {
        guard let newline = bytes.firstIndex(of: 0x0a) else { return .none }
        let line = bytes[(newline + 1)...]
        if line.first == 0x09 { return .tabs }
        let blanks = line.prefix { $0 == 0x20 }.count
        return blanks > 0 && blanks < line.count ? .blanks(min(blanks, 8)) : .none
    }

    /// The text with a tab for each blank at the start of a line.
    private static func tabbed(_ text: [UInt8]) -> [UInt8] {
        var isStart = true
        return text.map { byte in
            if byte == 0x0a {
                isStart = true
            } else if byte != 0x20 {
                isStart = false
            }
            return isStart && byte == 0x20 ? 0x09 : byte
        }
    }

    // MARK: YAML

    private func changedYAML(_ run: inout some ManifestChange) throws(InjectionError) -> ManifestOutcome {
        var documents: [YAMLDocument]
        do {
            documents = try YAMLReader.documents(
                bytes, options: YAMLOptions(layout: true, limits: Self.limits))
        } catch {
            let place = SourceLocation(name, error.position)
            throw InjectionError(
                .decode, .decodeError, "\(place): the manifest is no YAML: \(error.message)",
                manifest: error.position)
        }
        var parts: [[UInt8]] = []
        var written = 0
        for number in documents.indices where !documents[number].isEmpty {
            run.options.progress?(number, documents.count)
            let document = documents[number]
            // Its memory is free for what comes.
            defer { (documents[number].value, documents[number].layout) = (.null, nil) }
            // A workload that was injected before may come out as it is.
            guard let changed = try run.change(document.value, document: number, line: document.line),
                changed != document.value
            else { continue }
            parts.append(Array(bytes[written..<document.range.lowerBound]))
            let text = ManifestText(bytes, document).edited(to: changed)
            parts.append(text.text)
            if text.isRewritten { run.noteRewritten(document: number) }
            written = document.range.upperBound
        }
        guard !parts.isEmpty else {
            return ManifestOutcome(parts: [bytes], changed: false, workloads: run.reports)
        }
        parts.append(Array(bytes[written...]))
        return ManifestOutcome(parts: parts, changed: true, workloads: run.reports)
    }
}

extension Value {
    /// What stands there, or nil.
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

    /// Puts a value in the place of another; a path that leads nowhere changes nothing.
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

    /// Puts a value under a path of member names and numbers of items, making members that are missing.
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
