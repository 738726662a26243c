import PluginAPI
import Values
import YAML

/// The value of `.Files`: a map from paths to bytes, with the methods `Get`, `GetBytes`, `Glob`, `AsConfig`,
/// `AsSecrets` and `Lines`.
enum ChartFilesValue {
    /// - Parameter isRead: whether any template reads files. If none does, the map is empty.
    static func data(_ files: [ChartFile], isRead: Bool) -> SharedData {
        guard isRead else { return .typed(.object(Object()), type([:])) }
        var table: [String: [UInt8]] = [:]
        for file in files { table[file.name] = bytes(of: file) }
        return .typed(value(files.map(\.name), table), type(table))
    }

    /// Returns the content without a byte order mark, as Helm does.
    private static func bytes(of file: ChartFile) -> [UInt8] {
        file.bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(file.bytes.dropFirst(3)) : file.bytes
    }

    private static func value(_ names: [String], _ table: [String: [UInt8]]) -> Value {
        var object = Object()
        for name in names.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
            object.members.append(Member(name, .string(Base64.encode(table[name] ?? []))))
        }
        return .object(object)
    }

    /// Returns the type, whose methods look up the receiver's paths in the chart's files.
    private static func type(_ table: [String: [UInt8]]) -> ObjectType {
        let files = ObjectType(name: "engine.files", kind: .map)
        let bytes = ObjectType(name: "[]uint8", kind: .bytes)
        let lines = ObjectType(name: "[]string", kind: .slice)
        lines.complete(element: ObjectType(name: "string", kind: .string))
        @Sendable func content(_ receiver: Value, _ name: String) -> [UInt8]? {
            receiver[name] == nil ? nil : table[name]
        }
        let methods: [String: ObjectMethod] = [
            "Get": ObjectMethod(parameters: 1) { .text(content($0, $1[0]) ?? []) },
            "GetBytes": ObjectMethod(parameters: 1) {
                .typed(.string(Base64.encode(content($0, $1[0]) ?? [])), bytes)
            },
            "Glob": ObjectMethod(parameters: 1) { [unowned files] receiver, arguments in
                let names = (receiver.object?.members ?? []).map(\.key)
                return .typed(value(names.filter { PathPattern.globs($0, arguments[0]) }, table), files)
            },
            "AsConfig": ObjectMethod(parameters: 0) { receiver, _ in
                .text(yaml(of: receiver) { .string(String(decoding: table[$0] ?? [], as: UTF8.self)) })
            },
            "AsSecrets": ObjectMethod(parameters: 0) { receiver, _ in
                .text(yaml(of: receiver) { .string(Base64.encode(table[$0] ?? [])) })
            },
            "Lines": ObjectMethod(parameters: 1) { receiver, arguments in
                guard let content = content(receiver, arguments[0]) else { return .typed(.array([]), lines) }
                var text = String(decoding: content, as: UTF8.self)
                if text.ends(with: "\n") { text.removeLast() }
                return .typed(
                    .array(
                        text.split(byte: "\n", omittingEmptySubsequences: false).map {
                            .string(String($0))
                        }),
                    lines)
            },
        ]
        files.complete(element: bytes, methods: methods.mapValues { .function($0) })
        return files
    }

    /// Formats a YAML map from the files' base names to their contents, without a line feed at the end.
    private static func yaml(of receiver: Value, _ content: (String) -> Value) -> [UInt8] {
        let members = receiver.object?.members ?? []
        var map = Object()
        for member in members {
            map[String(member.key.split(byte: "/").last ?? "")] = content(member.key)
        }
        var output = ByteBuffer()
        YAMLWriter.write(.object(map), into: &output)
        var text = output.bytes
        if text.last == 0x0A { text.removeLast() }
        return text
    }
}
