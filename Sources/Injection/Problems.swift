import PluginAPI

/// What is wrong with one pod: found by steps that do not depend on each other, kept in their order, thrown together.
struct Problems {
    private(set) var found: [InjectionError] = []

    /// What a step gives; nil where it fails, which is kept.
    mutating func collect<T>(_ step: () throws(InjectionError) -> T) -> T? {
        do throws(InjectionError) {
            return try step()
        } catch {
            add(error)
            return nil
        }
    }

    mutating func add(_ error: InjectionError) { found += error.all }

    /// - Throws: the first one, the others within it.
    func check() throws(InjectionError) {
        guard var first = found.first else { return }
        first.others = Array(found.dropFirst())
        throw first
    }
}
