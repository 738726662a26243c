import PluginAPI
import Values

/// The set `helm`: the functions that Helm 4 adds to sprig. `lookup` queries no cluster and returns an empty map.
///
/// Functions take and return values of the engine. If a text does not parse, those that parse return a map with the
/// member `Error` (or a list with the message), as Helm's do.
public enum HelmFunctions {
    public static let set = FunctionSet(name: "helm", origin: "Helm 4", functions: functions)

    private static let functions =
        templates + yaml + json + toml + HelmDurations.functions + SprigEncodings.versions(.group)

    /// The text that Go prints for a missing value. Helm removes it from the output of `tpl`.
    private static let noValue = Array("<no value>".utf8)

    private static let templates: [TemplateFunction] = [
        function(
            "include", "func(name string, data any) (string, error)", "what a defined template prints",
            #"{{ define "a" }}x{{ . }}{{ end }}{{ include "a" 5 }}"#, "x5"
        ) { call throws(FunctionError) in
            try call.context.renderTemplate(named: call.text(0), data: call[1])
        },
        function(
            "tpl", "func(template string, data any) (string, error)", "a text rendered as a template",
            "{{ tpl `{{ .a }}` (fromJson `{\"a\": 5}`) }}", "5"
        ) { call throws(FunctionError) in
            let source = call.bytes(0)
            do throws(FunctionError) {
                let text = try call.context.render(source: source, name: "gotpl", data: call[1])
                guard text.withStringBytes({ ByteText.contains(noValue, in: $0) }) else { return text }
                return .text(ByteText.replaceAll(noValue, with: [], in: text.stringBytes ?? []))
            } catch {
                // The error of a text that does not compile needs no prefix.
                if case .template(let inner) = error, inner.kind == .parse { throw error }
                throw error.prefixed("error during tpl function execution for ", source)
            }
        },
        function(
            "lookup",
            "func(apiVersion string, kind string, namespace string, name string) (map[string]any, error)",
            "an empty map: no cluster is queried", #"{{ lookup "v1" "Pod" "a" "b" }}"#, "map[]"
        ) { _ throws(FunctionError) in .map(GoMap()) },
        function(
            "required", "func(message string, v any) (any, error)",
            "the value; stops where it is nil or empty",
            #"{{ required "no a" 5 }}"#, "5"
        ) { call throws(FunctionError) in
            if call[1].isUntypedNil || call[1].stringBytes?.isEmpty == true { throw .told(call.bytes(0)) }
            return call[1]
        },
    ]

    /// Returns the result for a text that does not parse.
    private static func complaint(_ error: FunctionError, asList: Bool) throws(FunctionError) -> GoValue {
        guard case .failed(let message) = error else { throw error }
        return asList ? .list([.text(message)]) : .map(GoMap([("Error", .text(message))]))
    }

    private static func jsonName(of value: GoValue) -> String {
        switch value.type.kind {
        case .slice: "array"
        case .map: "object"
        case .float64: "number"
        default: value.typeName
        }
    }

    private static func reader(
        _ name: String, _ summary: String, _ template: String, _ output: String, asList: Bool,
        mismatch: String = "", null: GoValue,
        _ read: @escaping @Sendable (Call) throws(FunctionError) -> GoValue
    ) -> TemplateFunction {
        let result = asList ? "[]any" : "map[string]any"
        return function(name, "func(s string) \(result)", summary, template, output) {
            call throws(FunctionError) in
            do throws(FunctionError) {
                let value = try read(call)
                if value.isUntypedNil {
                    if case .typed = null { return null }
                    return asList ? .list([]) : .map(GoMap())
                }
                let fits = asList ? value.items != nil : value.memberCount != nil
                guard fits else {
                    let found = jsonName(of: value)
                    let wanted = asList ? "[]interface {}" : "map[string]interface {}"
                    throw .message(
                        "\(mismatch)json: cannot unmarshal \(found) into Go value of type \(wanted)")
                }
                return value
            } catch {
                return try complaint(error, asList: asList)
            }
        }
    }

    private static let yamlMismatch = "error unmarshaling JSON: while decoding JSON: "

