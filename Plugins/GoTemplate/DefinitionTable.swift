/// Templates by name, in the order of their definition. They are searched linearly if there are few, and by hash
/// otherwise. Comparing each of twenty thousand templates with all before it took seconds.
struct DefinitionTable: Sendable {
    private(set) var list: [Syntax.Definition] = []
    private var places: [[UInt8]: Int] = [:]

    /// The number of templates up to which a linear search is as quick: most names differ in length. Creating the first
    /// dictionary of that type takes as long as parsing two templates.
    private static let few = 48

    func index(named name: [UInt8]) -> Int? {
        list.count > Self.few ? places[name] : list.firstIndex { $0.name == name }
    }

    /// Adds a template. If there is already one with the same name, that one is still the one that is found.
    mutating func append(_ definition: Syntax.Definition) {
        list.append(definition)
        if list.count == Self.few + 1 {
            for (place, known) in list.enumerated() where places[known.name] == nil {
                places[known.name] = place
            }
        } else if list.count > Self.few, places[definition.name] == nil {
            places[definition.name] = list.count - 1
        }
    }

    /// - Parameter definition: a definition with the same name.
    mutating func replace(at index: Int, by definition: Syntax.Definition) { list[index] = definition }
}
