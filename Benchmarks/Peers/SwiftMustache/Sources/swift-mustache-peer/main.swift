// Renders one mustache template with swift-mustache.

import Glibc
import Mustache
import Values

exit(
    measurePeer("swift-mustache") { template, data in
        let compiled = try MustacheTemplate(string: String(decoding: template, as: UTF8.self))
        let input = dictionaries(data) ?? [String: Any]()
        return (render: { _ = compiled.render(input) }, output: { Array(compiled.render(input).utf8) })
    })

/// JSON data in the form of that engine: dictionaries and arrays of `Any`; null members are left out.
func dictionaries(_ value: Value) -> Any? {
    if let object = value.object {
        var result: [String: Any] = [:]
        for member in object.members { result[member.key] = dictionaries(member.value) }
        return result
    }
    if let array = value.array { return array.compactMap(dictionaries) as [Any] }
    switch value {
    case .bool(let value): return value
    case .int(let value): return Int(value)
    case .double(let value): return value
    case .string(let value): return value
    default: return nil
    }
}
