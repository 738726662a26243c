import PluginAPI
import Values
import YAML

/// Reads the fields of the injection configuration's file and collects all problems, with their locations.
struct InjectionConfigurationReader {
    private let file: String
    private let root: Object
    private let positions: [String: SourcePosition]
    private(set) var diagnostics: [Diagnostic] = []

    /// The fields that have a meaning.
    private static let known: Set<String> = [
        "policy", "template", "templates", "defaultTemplates", "aliases", "neverInjectSelector",
        "alwaysInjectSelector", "injectedAnnotations", "engine",
    ]

    /// The fields of a template that names its engine.
    private static let knownOfTemplate: Set<String> = ["engine", "template"]

    init(_ text: NamedText) throws(ConfigurationError) {
        file = text.name
        let documents: [YAMLDocument]
        do {
            documents = try YAMLReader.documents(text.bytes, options: YAMLOptions(positions: true))
        } catch {
            throw ConfigurationError([
                Diagnostic(
                    .error, code: "yaml_invalid", at: SourceLocation(text.name, error.position),
                    "the file is not YAML: \(error.message)")
            ])
        }
        let document = documents.first { !$0.isEmpty }
        positions = document?.positions ?? [:]
        switch document?.value {
        case .object(let object)?: root = object
        case nil, .null?:
            // An interrupted write leaves an empty file. Accepting it would end all injections without an error.
            throw ConfigurationError([
                Diagnostic(
                    .error, code: "file_empty",
                    at: SourceLocation(text.name, SourcePosition(line: 1, column: 1)),
                    "the file is empty, expected a mapping with policy and template or templates")
            ])
        case let other?:
            throw ConfigurationError([
                Diagnostic(
                    .error, code: "type_invalid",
                    at: SourceLocation(text.name, SourcePosition(line: 1, column: 1)),
                    "the file is \(other.kindName), expected a mapping with policy and template or templates")
            ])
        }
        guard Self.deciding.contains(where: { root[$0] != nil }) else {
            // Another file, such as the values, would inject nothing and report nothing.
            let found = root.members.prefix(6).map(\.key).joined(separator: ", ")
            throw ConfigurationError([
                Diagnostic(
                    .error, code: "configuration_empty",
                    at: SourceLocation(text.name, SourcePosition(line: 1, column: 1)),
                    "the file has neither a policy nor a template: found \(found)",
                    remedy:
                        "give an injection configuration: the key config of the ConfigMap, or the whole ConfigMap"
                )
            ])
        }
        warnOfUnknown(root, at: "", known: Self.known)
    }

    /// Without one of these fields, nothing is ever injected.
    private static let deciding = ["policy", "template", "templates"]

    private mutating func warnOfUnknown(_ object: Object, at pointer: String, known: Set<String>) {
        for member in object.members where !known.contains(member.key) {
            diagnostics.append(
                Diagnostic(
                    .warning, code: "field_unknown",
                    at: location(pointer + "/" + JSONPointer.escape(member.key)),
                    "the field \"\(member.key)\" is not known and is ignored"))
        }
    }

    func location(_ pointer: String) -> SourceLocation { SourceLocation(file, positions[pointer]) }
    func line(_ pointer: String) -> Int? { positions[pointer]?.line }

    mutating func add(_ diagnostic: Diagnostic) { diagnostics.append(diagnostic) }

    private mutating func mismatch(_ pointer: String, _ found: Value, _ expected: String) {
        let name = pointer.dropFirst()
        diagnostics.append(
            Diagnostic(
                .error, code: "type_invalid", at: location(pointer),
                "\(name) is \(found.kindName), expected \(expected)"))
    }

    mutating func text(_ key: String) -> String { text(root[key], at: "/" + key) }

