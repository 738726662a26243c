import Values
import YAML

/// The template texts of a configuration file, and the file with other texts.
public struct ConfigurationTemplates: Sendable {
    /// A template's text and its location in the file.
    public struct Template: Sendable, Equatable {
        /// `template` in the classic form.
        public var name: String
        public var text: String
        /// The line of the file with the text's first line; nil if the file does not contain the lines unchanged.
        public var firstLine: Int?
    }

    public let templates: [Template]
    private let file: NamedText
    private let root: Value

    /// - Returns: nil if the file is not YAML; compiling it reports the error.
    public init?(_ file: NamedText) {
        guard
            let documents = try? YAMLReader.documents(file.bytes, options: YAMLOptions(positions: true)),
            let document = documents.first(where: { !$0.isEmpty })
        else { return nil }
        self.file = file
        root = document.value
        let lines = file.bytes.split(separator: 0x0a, omittingEmptySubsequences: false)
        let located = { (name: String, text: String, pointer: String) -> Template in
            // The text of a block scalar begins on the line after its indicator.
            let first = (document.positions?[pointer]?.line).flatMap { line -> Int? in
                let wanted = text.utf8.prefix { $0 != 0x0a }
                guard lines.indices.contains(line) else { return nil }
                return lines[line].reversed().starts(with: wanted.reversed()) ? line + 1 : nil
            }
            return Template(name: name, text: text, firstLine: first)
        }
        if case .object(let named)? = root["templates"] {
            templates = named.members.compactMap { member in
                let pointer = "/templates/" + JSONPointer.escape(member.key)
                if let text = member.value.string { return located(member.key, text, pointer) }
                return member.value["template"]?.string.map { located(member.key, $0, pointer + "/template") }
            }
        } else {
            templates = root["template"]?.string.map { [located("template", $0, "/template")] } ?? []
        }
    }

    /// Returns the configuration with these texts instead of its own.
    public func replacing(_ texts: [String: String]) -> NamedText {
        var root = root
        root.modifyObject { root in
            guard root["templates"]?.object != nil else {
                if let text = texts["template"] { root["template"] = .string(text) }
                return
            }
            root.modify("templates") { named in
                named.modifyObject { named in
                    for index in named.members.indices {
                        guard let text = texts[named.members[index].key] else { continue }
                        if named.members[index].value.string != nil {
                            named.members[index].value = .string(text)
                        } else {
                            named.members[index].value.modifyObject { $0["template"] = .string(text) }
                        }
                    }
                }
            }
        }
        return NamedText(name: file.name, text: JSON.text(root))
    }

    /// Whether everything except the texts of the templates is equal.
    public func hasSameRest(as other: ConfigurationTemplates) -> Bool {
        let empty = { (one: ConfigurationTemplates) in
            one.replacing(Dictionary(uniqueKeysWithValues: one.templates.map { ($0.name, "") })).bytes
        }
        return empty(self) == empty(other)
    }
}
