import PluginAPI
import Values
import YAML

/// What a template made of one pod: text, which becomes values here, and places of its errors, found in the template.
struct RenderedText {
    private let bytes: [UInt8]
    private let snapshot: Snapshot
    private let name: String
    private let data: TemplateData

    fileprivate init(bytes: [UInt8], snapshot: Snapshot, name: String, data: TemplateData) {
        self.bytes = bytes
        self.snapshot = snapshot
        self.name = name
        self.data = data
    }

    /// The words before an error, as Istio's webhook has them.
    private var prefix: String {
        switch snapshot.form {
        case .classic: "failed parsing generated injected YAML (check Istio sidecar injector configuration): "
        case .modern: "failed to run injection template: failed applying injection overlay: "
        }
    }

    /// The text as the classic form's SidecarInjectionSpec.
    func injectionSpec() throws(InjectionError) -> Value {
        try decoded(as: TypeTable.classic.sidecarInjectionSpec, .lenient)
    }

    /// The text as something that can be merged into a pod.
    func overlay() throws(InjectionError) -> Value {
        try decoded(as: TypeTable.modern.pod, .patch)
    }

    /// A text that was seen before is not parsed again. One Snapshot decodes all its texts as one type.
    private func decoded(as type: ObjectType, _ mode: TypedDecoding.Mode) throws(InjectionError) -> Value {
        if let known = snapshot.decodedTexts.answer(for: bytes) { return known }
        let value = try parsed()
        let decoded: Value
        do {
            decoded = try TypedDecoding.decode(value, as: type, mode).value
        } catch {
            throw located(error)
        }
        // A value takes several times the room of its text.
        snapshot.decodedTexts.keep(decoded, for: bytes, size: bytes.count * 8)
        return decoded
    }

    private func parsed() throws(InjectionError) -> Value {
        do {
            return try YAMLReader.value(bytes)
        } catch {
            let message = "\(prefix)error converting YAML to JSON: \(error)"
            throw locate(InjectionError(.parse, .renderedYAMLInvalid, message), at: error.position)
        }
    }

    /// The schema error with the place of the value it speaks of.
    private func located(_ error: SchemaError) -> InjectionError {
        let text = "\(prefix)error unmarshaling JSON: \(error.message)"
        let found = InjectionError(.schema, .renderedSchemaInvalid, text)
        let documents = try? YAMLReader.documents(bytes, options: YAMLOptions(positions: true))
        return locate(found, at: documents?.first?.positions?[error.pointer])
    }

    /// Renders again with the source map on, and says which line of the template wrote the place.
    private func locate(_ error: InjectionError, at position: SourcePosition?) -> InjectionError {
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
        let place = Excerpt.position(of: run.offset, in: source.bytes)
        located.place = RenderError.Place(template: source.name, line: place.line, column: place.column)
        located.message +=
            " (line \(position.line) of the rendered text, written by line \(place.line) of the template)"
        return located
    }
}

extension Snapshot {
    /// Runs a template over a pod's data.
    func render(
        _ name: String, _ data: TemplateData, deadline: UInt64?
    ) throws(InjectionError) -> RenderedText {
        guard let template = templates[name] else {
            throw InjectionError(.render, .templateMissing, "the injection configuration has no template")
        }
        var limits = options.limits
        limits.deadline = deadline
        var output = ByteBuffer(capacity: 16 << 10)
        do throws(RenderError) {
            try template.compiled.render(data, limits: limits, into: &output)
        } catch {
            throw Self.injectionError(error, form: form)
        }
        return RenderedText(bytes: output.bytes, snapshot: self, name: name, data: data)
    }

    private static func injectionError(
        _ error: RenderError, form: PolicyConfiguration.Form
    ) -> InjectionError {
        let code = ReasonCode(rawValue: error.kind.rawValue) ?? .templateExecError
        let prefix = form == .modern ? "failed to run injection template: " : ""
        return InjectionError(
            error.kind == .deadline ? .deadline : .render, code, prefix + error.detail, place: error.place,
            limit: error.limit)
    }
}

/// Lines of a text around a place, for messages.
enum Excerpt {
    /// Bytes of one line that are shown.
    private static let maximumLineBytes = 160

    /// The line and the one before, with a caret under the column.
    static func lines(of bytes: [UInt8], around position: SourcePosition) -> String {
        let lines = bytes.split(separator: 0x0a, omittingEmptySubsequences: false)
        var result = ""
        for number in max(1, position.line - 1)...max(1, position.line) where number <= lines.count {
            let text = String(decoding: lines[number - 1].prefix(maximumLineBytes), as: UTF8.self)
            result += "\(number) | \(text)\n"
        }
        let indent = "\(position.line) | ".count + min(max(position.column - 1, 0), maximumLineBytes)
        return result + String(repeating: " ", count: indent) + "^"
    }

    static func offset(of position: SourcePosition, in bytes: [UInt8]) -> Int? {
        var line = 1
        for (offset, byte) in bytes.enumerated() {
            if line == position.line { return min(offset + max(position.column - 1, 0), bytes.count - 1) }
            if byte == 0x0a { line += 1 }
        }
        return nil
    }

    static func position(of offset: Int, in bytes: [UInt8]) -> SourcePosition {
        var line = 1
        var start = 0
        for index in 0..<min(offset, bytes.count) where bytes[index] == 0x0a {
            line += 1
            start = index + 1
        }
        return SourcePosition(line: line, column: min(offset, bytes.count) - start + 1)
    }
}
