import PluginAPI

/// The problems of a pod. The steps that find them do not depend on each other, and the problems are thrown together in
/// the order of the steps.
struct Problems {
    private(set) var found: [InjectionError] = []

    /// Runs a step and keeps its error if it fails.
    ///
    /// - Returns: the step's result; nil if it fails.
    mutating func collect<T>(_ step: () throws(InjectionError) -> T) -> T? {
        do throws(InjectionError) {
            return try step()
        } catch {
            add(error)
            return nil
        }
    }

    mutating func add(_ error: InjectionError) { found += error.all }

    /// - Throws: the first problem, with the others in it.
    func check() throws(InjectionError) {
        guard var first = found.first else { return }
        first.others = Array(found.dropFirst())
        throw first
    }
}
