import Values

/// Finds parts that look like a pod in an object of an unknown kind.
///
/// | found | treated as |
/// | --- | --- |
/// | a member `containers`, a list with an item that has a name or an image | a pod's spec; a pod template if it is `spec` and not at the top |
/// | `container` or `script` with an image; `steps`, `sidecars`, `initContainers`, lists with an item that has one | a part of a pod |
struct PodParts: Sendable, Equatable {
    /// The paths from the object to each spec: member names and indexes of items.
    private(set) var specs: [[String]] = []
    /// The path to the first part of a pod that is not in a spec.
    private(set) var loose: [String]?
    /// The paths to pod templates, with items of lists as `[*]`.
    private var templates: [[Step]] = []

    private enum Step: Sendable, Hashable {
        case member(String)
        case anyItem, anyMember

        init(_ step: PathStep) {
            switch step {
            case .member(let name): self = .member(name)
            case .item: self = .anyItem
            }
        }
    }

    /// The maximum depth of the search, the same as for parsing a document.
    private static let maximumDepth = 100
    /// The maximum number of specs of one object that are listed.
    private static let maximumSpecs = 100

    var isEmpty: Bool { specs.isEmpty && loose == nil }

    mutating func search(_ value: Value) {
        var path: [PathStep] = []
        search(value, at: &path)
    }

    /// - Parameter path: the path to the value. It is changed in place, because most values contain nothing like a pod.
    private mutating func search(_ value: Value, at path: inout [PathStep]) {
        guard path.count < Self.maximumDepth, specs.count < Self.maximumSpecs else { return }
        switch value {
        case .object(let object):
            if Self.hasContainer(object["containers"]) {
                specs.append(path.map(\.token))
                if path.last == .member("spec"), path.count > 1 {
                    templates.append(path.dropLast().map(Step.init))
                }
                return
            }
            if loose == nil, let part = Self.part(of: object) { loose = path.map(\.token) + [part] }
            for member in object.members where member.value.isCollection {
                path.append(.member(member.key))
                search(member.value, at: &path)
                path.removeLast()
            }
        case .array(let items):
            for (index, item) in items.enumerated() where item.isCollection {
                path.append(.item(index))
                search(item, at: &path)
                path.removeLast()
            }
        default: break
        }
    }

    private static func hasContainer(_ list: Value?) -> Bool {
        guard case .array(let items)? = list else { return false }
        return items.contains { $0["name"]?.string != nil || $0["image"]?.string != nil }
    }

    private static func part(of object: Object) -> String? {
        for key in ["container", "script"] where object[key]?["image"]?.string != nil { return key }
        for key in ["steps", "sidecars", "initContainers"] {
            guard case .array(let items)? = object[key] else { continue }
            if items.contains(where: { $0["image"]?.string != nil }) { return key }
        }
        return nil
    }

    /// The paths that cover all pod templates. Paths that differ in one member's name are merged to one with `*` there.
    var templatePaths: [String] {
        var paths: [[Step]] = []
        for path in templates where !paths.contains(path) { paths.append(path) }
        var position = 0
        while position < paths.map(\.count).max() ?? 0 {
            var groups: [[Step]: [Int]] = [:]
            for (index, path) in paths.enumerated() where position < path.count {
                guard case .member = path[position] else { continue }
                var key = path
                key[position] = .anyMember
                groups[key, default: []].append(index)
            }
            let merged = groups.filter { $0.value.count > 1 }
            let gone = Set(merged.values.joined())
            let firsts = Dictionary(uniqueKeysWithValues: merged.map { ($0.value[0], $0.key) })
            paths = paths.indices.compactMap { firsts[$0] ?? (gone.contains($0) ? nil : paths[$0]) }
            position += 1
        }
        return paths.compactMap(Self.text)
    }

    /// Formats a path; nil if a name contains a character of the notation.
    private static func text(_ path: [Step]) -> String? {
        var text = ""
        for step in path {
            switch step {
            case .anyItem: text += "[*]"
            case .anyMember: text += text.isEmpty ? "*" : ".*"
            case .member(let name):
                guard !name.isEmpty, name != "*", !name.contains(where: { ".[]'=".contains($0) }) else {
                    return nil
                }
                text += text.isEmpty ? name : "." + name
            }
        }
        return text
    }
}
