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
            if let culprit { message += suspicion(SourceText(bytes).line(culprit.line) ?? "") }
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
        let text = SourceText(bytes)
        located.snippet = text.excerpt(around: position)
        guard let offset = text.offset(of: position).map({ min($0, bytes.count - 1) }),
            let map = template.compiled.sourceMap(of: data, limits: snapshot.options.limits)
        else { return located }
        let origin = map.origin(of: offset, in: bytes)
        guard let place = origin.place else { return located }
        located.place = place
        located.source = origin.snippet
        located.written = origin.value.map { ($0.text, $0.place) }
        located.message +=
            " (line \(position.line) of the rendered text, written by line \(place.line) of the template)"
        return located
    }
}
