import Values
import YAML

extension InjectionFiles {
    /// Extracts the texts from files that are whole ConfigMaps, or Lists of them, in the format of kubectl's `-o yaml`.
    ///
    /// | key of `data` | becomes |
    /// | --- | --- |
    /// | `config` | the configuration |
    /// | `values` | the values, if there is no file with them |
    /// | `mesh` | the mesh configuration, if there is no file with it |
    ///
    /// - Throws: if a ConfigMap lacks the key that it was given for.
    func unwrapped() throws(ConfigurationError) -> InjectionFiles {
        var files = self
        if let maps = Self.configMaps(in: configuration) {
            files.configuration = try Self.text("config", maps, configuration)
            if values == nil { files.values = try? Self.text("values", maps, configuration) }
            if mesh == nil { files.mesh = try? Self.text("mesh", maps, configuration) }
        }
        if let values, let maps = Self.configMaps(in: values) {
            files.values = try Self.text("values", maps, values)
        }
        if let mesh, let maps = Self.configMaps(in: mesh) { files.mesh = try Self.text("mesh", maps, mesh) }
        return files
    }

    private static let kind = Array("ConfigMap".utf8)
    /// The maximum size of a file that is searched for the kind, which kubectl may write after all the data.
    private static let longest = 8 << 20

    /// The ConfigMaps in a text; nil if it is not a ConfigMap. Most other texts are recognised without parsing them.
    private static func configMaps(in text: NamedText) -> [Value]? {
        guard text.bytes.count <= longest, holdsKind(text.bytes),
            let documents = try? YAMLReader.documents(text.bytes)
        else { return nil }
        let objects = documents.filter { !$0.isEmpty }.flatMap { document in
            document.value["kind"]?.string?.ends(with: "List") == true
                ? document.value["items"]?.array ?? [] : [document.value]
        }
        let maps = objects.filter {
            ($0["kind"]?.string ?? "ConfigMap") == "ConfigMap" && $0["data"]?.object != nil
        }
        guard objects.contains(where: { $0["kind"] == "ConfigMap" }) else { return nil }
        return maps
    }

    private static func holdsKind(_ bytes: [UInt8]) -> Bool {
        guard let first = kind.first, bytes.count >= kind.count else { return false }
        return bytes.withUnsafeBufferPointer { bytes in
            for start in 0...(bytes.count - kind.count) where bytes[start] == first {
                if kind.indices.allSatisfy({ bytes[start + $0] == kind[$0] }) { return true }
            }
            return false
        }
    }

    private static func text(
        _ key: String, _ maps: [Value], _ file: NamedText
    ) throws(ConfigurationError) -> NamedText {
        for map in maps {
            guard let text = map["data"]?[key]?.string else { continue }
            let name = map["metadata"]?["name"]?.string ?? ""
            return NamedText(name: "\(file.name), configmap \(name), key \(key)", text: text)
        }
        let keys = maps.flatMap { $0["data"]?.object?.members.map(\.key) ?? [] }
        throw ConfigurationError([
            Diagnostic(
                .error, code: "key_missing", at: SourceLocation(file.name),
                "the ConfigMap has no key \"\(key)\"; it has \(keys.isEmpty ? "no keys" : keys.joined(separator: ", "))",
                remedy: "give the ConfigMap that has it, or its text")
        ])
    }
}
