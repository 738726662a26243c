import PluginAPI
import Service
import Values

/// The example in the doc comment of `RenderRequest`.
func renderRequestExample() throws -> String {
    // example
    let body = try JSON.read(
        #"{"template": "replicas: {{ .count }}", "data": {"count": 3}, "format": "yaml"}"#)
    let request = try RenderRequest.parse(body)
    let answer = request.run(registry: try StandardPlugins.registry(), limits: .server)
    // answer.output is "replicas: 3", answer.value the object {"replicas": 3}; answer.problem says what went wrong
    // end of example
    return "\(String(decoding: answer.output, as: UTF8.self)) \(answer.value.map { JSON.text($0) } ?? "")"
}
