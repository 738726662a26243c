import PluginAPI
import Values

/// Lists and maps that are nil in Go. They print, count and iterate as empty ones do, and are `null` in JSON.
extension GoValue {
    /// `[]interface {}(nil)`
    static let nilList = nilValue(.slice, "[]interface {}", of: ObjectType(name: "interface {}", kind: .any))
    /// `[]string(nil)`
    static let nilStrings = nilValue(.slice, "[]string", of: ObjectType(name: "string", kind: .string))
    /// `map[string]interface {}(nil)`
    static let nilMap = nilValue(
        .map, "map[string]interface {}", of: ObjectType(name: "interface {}", kind: .any))

    private static func nilValue(
        _ kind: ObjectType.Kind, _ name: String, of element: ObjectType
    ) -> GoValue {
        let type = ObjectType(name: name, kind: kind)
        type.complete(element: element)
        return .typed(TypedValue(.null, type: type))
    }
}
