import Values

/// A change of the documents of a manifest.
protocol ManifestChange {
    var options: ManifestOptions { get }
    var reports: [WorkloadReport] { get set }
    /// The problems of the workloads, in their order.
    var problems: [InjectionError] { get set }
    /// Whether recorded original texts (`Provenance`) are restored.
    var restores: Bool { get }
    /// The strings in the next document that are written as another type.
    var stringFields: [StringField] { get set }
    /// Finds these strings in the document that is passed to `change` next.
    mutating func findStringFields(in value: Value) -> [StringField]
    /// Returns the changed document; nil if nothing changes.
    mutating func change(_ value: Value, document: Int, line: Int) throws(InjectionError) -> Value?
}

extension ManifestChange {
    var restores: Bool { false }
    var stringFields: [StringField] {
        get { [] }
        set {}
    }
    mutating func findStringFields(in value: Value) -> [StringField] { [] }

    /// Records the problems of a workload, with its kind and name.
    mutating func note(_ error: InjectionError, of workload: Workload, line: Int) {
        let name = workload.name.isEmpty ? "" : " \"\(workload.name)\""
        for var problem in error.all {
            problem.message = "\(options.name):\(line): \(workload.kind)\(name): \(problem.message)"
            problems.append(problem)
        }
    }

    /// Records that a document's text could not be kept.
    mutating func noteRewritten(document: Int) {
        guard let index = reports.lastIndex(where: { $0.document == document }) else { return }
        reports[index].notes.append(
            "the document is written again from its values: its comments and layout are not kept")
    }
}
