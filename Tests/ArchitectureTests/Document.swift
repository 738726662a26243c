import TestSupport

/// A document of the repository, and the terms that it sets in backticks outside of code blocks.
struct Document {
    struct Term {
        var text: String
        /// From 1.
        var line: Int
    }

    let terms: [Term]

    /// - Parameter path: from the root of the package.
    init(_ path: String) {
        var terms: [Term] = []
        var isCode = false
        let lines = text(of: "\(packageRoot)/\(path)").split(
            separator: "\n", omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            if line.hasPrefix("```") { isCode.toggle() }
            guard !isCode else { continue }
            let parts = line.split(separator: "`", omittingEmptySubsequences: false)
            for position in stride(from: 1, to: parts.count - 1, by: 2) {
                terms.append(Term(text: String(parts[position]), line: index + 1))
            }
        }
        self.terms = terms
    }
}
