public import Values

/// One change of a value in a manifest.
public struct ManifestEdit: Sendable, Equatable {
    /// The index of the document in the manifest; empty documents count.
    public var document: Int
    /// The place in the document. Missing objects on the path are added.
    public var pointer: JSONPointer
    /// The new value; nil removes the current one.
    public var value: Value?

    public init(document: Int, pointer: JSONPointer, value: Value?) {
        self.document = document
        self.pointer = pointer
        self.value = value
    }

    func apply(to document: inout Value) {
        if let value {
            document.replaceMember(at: pointer.tokens[...], with: value)
        } else {
            document.removeMember(at: pointer.tokens[...])
        }
    }
}

extension Value {
    /// Removes the value at a path of member names and indexes of items; does nothing if the path does not exist.
    fileprivate mutating func removeMember(at path: ArraySlice<String>) {
        guard let name = path.first else { return }
        switch self {
        case .object(let object):
            guard object[name] != nil else { return }
            modifyObject { object in
                guard path.count > 1 else {
                    object[name] = nil
                    return
                }
                object.modify(name) { $0.removeMember(at: path.dropFirst()) }
            }
        case .array(let items):
            guard let index = Int(name), items.indices.contains(index) else { return }
            modifyArray { items in
                if path.count > 1 {
                    items[index].removeMember(at: path.dropFirst())
                } else {
                    items.remove(at: index)
                }
            }
        default: return
        }
    }
}
