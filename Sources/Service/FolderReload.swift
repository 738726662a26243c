/// What came of loading a folder of templates or charts again.
enum FolderReload: Sendable {
    case unchanged
    /// Their names.
    case loaded([String])
    /// What is wrong, a sentence each; what was good before stays.
    case refused([String])
}
