import PluginAPI
import Values
import YAML

/// Writes and parses YAML as sigs.k8s.io/yaml does: by way of JSON.
enum YAMLText {
    /// Returns the value's YAML; nil if JSON cannot represent it.
    static func text(
        _ value: GoValue, _ call: Call, indentsLists: Bool = false
    ) throws(FunctionError) -> [UInt8]? {
        do throws(FunctionError) { return try encoded(value, call, indentsLists: indentsLists) } catch {
            if case .failed = error { return nil }
            throw error
        }
    }

    /// - Throws: sigs.k8s.io/yaml's message for a value that JSON cannot represent.
    static func encoded(
        _ value: GoValue, _ call: Call, indentsLists: Bool = false
    ) throws(FunctionError) -> [UInt8] {
        if let plain = try PlainValue.of(value, call) {
            return try written(plain, indentsLists, atMost: nil, call)
        }
        let json: [UInt8]
        do throws(FunctionError) { json = try GoJSON.text(value, call, escapesHTML: false) } catch {
            guard case .failed(let message) = error else { throw error }
            throw .failed(Array("error marshaling into JSON: ".utf8) + message)
        }
        guard let plain = try? JSON.read(json) else { throw .message("error converting JSON to YAML") }
        return try written(plain, indentsLists, atMost: json.count * 2, call)
    }

    private static func written(
        _ value: Value, _ indentsLists: Bool, atMost capacity: Int?, _ call: Call
    ) throws(FunctionError) -> [UInt8] {
        var output = ByteBuffer(capacity: capacity ?? 512)
        YAMLWriter.write(
            value, into: &output, width: indentsLists ? .max : YAMLWriter.standardWidth,
            indentsLists: indentsLists)
        try call.room(bytes: output.count)
        return output.bytes
    }

    /// Parses a YAML text. Numbers are float64. Nodes of aliases count, and there may be at most as many as a function
    /// may build items.
    static func read(_ text: [UInt8], _ call: Call) throws(FunctionError) -> GoValue {
        let nodes = min(1_000_000, call.context.limits.functionBytes / 32)
        let value: Value
        do throws(YAMLError) {
            value = try YAMLReader.value(text, options: YAMLOptions(limits: YAMLLimits(nodes: nodes)))
        } catch {
            if error.code == .tooManyNodes || error.code == .excessiveAliasing { try call.room(bytes: .max) }
            if error.code == .badKey, let position = error.position,
                let key = YAMLKeyComplaint.shown(text, position)
            {
                throw .failed(Array("error converting YAML to JSON: yaml: invalid map key: ".utf8) + key)
            }
            throw .message("error converting YAML to JSON: \(error)")
        }
        return GoJSON.decoded(value)
    }
}
