import PluginAPI
import Values
import YAML

/// The text that a template rendered for one pod. Decodes it to values, and maps places of errors to the template.
struct RenderedText {
    let bytes: [UInt8]
    let snapshot: Snapshot
    /// The template's name.
    let name: String
    private let data: TemplateData
    /// The pod's metadata, any part of which a template may have written into the text.
    let metadata: Object
    /// The runs that tainted data wrote; nil if the template's engine does not report them or they were not requested.
    let tainted: [TaintedRun]?
    /// The source map of the first rendering, if there is one. A template that uses the time or random values renders a
    /// different text the next time.
    private let firstMap: SourceMap?
    /// The action if tainted text does not stay text.
    let mode: TaintMode

    init(
        bytes: [UInt8], snapshot: Snapshot, name: String, data: TemplateData, metadata: Object,
        tainted: [TaintedRun]?, map: SourceMap?, mode: TaintMode
    ) {
        self.bytes = bytes
        self.snapshot = snapshot
        self.name = name
        self.data = data
        self.metadata = metadata
        self.tainted = tainted
        firstMap = map
        self.mode = mode
    }

    private var prefix: String { IstioText.renderedTextInvalid(snapshot.form) }

    /// The text as the classic form's SidecarInjectionSpec.
    func injectionSpec(_ report: inout TaintReport) throws(InjectionError) -> TypedDecoding.Result {
        try decoded(as: TypeTable.classic.sidecarInjectionSpec, .lenient, &report)
    }

    /// The text as an overlay that can be merged into a pod.
    func overlay(_ report: inout TaintReport) throws(InjectionError) -> TypedDecoding.Result {
        try decoded(as: TypeTable.modern.pod, .patch, &report)
    }

    /// Decodes the text. Parts in the cache are not parsed again. One Snapshot decodes all its texts as one type.
    private func decoded(
        as type: ObjectType, _ mode: TypedDecoding.Mode, _ report: inout TaintReport
    ) throws(InjectionError) -> TypedDecoding.Result {
        if Self.isNothing(bytes) { return TypedDecoding.Result(value: .null) }
        if snapshot.memory.blocks.isOn {
            let block = bytes.withUnsafeBufferPointer {
                BlockDecoder($0, mode, cache: snapshot.memory.blocks).decode(as: type)
            }
            if let block {
                try checkTaint(isLineByLine: true, &report)
                return block.result
            }
        }
        let value = try parsed(&report)
        do {
            return try TypedDecoding.decode(value, as: type, mode)
        } catch {
            throw located(error)
        }
    }

    private func parsed(_ report: inout TaintReport) throws(InjectionError) -> Value {
        if let value = bytes.withUnsafeBufferPointer({ YAMLReader.simpleValue($0) }) {
            try checkTaint(isLineByLine: true, &report)
            return value
        }
        let value: Value
        do {
            value = try YAMLReader.value(bytes)
        } catch {
            let culprit = error.culprit(in: bytes)
            let found = InjectionError(
                .parse, .renderedYAMLInvalid, prefix + IstioText.notYAML("\(error)"))
            throw locate(found, at: culprit) { map, offset in
                runs(of: map, onLineOf: offset)
            } blame: { map, offset in
                blamed(in: map, near: offset)
            }
        }
        try checkTaint(isLineByLine: false, &report)
        return value
    }

    /// The schema error with the place of the value that it is about.
    private func located(_ error: SchemaError) -> InjectionError {
        let documents = try? YAMLReader.documents(bytes, options: YAMLOptions(positions: true))
        var text = prefix + IstioText.doesNotFit(error.message)
        if !error.pointer.isEmpty { text += " at \(error.pointer)" }
        let found = InjectionError(.schema, .renderedSchemaInvalid, text)
        return locate(found, at: documents?.first?.positions?[error.pointer]) { map, offset in
            runs(of: map, ofValueAt: error.pointer) ?? runs(of: map, onLineOf: offset)
        } blame: { map, _ in
            runs(of: map, ofValueAt: error.pointer)?.first
        }
    }

    // MARK: Blame

    /// The run to blame for a text that does not parse: the one without which it would parse, else the first that
    /// breaks a rule of `TaintCheck`.
    private func blamed(in map: SourceMap, near offset: Int) -> SourceMap.Run? {
        let runs = map.runs.filter { !$0.origins.isEmpty }
        return TaintBlame(bytes: bytes, runs: runs).run(near: offset)
            ?? TaintCheck(bytes, map, forbidsDirectives: true).findings(limit: 1).first?.run
    }

    /// The tainted runs on the line of a byte.
    private func runs(of map: SourceMap, onLineOf offset: Int) -> [SourceMap.Run] {
        let start = bytes[..<min(offset, bytes.count)].lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
        let end = bytes[start...].firstIndex(of: 0x0A) ?? bytes.count
        return map.runs.filter {
            !$0.origins.isEmpty && !$0.output.isEmpty && $0.output.lowerBound < end
                && $0.output.upperBound > start
        }
    }

