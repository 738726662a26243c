import GoTemplate
import PluginAPI
import TestSupport
import Testing
import Values

/// Compares templates over structs with Go's results, which `oracle/` recorded into `cases/typed-view.jsonl`. Each
/// template over the same data, viewed through types of the same shape, has the same output and error.
@Suite struct GoStructTests {
    @Test func doesAsGoDoes() throws {
        let lines = text(of: packageRoot + "/Tests/GoTemplateTests/cases/typed-view.jsonl").split(
            separator: "\n")
        var data = Value.null
        var wrong: [String] = []
        var count = 0
        for line in lines {
            let value = try JSON.read(String(line))
            guard let parts = value.array else {
                data = value
                continue
            }
            count += 1
            let source = parts[1].string ?? ""
            let found = render(source, data)
            let wanted = (parts[2].string ?? "", parts.count > 3 ? parts[3].string ?? "" : "")
            if found != wanted { wrong.append("\(parts[0]) \(source)\n  want \(wanted)\n  got  \(found)") }
        }
        #expect(count > 5000)
        #expect(wrong.isEmpty, "\(wrong.count) of \(count)\n\(wrong.prefix(40).joined(separator: "\n"))")
    }

    private func render(_ source: String, _ data: Value) -> (String, String) {
        var output = ByteBuffer()
        do throws(RenderError) {
            let template = try GoTemplateRenderer().compile(
                TemplateSources(TemplateSource(name: "t", text: source)), options: CompileOptions())
            try template.render(
                TemplateData(data, type: GoStructTests.data), limits: .commandLine, into: &output)
        } catch {
            return (output.text, error.detail)
        }
        return (output.text, "")
    }

    // MARK: The types of oracle/, under the same names

    private static func structure(
        _ name: String, _ fields: [ObjectType.Field], _ methods: [String: ObjectType.Method] = [:]
    ) -> ObjectType {
        let type = ObjectType(name: name, kind: .structure)
        type.complete(fields: fields, methods: methods)
        return type
    }

    private static func field(_ name: String, _ type: ObjectType, isInline: Bool = false, json: String = "")
        -> ObjectType.Field
    {
        let first = name.prefix(1).lowercased() + name.dropFirst()
        return .init(name: name, jsonName: json.isEmpty ? first : json, type: type, isInline: isInline)
    }

    private static func of(_ prefix: String, _ kind: ObjectType.Kind, _ element: ObjectType) -> ObjectType {
        let type = ObjectType(name: prefix + element.name, kind: kind)
        type.complete(element: element)
        return type
    }

    private static func pointer(_ element: ObjectType) -> ObjectType { of("*", .pointer, element) }
    private static func slice(_ element: ObjectType) -> ObjectType { of("[]", .slice, element) }
    private static let strings = of("map[string]", .map, .string)
    private static let int32 = ObjectType(name: "int32", kind: .int)

    static let data: ObjectType = {
        let meta = structure(
            "v1.ObjectMeta",
            [
                field("Name", .string), field("Generation", .int64), field("Labels", strings),
                field("Annotations", strings), field("Finalizers", slice(.string)),
            ])
        let port = structure("v1.Port", [field("Name", .string), field("ContainerPort", int32)])
        let security = structure(
            "v1.SecurityContext",
            [field("RunAsUser", pointer(.int64)), field("Privileged", pointer(.bool))])
        let container = structure(
            "v1.Container",
            [
                field("Name", .string), field("Image", .string), field("Args", slice(.string)),
                field("Ports", slice(port)), field("SecurityContext", pointer(security)),
            ])
        let spec = structure(
            "v1.PodSpec",
            [
                field("Containers", slice(container)), field("ServiceAccountName", .string),
                field("HostNetwork", .bool), field("Grace", pointer(.int64)), field("NodeSelector", strings),
            ])
        return pointer(
            structure(
                "inject.Data",
                [
                    field("ObjectMeta", meta, isInline: true, json: "metadata"), field("Spec", pointer(spec)),
                    field("ProxyConfig", pointer(proxy)), field("Values", .anyMap),
                ]))
    }()

    private static let proxy: ObjectType = {
        let mode = ObjectType(name: "v1alpha1.Mode", kind: .enumeration)
        mode.complete(
            methods: ["String": .string], enumeration: [("REDIRECT", 0), ("TPROXY", 1), ("NONE", 2)])
        let tracing = structure(
            "v1alpha1.Tracing",
            [field("Sampling", ObjectType(name: "float64", kind: .float)), field("Tags", strings)],
            ["GetSampling": .getter(field: 0), "GetTags": .getter(field: 1)])
        return structure(
            "v1alpha1.ProxyConfig",
            [
                field("ConfigPath", .string), field("Concurrency", int32), field("Tracing", pointer(tracing)),
                field("Metadata", strings), field("Mode", mode),
            ],
            [
                "GetConfigPath": .getter(field: 0), "GetTracing": .getter(field: 2),
                "GetMode": .getter(field: 4),
            ])
    }()
}