    private mutating func text(_ value: Value?, at pointer: String) -> String {
        switch value {
        case nil, .null?: return ""
        case .string(let text)?: return text
        // `policy: off` is a boolean in YAML; it is reported as an illegal policy, not refused.
        case .bool(let flag)?: return flag ? "true" : "false"
        case .int(let number)?: return String(number)
        case let other?:
            mismatch(pointer, other, "a string")
            return ""
        }
    }

    mutating func list(_ key: String) -> [Value] {
        switch root[key] {
        case nil, .null?: return []
        case .array(let items)?: return items
        case let other?:
            mismatch("/" + key, other, "a list")
            return []
        }
    }

    mutating func texts(_ key: String) -> [String]? {
        guard root[key]?.isNull == false else { return nil }
        return texts(list(key), at: "/" + key)
    }

    private mutating func texts(_ items: [Value], at pointer: String) -> [String] {
        var found: [String] = []
        for (index, item) in items.enumerated() {
            if let text = item.string {
                found.append(text)
            } else {
                mismatch("\(pointer)/\(index)", item, "a string")
            }
        }
        return found
    }

    private mutating func map(_ key: String) -> Object {
        switch root[key] {
        case nil, .null?: return Object()
        case .object(let object)?: return object
        case let other?:
            mismatch("/" + key, other, "a mapping")
            return Object()
        }
    }

    /// The members as strings; numbers and booleans are converted.
    mutating func textMap(_ key: String) -> Object {
        var found = Object()
        for member in map(key).members {
            if let text = scalarText(member.value) {
                found[member.key] = .string(text)
            } else {
                mismatch("/\(key)/\(JSONPointer.escape(member.key))", member.value, "a string")
            }
        }
        return found
    }

    private func scalarText(_ value: Value) -> String? {
        switch value {
        case .string(let text): text
        case .null: ""
        case .bool, .int, .double: JSON.text(value)
        case .array, .object: nil
        }
    }

    /// A template of `templates:`, with the pointers for messages about it.
    struct NamedTemplate {
        var name: String
        var text: String
        var pointer: String
        /// Empty if the template names no engine.
        var engine = ""
        var enginePointer: String
    }

    /// The members of `templates:`: each a text, or a mapping with the text and its engine.
    mutating func templates() -> [NamedTemplate] {
        var found: [NamedTemplate] = []
        for member in map("templates").members {
            let pointer = "/templates/" + JSONPointer.escape(member.key)
            if let text = scalarText(member.value) {
                found.append(
                    NamedTemplate(name: member.key, text: text, pointer: pointer, enginePointer: pointer))
            } else if case .object(let object) = member.value {
                warnOfUnknown(object, at: pointer, known: Self.knownOfTemplate)
                guard object["template"] != nil else {
                    diagnostics.append(
                        Diagnostic(
                            .error, code: "template_missing", at: location(pointer),
                            "\(pointer.dropFirst()) has no template: of its own, expected its text there"))
                    continue
                }
                let body = text(object["template"], at: pointer + "/template")
                let engine = text(object["engine"], at: pointer + "/engine")
                found.append(
                    NamedTemplate(
                        name: member.key, text: body, pointer: pointer + "/template", engine: engine,
                        enginePointer: engine.isEmpty ? pointer : pointer + "/engine"))
            } else {
                mismatch(pointer, member.value, "a string or a mapping of engine and template")
            }
        }
        return found
    }

    mutating func listMap(_ key: String) -> [String: [String]] {
        var found: [String: [String]] = [:]
        for member in map(key).members {
            let pointer = "/\(key)/\(JSONPointer.escape(member.key))"
            switch member.value {
            case .array(let items): found[member.key] = texts(items, at: pointer)
            case .null: found[member.key] = []
            default: mismatch(pointer, member.value, "a list of names")
            }
        }
        return found
    }

    func has(_ key: String) -> Bool { root[key].map { !$0.isNull } ?? false }
    /// Whether the field is an empty mapping.
    func isEmpty(_ key: String) -> Bool { root[key]?.object?.isEmpty == true }
}
