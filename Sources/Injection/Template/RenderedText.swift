import PluginAPI
import Values
import YAML

/// The text that a template rendered for one pod: decodes it, and finds the place in the template of an error in it.
struct RenderedText {
    let bytes: [UInt8]
    private let snapshot: Snapshot
    /// The template's name.
    let name: String
    private let data: TemplateData
    /// The pod's annotations. A template may have written any of them into the text.
    private let annotations: Object

    init(
        bytes: [UInt8], snapshot: Snapshot, name: String, data: TemplateData, annotations: Object
    ) {
        self.bytes = bytes
        self.snapshot = snapshot
        self.name = name
        self.data = data
        self.annotations = annotations
    }

    private var prefix: String { IstioText.renderedTextInvalid(snapshot.form) }

    /// Decodes the text as the classic form's SidecarInjectionSpec.
    func injectionSpec() throws(InjectionError) -> TypedDecoding.Result {
        try decoded(as: TypeTable.classic.sidecarInjectionSpec, .lenient)
    }

    /// Decodes the text as a pod that can be merged into another.
    func overlay() throws(InjectionError) -> TypedDecoding.Result {
        try decoded(as: TypeTable.modern.pod, .patch)
    }

    /// Parts that were decoded before are taken from the cache. A Snapshot decodes all its texts as one type.
    private func decoded(
        as type: ObjectType, _ mode: TypedDecoding.Mode
    ) throws(InjectionError) -> TypedDecoding.Result {
        if Self.isNothing(bytes) { return TypedDecoding.Result(value: .null) }
        if snapshot.memory.blocks.isOn {
            let block = bytes.withUnsafeBufferPointer {
                BlockDecoder($0, mode, cache: snapshot.memory.blocks).decode(as: type)
            }
            if let block { return block.result }
        }
        let value = try parsed()
        do {
            return try TypedDecoding.decode(value, as: type, mode)
        } catch {
            throw located(error)
        }
    }

    private func parsed() throws(InjectionError) -> Value {
        do {
            return try YAMLReader.value(bytes)
        } catch {
            var message = prefix + IstioText.notYAML("\(error)")
            let culprit = error.culprit(in: bytes)
            if let culprit { message += suspicion(Excerpt.line(culprit.line, of: bytes)) }
            throw locate(InjectionError(.parse, .renderedYAMLInvalid, message), at: culprit)
        }
    }

    /// The schema error with the place of its value.
    private func located(_ error: SchemaError) -> InjectionError {
        let documents = try? YAMLReader.documents(bytes, options: YAMLOptions(positions: true))
        var text = prefix + IstioText.doesNotFit(error.message)
        if !error.pointer.isEmpty { text += " at \(error.pointer)" }
        if let pointer = try? JSONPointer(parsing: error.pointer),
            let value = documents?.first.flatMap({ pointer.value(in: $0.value) })
        {
            text += suspicion(value.string ?? JSON.text(value))
        }
        let found = InjectionError(.schema, .renderedSchemaInvalid, text)
        return locate(found, at: documents?.first?.positions?[error.pointer])
    }

    /// Names the annotation that the text seems to come from; the longest if several match.
    private func suspicion(_ text: String) -> String {
        var found: (key: String, value: String)?
        for member in annotations.members {
            guard let value = member.value.string, !value.isEmpty, value.utf8.count <= 256 else { continue }
            let isInside = text == value || value.utf8.count >= 3 && text.contains(value)
            if isInside, value.utf8.count > found?.value.utf8.count ?? 0 { found = (member.key, value) }
        }
        guard let found else { return "" }
        return "; the value '\(found.value)' comes from the annotation '\(found.key)'"
    }

    /// Renders again with the source map on, and says which line of the template wrote the place.
    func locate(_ error: InjectionError, at position: SourcePosition?) -> InjectionError {
        var located = error
        guard let position, let template = snapshot.templates[name] else { return located }
        located.rendered = position
        located.snippet = Excerpt.lines(of: bytes, around: position)
        var map: SourceMap? = SourceMap()
        var usage = RenderUsage()
        var output = ByteBuffer(capacity: bytes.count + 16)
        do throws(RenderError) {
            try template.compiled.render(
                data, limits: snapshot.options.limits, sourceMap: &map, usage: &usage, into: &output)
        } catch { return located }
        guard let offset = Excerpt.offset(of: position, in: bytes), let map, let run = map.run(at: offset),
            map.templates.indices.contains(run.template)
        else { return located }
        let source = map.templates[run.template]
        // Inside a literal, template and output advance together.
        let inside = run.kind == .literal ? offset - run.output.lowerBound : 0
        let place = Excerpt.position(of: run.offset + inside, in: source.bytes)
        located.place = RenderError.Place(template: source.name, line: place.line, column: place.column)
        located.source = Snippet.text(of: source.bytes, line: place.line, column: place.column)
        if let value = map.value(near: offset, in: bytes), map.templates.indices.contains(value.template) {
            let writer = map.templates[value.template]
            let place = Excerpt.position(of: value.offset, in: writer.bytes)
            located.written = (
                Snippet.beginning(of: bytes[value.output]),
                RenderError.Place(template: writer.name, line: place.line, column: place.column)
            )
        }
        located.message +=
            " (line \(position.line) of the rendered text, written by line \(place.line) of the template)"
        return located
    }
}
