import Values

/// What is done to the documents of a manifest.
protocol ManifestChange {
    var options: ManifestOptions { get }
    var reports: [WorkloadReport] { get set }
    /// What went wrong with workloads, in their order.
    var problems: [InjectionError] { get set }
    /// Whether ways back are followed.
    var restores: Bool { get }
    /// The strings of the document that is next that are written as something else.
    var stringFields: [StringField] { get set }
    /// Looks for such strings in the document that `change` gets next.
    mutating func findStringFields(in value: Value) -> [StringField]
    /// The document as it becomes, or nil where nothing changes.
    mutating func change(_ value: Value, document: Int, line: Int) throws(InjectionError) -> Value?
}

extension ManifestChange {
    var restores: Bool { false }
    var stringFields: [StringField] {
        get { [] }
        set {}
    }
    mutating func findStringFields(in value: Value) -> [StringField] { [] }

    /// Keeps what is wrong with a workload, and says of which it is.
    mutating func note(_ error: InjectionError, of workload: Workload, line: Int) {
        let name = workload.name.isEmpty ? "" : " \"\(workload.name)\""
        for var problem in error.all {
            problem.message = "\(options.name):\(line): \(workload.kind)\(name): \(problem.message)"
            problems.append(problem)
        }
    }

    /// Says that a document's text could not be kept.
    mutating func noteRewritten(document: Int) {
        guard let index = reports.lastIndex(where: { $0.document == document }) else { return }
        reports[index].notes.append(
            "the document is written again from its values: its comments and layout are not kept")
    }
}
