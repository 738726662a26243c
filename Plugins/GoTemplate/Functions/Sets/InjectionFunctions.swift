import PluginAPI
import Values
import YAML

/// The functions that injection templates were written with. Their oddities are kept: `indent` does not indent the
/// first line, `contains` takes the substring first, `annotation` prints a default of any type.
///
/// Functions take values of the engine, usually with Go types, and return values. They do not access files or the
/// environment; `env` reads the variables that the options allow.
public enum InjectionFunctions {
    /// The set `injection`: the functions that templates of the `templates:` form have in addition to sprig.
    public static let set = FunctionSet(name: "injection", origin: "Istio 1.32", functions: modern)

    /// The set `injection-classic`: the functions of templates of the `template:` form.
    public static let classicSet = FunctionSet(
        name: "injection-classic", origin: "Istio 1.6", functions: classic)

    private static let modern = shared + network + maps

    private static let classic =
        shared.map { $0.name == "formatDuration" ? formatDuration(unset: "1s") : $0 }
        + [shared.first { $0.name == "toJSON" }?.alias("toJson"), render].compactMap { $0 }

    private static let shared: [TemplateFunction] =
        lookups + ports + texts + encodings + [formatDuration(unset: "0s")]

    // MARK: Lookups

    private static let lookups: [TemplateFunction] = [
        function(
            "annotation", "func(meta any, name string, default any) string",
            "an annotation, else the default as print writes it", #"{{ annotation (dict) "a" 5 }}"#, "5"
        ) { call throws(FunctionError) in
            let annotations = TypedFields.member(call[0], "Annotations", "annotations")
            if let text = annotations?.member(call.text(1)) { return text }
            return .text(try call.printed(call[2]))
        },
        function(
            "isset", "func(map any, key string) bool", "whether a map has a key",
            #"{{ isset (dict "a" 1) "a" }}"#, "true"
        ) { call throws(FunctionError) in .bool(call[0].member(call.text(1)) != nil) },
        function(
            "valueOrDefault", "func(v any, default any) any",
            "the default where a value is nil or an empty text",
            #"{{ valueOrDefault "" "x" }}"#, "x"
        ) { call throws(FunctionError) in
            call[0].isUntypedNil || call[0].stringBytes?.isEmpty == true ? call[1] : call[0]
        },
        function(
            "env", "func(name string, default string) string",
            "a variable of the allow-list, else the default",
            #"{{ env "NOT_ALLOWED" "x" }}"#, "x"
        ) { call throws(FunctionError) in
            let value = call.context.environment[call.text(0)] ?? ""
            return value.isEmpty ? call[1] : .string(value)
        },
        function(
            "kubevirtInterfaces", "func(s string) string", "the text itself",
            #"{{ kubevirtInterfaces "eth0" }}"#,
            "eth0"
        ) { call throws(FunctionError) in call[0] },
    ]

    // MARK: Ports

    private static let ports: [TemplateFunction] = [
        function(
            "excludeInboundPort", "func(port any, list string) string",
            "a list of ports with one more, unless it is empty, 0 or in the list",
            #"{{ excludeInboundPort 15020 "80, 443" }}"#, "80,443,15020"
        ) { call throws(FunctionError) in
            let port = ByteText.trimSpace(try call.printed(call[0]))
            if port.isEmpty || port == [0x30] { return call[1] }
            let entries = ByteText.split(call.bytes(1), by: [0x2C]).map(ByteText.trimSpace)
            if entries.contains(port) { return call[1] }
            return .text(ByteText.join(entries.filter { !$0.isEmpty } + [port], with: [0x2C]))
        },
        function(
            "includeInboundPorts", "func(containers any) string",
            "the ports of all containers, UDP and SCTP left out",
            #"{{ includeInboundPorts (list (dict "ports" (list (dict "containerPort" 80)))) }}"#, "80"
        ) { call throws(FunctionError) in .string(try containerPorts(call, except: nil)) },
        function(
            "applicationPorts", "func(containers any) string",
            "the ports of all containers but the proxy, UDP and SCTP left out",
            #"{{ applicationPorts (list (dict "name" "istio-proxy" "ports" (list (dict "containerPort" 80)))) }}"#,
            ""
        ) { call throws(FunctionError) in .string(try containerPorts(call, except: "istio-proxy")) },
    ]

    private static func containerPorts(_ call: Call, except proxy: String?) throws(FunctionError) -> String {
        var result: [String] = []
        for container in call[0].items ?? [] {
            if let proxy, TypedFields.member(container, "Name", "name")?.stringText == proxy { continue }
            for port in TypedFields.member(container, "Ports", "ports")?.items ?? [] {
                let transport = TypedFields.member(port, "Protocol", "protocol")?.stringText
                if transport == "UDP" || transport == "SCTP" { continue }
                result.append(
                    String(Cast.int64(TypedFields.member(port, "ContainerPort", "containerPort") ?? .int(0))))
            }
            try call.work(1)
        }
        return result.joined(separator: ",")
    }

