import Values

/// The rules of `.helmignore`, which say which files of a folder are not part of the chart.
///
/// | line | ignored |
/// | --- | --- |
/// | `*.tmp` | files and folders with a matching name, anywhere |
/// | `/a.txt` | this name, only at the top |
/// | `a/b.txt` | this path, from the top |
/// | `dir/` | only folders with this name |
/// | `!a` | everything that does not match |
public struct IgnoreRules: Sendable {
    private struct Rule: Sendable {
        var pattern: String {
            didSet { start = Rule.start(of: pattern) }
        }
        var isNegated = false
        var isFolder = false
        /// Whether the pattern is matched against the whole path instead of the base name.
        var isPath = false
        /// The literal prefix of the pattern. Most names do not have it, and need no further matching.
        private var start = ""

        init(pattern: String, isPath: Bool = false) {
            self.pattern = pattern
            self.isPath = isPath
            start = Rule.start(of: pattern)
        }

        private static func start(of pattern: String) -> String {
            String(Substring(pattern.utf8.prefix { byte in !"*?[\\".utf8.contains(byte) }))
        }

        func matches(_ path: String) -> Bool {
            let text = isPath ? path : IgnoreRules.lastName(of: path)
            return text.utf8.starts(with: start.utf8) && PathPattern.matches(text, pattern)
        }
    }

    private var rules: [Rule] = []

    /// - Throws: an error for a pattern with `**`, which Helm does not support either.
    public init(_ text: [UInt8]) throws(ChartError) {
        for line in String(decoding: text, as: UTF8.self).split(whereSeparator: \.isNewline) {
            var pattern = IgnoreRules.trimmed(line)
            guard !pattern.isEmpty, !pattern.begins(with: "#") else { continue }
            if pattern.contains("**") {
                throw ChartError(.chart, "double-star (**) syntax is not supported", file: ".helmignore")
            }
            var rule = Rule(pattern: "")
            if pattern.begins(with: "!") {
                rule.isNegated = true
                pattern.removeFirst()
            }
            if pattern.ends(with: "/") {
                rule.isFolder = true
                pattern.removeLast()
            }
            if pattern.begins(with: "/") {
                rule.isPath = true
                pattern.removeFirst()
            } else if pattern.contains(byte: "/") {
                rule.isPath = true
            }
            rule.pattern = pattern
            rules.append(rule)
        }
        rules.append(Rule(pattern: "templates/.?*", isPath: true))
    }

    /// Creates the rules for a chart without `.helmignore`.
    public init() { rules = [Rule(pattern: "templates/.?*", isPath: true)] }

    private static func trimmed(_ line: Substring) -> String {
        var line = line
        while let first = line.first, first == " " || first == "\t" { line.removeFirst() }
        while let last = line.last, last == " " || last == "\t" || last == "\r" { line.removeLast() }
        return String(line)
    }

    /// Whether a file or folder is ignored.
    public func ignores(_ path: String, isFolder: Bool) -> Bool {
        if path.isEmpty || path == "." || path == "./" { return false }
        for rule in rules {
            // A negated rule ignores everything that it does not match.
            if rule.isNegated {
                if rule.isFolder, !isFolder { return true }
                if !rule.matches(path) { return true }
                continue
            }
            if rule.isFolder, !isFolder { continue }
            if rule.matches(path) { return true }
        }
        return false
    }

    private static func lastName(of path: String) -> String {
        String(path.split(byte: "/").last ?? "")
    }
}

/// Matches patterns of Go's `filepath.Match`, and of `gobwas/glob` for `.Files.Glob`.
enum PathPattern {
    /// The number of steps of one match. A pattern such as `*a*b*c` backtracks often in a long name.
    private static let stepLimit = 100_000

    /// Matches like `filepath.Match`: `*` and `?` do not match a slash, `[a-z]` is a class, a backslash escapes.
    static func matches(_ text: String, _ pattern: String) -> Bool {
        var steps = 0
        return matches(
            Array(text.unicodeScalars)[...], Array(pattern.unicodeScalars)[...], isGlob: false, &steps)
    }

    /// Matches like `.Files.Glob`: in addition, `**` matches slashes and `{a,b}` matches alternatives.
    static func globs(_ text: String, _ pattern: String) -> Bool {
        var steps = 0
        return matches(
            Array(text.unicodeScalars)[...], Array(pattern.unicodeScalars)[...], isGlob: true, &steps)
    }

    private typealias Scalars = ArraySlice<Unicode.Scalar>

    private static func matches(
        _ text: Scalars, _ pattern: Scalars, isGlob: Bool, _ steps: inout Int
    ) -> Bool {
        steps += 1
        guard steps < stepLimit else { return false }
        guard let first = pattern.first else { return text.isEmpty }
        switch first {
        case "*":
            var rest = pattern.dropFirst()
            let crosses = isGlob && rest.first == "*"
            while rest.first == "*" { rest.removeFirst() }
            var left = text
            while true {
                if matches(left, rest, isGlob: isGlob, &steps) { return true }
                guard let next = left.first, crosses || next != "/" else { return false }
                left.removeFirst()
            }
        case "?":
            guard let next = text.first, next != "/" else { return false }
            return matches(text.dropFirst(), pattern.dropFirst(), isGlob: isGlob, &steps)
        case "[":
            guard let next = text.first, next != "/" || isGlob,
                let (isIn, rest) = characterClass(next, pattern.dropFirst())
            else { return false }
            return isIn && matches(text.dropFirst(), rest, isGlob: isGlob, &steps)
        case "{" where isGlob:
            guard let (choices, rest) = alternatives(pattern.dropFirst()) else { return false }
            for choice in choices where matches(text, choice + rest, isGlob: true, &steps) { return true }
            return false
        case "\\":
            guard let literal = pattern.dropFirst().first else { return false }
            return text.first == literal
                && matches(text.dropFirst(), pattern.dropFirst(2), isGlob: isGlob, &steps)
        default:
            return text.first == first
                && matches(text.dropFirst(), pattern.dropFirst(), isGlob: isGlob, &steps)
        }
    }

    /// Returns whether a character is in a class, and the pattern after the class; nil if the class is not closed.
    private static func characterClass(
        _ scalar: Unicode.Scalar, _ pattern: Scalars
    ) -> (isIn: Bool, rest: Scalars)? {
        var rest = pattern
        let isNegated = rest.first == "^" || rest.first == "!"
        if isNegated { rest.removeFirst() }
        var isIn = false
        var isFirst = true
        while let low = rest.first, low != "]" || isFirst {
            isFirst = false
            rest.removeFirst()
            var low = low
            if low == "\\", let escaped = rest.first {
                low = escaped
                rest.removeFirst()
            }
            var high = low
            if rest.first == "-", let end = rest.dropFirst().first, end != "]" {
                high = end
                rest.removeFirst(2)
            }
            if low <= scalar, scalar <= high { isIn = true }
        }
        guard rest.first == "]" else { return nil }
        return (isIn != isNegated, rest.dropFirst())
    }

    private static func alternatives(_ pattern: Scalars) -> (choices: [Scalars], rest: Scalars)? {
        var choices: [Scalars] = []
        var current: Scalars = []
        var depth = 0
        var rest = pattern
        while let scalar = rest.first {
            rest.removeFirst()
            if scalar == "}", depth == 0 { return (choices + [current], rest) }
            if scalar == ",", depth == 0 {
                choices.append(current)
                current = []
                continue
            }
            if scalar == "{" { depth += 1 } else if scalar == "}" { depth -= 1 }
            current.append(scalar)
        }
        return nil
    }
}
