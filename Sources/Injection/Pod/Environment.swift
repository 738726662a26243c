import Values

/// A container's environment variables.
enum Environment {
    static func append(_ name: String, _ text: String, to container: inout Object) {
        container.modify("env") {
            $0.modifyArray { $0.append(["name": .string(name), "value": .string(text)]) }
        }
    }

    static func value(of name: String, in container: Object?) -> String? {
        container?["env"]?.array?.first { $0.name == name }?["value"]?.string
    }
}