    // MARK: Texts

    private static let texts: [TemplateFunction] = [
        function(
            "directory", "func(path string) string", "a path up to its last slash",
            #"{{ directory "/a/b.c" }}"#,
            "/a/"
        ) { call throws(FunctionError) in
            let path = call.bytes(0)
            return .text(Array(path[..<(path.lastIndex(of: 0x2F).map { $0 + 1 } ?? 0)]))
        },
        function(
            "contains", "func(needle string, s string) bool", "whether a text contains another",
            #"{{ contains "cat" "catch" }}"#, "true"
        ) { call throws(FunctionError) in .bool(ByteText.contains(call.bytes(0), in: call.bytes(1))) },
        function("toLower", "func(s string) string", "in small letters", #"{{ toLower "ABC" }}"#, "abc") {
            call throws(FunctionError) in .text(Runes.lower(call.bytes(0)))
        },
        function(
            "indent", "func(blanks int, s string) string", "every line but the first indented",
            #"{{ indent 2 "a\nb" }}"#, "a\n  b"
        ) { call throws(FunctionError) in
            let blanks = Swift.max(call.int(0), 0)
            let lines = call[1].withStringBytes { ByteText.lineCount($0) }
            try call.room(bytes: blanks, times: lines)
            return call[1].withStringBytes {
                ByteText.indented($0, by: blanks, lines: lines, firstLine: false, onNewLine: false)
            }
        },
    ]

    /// - Parameter unset: the output for a missing duration.
    private static func formatDuration(unset: String) -> TemplateFunction {
        function(
            "formatDuration", "func(duration any) string", "a duration as Go prints it",
            #"{{ formatDuration "60s" }}"#, "1m0s"
        ) { call throws(FunctionError) in
            var value = call[0]
            if case .typed(let typed) = value { value = GoValue(typed.value) }
            switch value {
            case .string(let text):
                guard let span = GoDuration.read(Array(text.utf8)) else { return .string(unset) }
                return .string(GoDuration.text(span))
            case .int(let span): return .string(GoDuration.text(Int64(span)))
            case .int64(let span), .signed(_, let span): return .string(GoDuration.text(span))
            default: return .string(unset)
            }
        }
    }

    // MARK: Encodings

    private static func json(_ value: GoValue, _ call: Call) throws(FunctionError) -> GoValue {
        value.isNil ? .string("{}") : .text(try GoJSON.text(value, call))
    }

    private static let encodings: [TemplateFunction] = [
        function(
            "toJSON", "func(map any) string", "JSON on one line", #"{{ toJSON (dict "b" 1 "a" 2) }}"#,
            #"{"a":2,"b":1}"#
        ) { call throws(FunctionError) in try json(call[0], call) },
        function(
            "structToJSON", "func(v any) string", "JSON of a struct, in the order of its fields",
            #"{{ structToJSON (dict "a" 1) }}"#, #"{"a":1}"#
        ) { call throws(FunctionError) in try json(call[0], call) },
        function(
            "protoToJSON", "func(v any) string",
            "JSON of a message, what equals the defaults left out", #"{{ protoToJSON (dict "a" 1) }}"#,
            #"{"a":1}"#
        ) { call throws(FunctionError) in
            guard case .typed(let typed) = call[0], !typed.value.isNull else {
                return try json(call[0], call)
            }
            let type = typed.type.kind == .pointer ? typed.type.element ?? typed.type : typed.type
            let message = TypedJSON.message(
                typed.value, type, defaults: type.protoDefaults ?? typed.type.protoDefaults)
            try call.room(bytes: 0)
            return .string(JSON.text(message, escapesHTML: false))
        },
        function(
            "fromJSON", "func(s string) any", "what JSON says, the text {} if it is not JSON",
            #"{{ (fromJSON "{\"a\": 5}").a }}"#, "5"
        ) { call throws(FunctionError) in
            do throws(FunctionError) { return try GoJSON.read(call.bytes(0)) } catch {
                if case .failed = error { return .string("{}") }
                throw error
            }
        },
        function(
            "toYaml", "func(v any) string", "YAML with sorted keys; ends in a new line",
            #"{{ toYaml (dict "b" 1 "a" "x") }}"#, "a: x\nb: 1\n"
        ) { call throws(FunctionError) in .text(try YAMLText.text(call[0], call) ?? []) },
    ]

    private static let render = function(
        "render", "func(template string) string",
        "a text rendered as a template over the same data; empty where that fails",
        #"{{ render "{{ 5 }}" }}"#, "5"
    ) { call throws(FunctionError) in
        do throws(FunctionError) {
            return try call.context.render(
                source: call.bytes(0), name: "render", data: call.context.data)
        } catch {
            switch error {
            case .limit: throw error
            case .template(let inner) where inner.kind.isOfBudget: throw error
            default: return .string("")
            }
        }
    }