    private static let yaml: [TemplateFunction] = [
        function(
            "toYaml", "func(v any) string", "YAML with sorted keys, without a new line at its end",
            "{{ toYaml (fromJson `{\"b\": 1, \"a\": \"x\"}`) }}", "a: x\nb: 1"
        ) { call throws(FunctionError) in
            try call.context.printed(call[0], as: .yaml) { () throws(FunctionError) in
                var text = try YAMLText.text(call[0], call) ?? []
                if text.last == 0x0A { text.removeLast() }
                return .text(text)
            }
        },
        function(
            "mustToYaml", "func(v any) (string, error)", "YAML, or an error where YAML cannot say the value",
            "{{ mustToYaml (list 1) }}", "- 1"
        ) { call throws(FunctionError) in
            var text = try YAMLText.encoded(call[0], call)
            if text.last == 0x0A { text.removeLast() }
            return .text(text)
        },
        function(
            "toYamlPretty", "func(v any) string", "YAML whose lists are indented by two blanks",
            "{{ toYamlPretty (fromJson `{\"a\": [1]}`) }}", "a:\n  - 1"
        ) { call throws(FunctionError) in
            var text = try YAMLText.text(call[0], call, indentsLists: true) ?? []
            if text.last == 0x0A { text.removeLast() }
            return .text(text)
        },
        reader(
            "fromYaml", "the map that a YAML text describes", #"{{ (fromYaml "a: 5").a }}"#, "5",
            asList: false,
            mismatch: yamlMismatch, null: .none
        ) {
            call throws(FunctionError) in
            try YAMLText.read(call.bytes(0), call)
        },
        reader(
            "fromYamlArray", "the list that YAML says", #"{{ fromYamlArray "[1, 2]" }}"#, "[1 2]",
            asList: true, mismatch: yamlMismatch, null: .none
        ) {
            call throws(FunctionError) in try YAMLText.read(call.bytes(0), call)
        },
    ]

    private static let json: [TemplateFunction] = [
        function(
            "toJson", "func(v any) string", "JSON on one line", "{{ toJson (fromJson `{\"a\": 1}`) }}",
            #"{"a":1}"#
        ) { call throws(FunctionError) in
            try call.context.printed(call[0], as: .json) { () throws(FunctionError) in
                do throws(FunctionError) { return .text(try GoJSON.text(call[0], call)) } catch {
                    if case .failed = error { return .string("") }
                    throw error
                }
            }
        },
        function(
            "mustToJson", "func(v any) (string, error)", "JSON, or an error where JSON cannot say the value",
            "{{ mustToJson (fromJson `{\"a\": 1}`) }}", #"{"a":1}"#
        ) { call throws(FunctionError) in .text(try GoJSON.text(call[0], call)) },
        reader(
            "fromJson", "the map that JSON says", "{{ (fromJson `{\"a\": 5}`).a }}", "5", asList: false,
            null: .nilMap
        ) {
            call throws(FunctionError) in try GoJSON.read(call.bytes(0))
        },
        reader(
            "fromJsonArray", "the list that JSON says", "{{ fromJsonArray `[1, 2]` }}", "[1 2]", asList: true,
            null: .nilList
        ) {
            call throws(FunctionError) in try GoJSON.read(call.bytes(0))
        },
    ]

    private static let toml: [TemplateFunction] = [
        function(
            "toToml", "func(v any) string", "TOML; its error's message where it cannot say a value",
            "{{ toToml (fromJson `{\"a\": \"x\"}`) }}", "a = \"x\"\n"
        ) { call throws(FunctionError) in
            // The untyped nil causes a panic in Go, not an error of the encoder.
            if call[0].isUntypedNil { throw .message(nilPanic) }
            do throws(FunctionError) { return .text(try TOMLWriter.text(call[0], call)) } catch {
                if case .failed(let message) = error { return .text(message) }
                throw error
            }
        },
        function(
            "mustToToml", "func(v any) (string, error)", "TOML, or an error where TOML cannot say the value",
            "{{ mustToToml (fromJson `{\"a\": \"x\"}`) }}", "a = \"x\"\n"
        ) { call throws(FunctionError) in
            .text(try TOMLWriter.text(call[0], call))
        },
        function(
            "fromToml", "func(s string) map[string]any",
            "the map that TOML says; `Error` where it is not TOML",
            "{{ (fromToml `a = 5`).a }}", "5"
        ) { call throws(FunctionError) in
            do throws(FunctionError) { return try TOMLReader.read(call.bytes(0), call) } catch {
                return try complaint(error, asList: false)
            }
        },
    ]

    private static let nilPanic = "reflect: call of reflect.Value.Type on zero Value"
}
