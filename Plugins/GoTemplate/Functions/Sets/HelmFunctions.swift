import PluginAPI

/// The set `helm`: what Helm 3 adds to sprig, without `lookup`, which would ask a cluster.
///
/// What comes in: values of the engine. What goes out: values. Readers answer a map with the member `Error` (or a
/// list with the message) where a text does not parse, as Helm's do.
public enum HelmFunctions {
    public static let set = FunctionSet(name: "helm", origin: "Helm 3", functions: functions)

    private static let functions = templates + yaml + json + [toToml]

    private static let templates: [TemplateFunction] = [
        function(
            "include", "func(name string, data any) (string, error)", "what a defined template prints",
            #"{{ define "a" }}x{{ . }}{{ end }}{{ include "a" 5 }}"#, "x5"
        ) { call throws(FunctionError) in
            .text(try call.context.renderTemplate(named: call.text(0), data: call[1]))
        },
        function(
            "tpl", "func(template string, data any) (string, error)", "a text rendered as a template",
            "{{ tpl `{{ .a }}` (fromJson `{\"a\": 5}`) }}", "5"
        ) { call throws(FunctionError) in
            .text(try call.context.render(source: call.bytes(0), name: "tpl", data: call[1]))
        },
        function(
            "required", "func(message string, v any) (any, error)",
            "the value; stops where it is nil or empty",
            #"{{ required "no a" 5 }}"#, "5"
        ) { call throws(FunctionError) in
            if call[1].isUntypedNil || call[1].stringBytes?.isEmpty == true { throw .failed(call.bytes(0)) }
            return call[1]
        },
    ]

    /// What is answered for a text that does not parse.
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
        _ read: @escaping @Sendable (Call) throws(FunctionError) -> GoValue
    ) -> TemplateFunction {
        let result = asList ? "[]any" : "map[string]any"
        return function(name, "func(s string) \(result)", summary, template, output) {
            call throws(FunctionError) in
            do throws(FunctionError) {
                let value = try read(call)
                if value.isUntypedNil { return asList ? .list([]) : .map(GoMap()) }
                let fits = asList ? value.items != nil : value.memberCount != nil
                guard fits else {
                    let found = jsonName(of: value)
                    let wanted = asList ? "[]interface {}" : "map[string]interface {}"
                    throw .message("json: cannot unmarshal \(found) into Go value of type \(wanted)")
                }
                return value
            } catch {
                return try complaint(error, asList: asList)
            }
        }
    }

    private static let yaml: [TemplateFunction] = [
        function(
            "toYaml", "func(v any) string", "YAML with sorted keys, without a new line at its end",
            "{{ toYaml (fromJson `{\"b\": 1, \"a\": \"x\"}`) }}", "a: x\nb: 1"
        ) { call throws(FunctionError) in
            var text = try YAMLText.text(call[0], call) ?? []
            if text.last == 0x0A { text.removeLast() }
            return .text(text)
        },
        reader("fromYaml", "the map that YAML says", #"{{ (fromYaml "a: 5").a }}"#, "5", asList: false) {
            call throws(FunctionError) in
            try YAMLText.read(call.bytes(0), call)
        },
        reader(
            "fromYamlArray", "the list that YAML says", #"{{ fromYamlArray "[1, 2]" }}"#, "[1 2]",
            asList: true
        ) {
            call throws(FunctionError) in try YAMLText.read(call.bytes(0), call)
        },
    ]

    private static let json: [TemplateFunction] = [
        function(
            "toJson", "func(v any) string", "JSON on one line", "{{ toJson (fromJson `{\"a\": 1}`) }}",
            #"{"a":1}"#
        ) { call throws(FunctionError) in
            do throws(FunctionError) { return .text(try GoJSON.text(call[0], call)) } catch {
                if case .failed = error { return .string("") }
                throw error
            }
        },
        reader("fromJson", "the map that JSON says", "{{ (fromJson `{\"a\": 5}`).a }}", "5", asList: false) {
            call throws(FunctionError) in try GoJSON.read(call.bytes(0))
        },
        reader(
            "fromJsonArray", "the list that JSON says", "{{ fromJsonArray `[1, 2]` }}", "[1 2]", asList: true
        ) {
            call throws(FunctionError) in try GoJSON.read(call.bytes(0))
        },
    ]

    private static let toToml = function(
        "toToml", "func(v any) string", "TOML; its error's message where it cannot say a value",
        "{{ toToml (fromJson `{\"a\": \"x\"}`) }}", "a = \"x\"\n"
    ) { call throws(FunctionError) in
        do throws(FunctionError) { return .text(try TOMLWriter.text(call[0], call)) } catch {
            if case .failed(let message) = error { return .text(message) }
            throw error
        }
    }
}
