/// Templates by name, in the order of their definition: looked through while they are few, found by hash from then on.
/// Twenty thousand templates, each compared with all before it, took seconds.
struct DefinitionTable: Sendable {
    private(set) var list: [Syntax.Definition] = []
    private var places: [[UInt8]: Int] = [:]

    /// Up to that many, looking through all is as quick: most names differ in length. Making the first dictionary of that
    /// kind takes as long as parsing two templates.
    private static let few = 48

    func index(named name: [UInt8]) -> Int? {
        list.count > Self.few ? places[name] : list.firstIndex { $0.name == name }
    }

    /// Adds a template whose name is not there, or is there and found first.
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

    /// - Parameter definition: of the same name.
    mutating func replace(at index: Int, by definition: Syntax.Definition) { list[index] = definition }
}