    // MARK: Only in the modern form

    private static let network: [TemplateFunction] = [
        function(
            "excludeInterfaces", "func(s string) string", "the text itself",
            #"{{ excludeInterfaces "eth1" }}"#,
            "eth1"
        ) { call throws(FunctionError) in call[0] },
        function(
            "appendMultusNetwork", "func(existing string, network string) string",
            "a list of networks, comma separated or JSON, with one more",
            #"{{ appendMultusNetwork "a" "istio-cni" }}"#, "a, istio-cni"
        ) { call throws(FunctionError) in .string(MultusNetworks.appending(call.text(1), to: call.text(0))) },
        function(
            "otelResourceAttributes",
            "func(mesh any, annotations any, labels any, namespace string, containers any) string",
            "the resource attributes of OpenTelemetry, where a provider of the mesh wants them",
            #"{{ otelResourceAttributes (dict) (dict) (dict) "default" (list) }}"#, ""
        ) { call throws(FunctionError) in .string(ResourceAttributes.text(call)) },
    ]

    private static let maps: [TemplateFunction] = [
        function(
            "omit", "func(map any, keys ...string) any", "a map without these keys",
            #"{{ omit (dict "a" 1 "b" 2) "a" }}"#, "map[b:2]"
        ) { call throws(FunctionError) in try SprigDicts.omit(call) },
        function(
            "strdict", "func(pairs ...string) map[string]string", "a map of texts", #"{{ strdict "a" "b" }}"#,
            "map[a:b]"
        ) { call throws(FunctionError) in
            let map = GoMap(type: .stringMap)
            for index in stride(from: 0, to: call.count, by: 2) {
                map[call.text(index)] = index + 1 < call.count ? call[index + 1] : .string("")
            }
            return .map(map)
        },
        function(
            "mergeMaps", "func(maps ...any) any", "one map of several; later ones win",
            #"{{ mergeMaps (dict "a" 1) (dict "a" 2) }}"#, "map[a:2]"
        ) { call throws(FunctionError) in try merged(call) },
        function(
            "toJsonMap", "func(maps ...any) string", "the JSON of mergeMaps",
            #"{{ toJsonMap (dict "a" "x") (dict "b" "y") }}"#, #"{"a":"x","b":"y"}"#
        ) { call throws(FunctionError) in try json(try merged(call), call) },
        function(
            "omitNil", "func(v any) any", "maps and lists without nil; what becomes empty by that is nil",
            #"{{ omitNil (dict "a" 1 "b" nil) }}"#, "map[a:1]"
        ) { call throws(FunctionError) in try withoutNil(call[0], call, depth: 0) },
    ]

    /// Returns nil if there are no maps.
    private static func merged(_ call: Call) throws(FunctionError) -> GoValue {
        guard call.count > 0 else { return .none }
        let result = GoMap(
            type: call.arguments.allSatisfy { $0.typeName == GoType.stringMap.name } ? .stringMap : .anyMap)
        for map in call.arguments {
            let members = map.sortedMembers ?? []
            try call.work(members.count)
            for (key, value) in members { result[key] = value }
        }
        return .map(result)
    }

    private static func withoutNil(_ value: GoValue, _ call: Call, depth: Int) throws(FunctionError)
        -> GoValue
    {
        if depth > Structure.depthLimit {
            throw .message("the value nests more than \(Structure.depthLimit) deep")
        }
        try call.work(1)
        if let members = value.sortedMembers {
            let result = GoMap()
            for (key, member) in members {
                let kept = try withoutNil(member, call, depth: depth + 1)
                if !kept.isNil { result[key] = kept }
            }
            return result.count == 0 ? .none : .map(result)
        }
        if value.type.kind == .slice, value.stringBytes == nil, let items = value.items {
            var kept: [GoValue] = []
            for item in items {
                let item = try withoutNil(item, call, depth: depth + 1)
                if !item.isNil { kept.append(item) }
            }
            return kept.isEmpty ? .none : .list(kept)
        }
        return value
    }
}

/// Members of values that may be structs with Go types or plain maps of JSON.
enum TypedFields {
    /// Returns the member of that Go or JSON name; nil if it does not exist.
    static func member(_ value: GoValue, _ goName: String, _ jsonName: String) -> GoValue? {
        guard case .typed(let typed) = value, typed.type.kind == .structure || typed.type.kind == .pointer
        else {
            return value.member(jsonName) ?? value.member(goName)
        }
        let type = typed.type.kind == .pointer ? typed.type.element ?? typed.type : typed.type
        let field = type.fields.first { $0.name == goName }
        guard let member = typed.value[field?.jsonName ?? jsonName] else { return nil }
        return GoValue(member, type: field?.type)
    }
}
