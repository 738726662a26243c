import PluginAPI
import Values
import YAML

/// YAML as sigs.k8s.io/yaml writes and reads it: by way of JSON.
enum YAMLText {
    /// The value's YAML; nil where JSON cannot say it.
    static func text(_ value: GoValue, _ call: Call) throws(FunctionError) -> [UInt8]? {
        let json: [UInt8]
        do throws(FunctionError) { json = try GoJSON.text(value, call, escapesHTML: false) } catch {
            if case .failed = error { return nil }
            throw error
        }
        guard let plain = try? JSON.read(json) else { return nil }
        var output = ByteBuffer(capacity: json.count * 2)
        YAMLWriter.write(plain, into: &output)
        try call.room(bytes: output.count)
        return output.bytes
    }

    /// What a YAML text says; numbers are float64. Aliases count: no more nodes than one function may build items.
    static func read(_ text: [UInt8], _ call: Call) throws(FunctionError) -> GoValue {
        let nodes = min(1_000_000, call.context.limits.functionBytes / 32)
        let value: Value
        do throws(YAMLError) {
            value = try YAMLReader.value(text, options: YAMLOptions(limits: YAMLLimits(nodes: nodes)))
        } catch {
            if error.code == .tooManyNodes || error.code == .excessiveAliasing { try call.room(bytes: .max) }
            throw .message("error converting YAML to JSON: \(error)")
        }
        return GoJSON.decoded(value)
    }
}