    /// The tainted runs that wrote a value: the text of a scalar or its key, or the start of a collection; nil if the
    /// text has no such value.
    private func runs(of map: SourceMap, ofValueAt pointer: String) -> [SourceMap.Run]? {
        let marks = YAMLMarks(bytes)
        guard
            let value = marks.nodes.indices.first(where: {
                !marks.nodes[$0].isKey && marks.pointer(to: $0) == pointer
            })
        else { return nil }
        let node = marks.nodes[value]
        let written =
            node.kind.isCollection ? node.range.lowerBound..<node.range.lowerBound + 1 : node.content
        let key = node.key >= 0 ? marks.nodes[node.key].content : written
        return map.runs.filter {
            !$0.origins.isEmpty
                && ($0.output.overlaps(written) || $0.output.overlaps(key)
                    || $0.output.isEmpty && written.contains($0.output.lowerBound))
        }
    }

    /// Whether the text was rendered with its source map.
    var hasMap: Bool { firstMap != nil }

    /// The annotation or field that a tainted run came from, as shown to people.
    func name(of run: SourceMap.Run, culprit: (String) -> Bool = { _ in false }) -> String {
        var names: [String] = []
        for path in run.origins {
            let name = TaintSource.name(of: path, metadata: metadata, culprit: culprit)
            if !names.contains(name), names.count < 3 { names.append(name) }
        }
        return names.joined(separator: " or ")
    }

    /// `; the value 'x' comes from the annotation 'k'` for the first of these runs that an annotation wrote.
    private func suspicion(_ runs: [SourceMap.Run]) -> String {
        let annotations = metadata["annotations"]?.object ?? Object()
        for run in runs {
            for path in run.origins
            where path.count == 3 && path[0] == "ObjectMeta" && path[1].lowercased() == "annotations" {
                guard let value = annotations[path[2]]?.string, !value.isEmpty else { continue }
                let shown = value.utf8.count <= 256 ? value : SourceText.beginning(of: Array(value.utf8)[...])
                return "; the value '\(shown)' comes from the annotation '\(path[2])'"
            }
        }
        return ""
    }

    /// `template "inject":12:5`
    func place(of run: SourceMap.Run, in map: SourceMap) -> RenderError.Place? {
        guard map.templates.indices.contains(run.template) else { return nil }
        let source = map.templates[run.template]
        let place = SourceText.position(of: run.offset, in: source.bytes)
        return RenderError.Place(template: source.name, line: place.line, column: place.column)
    }

    /// The source map of the text: of the first rendering, or of another one.
    func mapped() throws(InjectionError) -> SourceMap {
        if let firstMap { return firstMap }
        guard let template = snapshot.templates[name] else { return SourceMap() }
        var data = data
        data.taint = TaintSource.taint(annotations: metadata["annotations"]?.object ?? Object())
        var map: SourceMap? = SourceMap()
        var usage = RenderUsage()
        var output = ByteBuffer(capacity: bytes.count + 16)
        do throws(RenderError) {
            try template.compiled.render(
                data, limits: snapshot.options.limits, sourceMap: &map, usage: &usage, into: &output)
        } catch {
            throw Snapshot.injectionError(error, form: snapshot.form)
        }
        return map ?? SourceMap()
    }

    /// The error with the line of the template that wrote a place of the text.
    func locate(_ error: InjectionError, at position: SourcePosition?) -> InjectionError {
        locate(error, at: position) { _, _ in
            []
        } blame: { _, _ in
            nil
        }
    }

    /// Adds the line of the template that wrote the place. Renders again if there was no source map yet.
    ///
    /// - Parameters:
    ///   - suspects: the tainted runs that may have written the wrong text.
    ///   - blame: the run without which the error would not occur.
    private func locate(
        _ error: InjectionError, at position: SourcePosition?,
        suspects: (SourceMap, Int) -> [SourceMap.Run], blame: (SourceMap, Int) -> SourceMap.Run?
    ) -> InjectionError {
        var located = error
        guard let map = try? mapped() else { return located }
        let offset = position.flatMap { SourceText(bytes).offset(of: $0).map { min($0, bytes.count - 1) } }
        if let offset { located.message += suspicion(suspects(map, offset)) }
        if let position, let offset { locate(&located, at: position, offset, map) }
        guard mode == .enforce, let run = blame(map, offset ?? 0), let place = place(of: run, in: map)
        else { return located }
        located.code = .taintedValue
        let name = name(of: run) { $0.unicodeScalars.contains { !(0x20...0x7E).contains($0.value) } }
        located.message +=
            "; tainted value: \(name), template \"\(place.template)\":\(place.line):\(place.column ?? 1)"
        located.taint = (name, place)
        if located.place == nil { located.place = place }
        return located
    }

    private func locate(
        _ located: inout InjectionError, at position: SourcePosition, _ offset: Int, _ map: SourceMap
    ) {
        located.rendered = position
        located.snippet = SourceText(bytes).excerpt(around: position)
        guard let run = map.run(at: offset), map.templates.indices.contains(run.template) else { return }
        let source = map.templates[run.template]
        // Within a literal, the offset in the template advances with the offset in the output.
        let inside = run.kind == .literal ? offset - run.output.lowerBound : 0
        let place = SourceText.position(of: run.offset + inside, in: source.bytes)
        located.place = RenderError.Place(template: source.name, line: place.line, column: place.column)
        located.source = SourceText(source.bytes).snippet(line: place.line, column: place.column)
        if let value = map.value(near: offset, in: bytes), let place = self.place(of: value, in: map) {
            located.written = (SourceText.beginning(of: bytes[value.output]), place)
        }
        located.message +=
            " (line \(position.line) of the rendered text, written by line \(place.line) of the template)"
    }
}
