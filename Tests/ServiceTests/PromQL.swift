/// The names in a PromQL expression. Knows enough of the grammar to distinguish metrics from functions, labels and
/// words.
struct PromQL {
    /// Metrics with the labels of their matchers.
    private(set) var metrics: [(name: String, labels: Set<String>)] = []
    /// Labels of `by (…)` and similar clauses.
    private(set) var grouping: Set<String> = []

    private static let words: Set<String> = [
        "by", "without", "on", "ignoring", "group_left", "group_right", "offset", "bool", "and", "or",
        "unless",
    ]

    init(_ expression: String) {
        var scanner = Scanner(expression)
        while let token = scanner.next() {
            guard case .name(let name) = token else { continue }
            if ["by", "without", "on", "ignoring"].contains(name), scanner.peek == .symbol("(") {
                grouping.formUnion(scanner.names(until: ")"))
            } else if !Self.words.contains(name), !scanner.isBeforeCall {
                let labels = scanner.peek == .symbol("{") ? scanner.matchers() : []
                metrics.append((name, labels))
            }
        }
    }

    private enum Token: Equatable {
        case name(String)
        case symbol(Character)
        case text
    }

    private struct Scanner {
        private var tokens: [Token] = []
        private var at = 0

        init(_ text: String) {
            var rest = text[...]
            while let first = rest.first {
                if first == "\"" || first == "'" {
                    rest = rest.dropFirst()
                    while let character = rest.popFirst(), character != first {
                        if character == "\\" { rest = rest.dropFirst() }
                    }
                    tokens.append(.text)
                } else if first.isLetter || first == "_" {
                    let name = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" || $0 == ":" }
                    rest = rest[name.endIndex...]
                    tokens.append(.name(String(name)))
                } else if first == "[" {
                    // A range, or Grafana's variable for one.
                    rest = rest.drop { $0 != "]" }.dropFirst()
                } else if first.isNumber {
                    rest = rest.drop { $0.isLetter || $0.isNumber || $0 == "." }
                } else {
                    rest = rest.dropFirst()
                    if !first.isWhitespace { tokens.append(.symbol(first)) }
                }
            }
        }

        var peek: Token? { at < tokens.count ? tokens[at] : nil }

        /// Whether the preceding name is a function, or an aggregation whose labels are before the parenthesis.
        var isBeforeCall: Bool {
            [.symbol("("), .name("by"), .name("without")].contains(peek)
        }

        mutating func next() -> Token? {
            defer { at += 1 }
            return peek
        }

        mutating func names(until end: Character) -> Set<String> {
            var names: Set<String> = []
            while let token = next(), token != .symbol(end) {
                if case .name(let name) = token { names.insert(name) }
            }
            return names
        }

        mutating func matchers() -> Set<String> { names(until: "}") }
    }
}
