/// The result of reloading a folder of templates or charts.
enum FolderReload: Sendable {
    case unchanged
    /// The names of the templates or charts.
    case loaded([String])
    /// The problems, a sentence each. The last good state stays in use.
    case refused([String])
}
