import Values

/// A container's environment variables.
enum Environment {
    static func append(_ name: String, _ text: String, to container: inout Object) {
        container.modify("env") {
            $0.modifyArray { $0.append(["name": .string(name), "value": .string(text)]) }
        }
    }

    /// Removes the last variable of that name, which `append` added, and the list if it is then empty.
    static func removeLast(_ name: String, from container: inout Object) {
        guard case .array(var items)? = container["env"],
            let index = items.lastIndex(where: { $0.name == name })
        else { return }
        items.remove(at: index)
        container["env"] = items.isEmpty ? nil : .array(items)
    }

    static func value(of name: String, in container: Object?) -> String? {
        container?["env"]?.array?.first { $0.name == name }?["value"]?.string
    }
}
