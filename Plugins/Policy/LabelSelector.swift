import Values

/// A Kubernetes label selector, validated and ready to be matched with labels.
///
/// All requirements must be satisfied. A selector that Kubernetes would not accept is refused during compilation, with
/// the reason.
struct LabelSelector: Sendable, Equatable {
    enum Operator: String, Sendable, CaseIterable {
        case isIn = "In"
        case isNotIn = "NotIn"
        case exists = "Exists"
        case doesNotExist = "DoesNotExist"
    }

    /// One requirement of a selector. `matchLabels` becomes `In` with one value.
    struct Requirement: Sendable, Equatable {
        var key: String
        var test: Operator
        var values: [String]

        /// Whether a label with that value, or a missing one, matches. Only `In` and `Exists` require a label; the
        /// other two match without it.
        @inline(__always)
        func holds(_ value: String?) -> Bool {
            switch test {
            case .isIn:
                guard let value else { return false }
                return values.contains { $0.hasSameBytes(as: value) }
            case .isNotIn:
                guard let value else { return true }
                return !values.contains { $0.hasSameBytes(as: value) }
            case .exists: return value != nil
            case .doesNotExist: return value == nil
            }
        }

        var text: String {
            switch test {
            case .isIn where values.count == 1: "\(key)=\(values[0])"
            case .isIn: "\(key) in (\(values.joined(separator: ", ")))"
            case .isNotIn: "\(key) not in (\(values.joined(separator: ", ")))"
            case .exists: "\(key) is there"
            case .doesNotExist: "\(key) is not there"
            }
        }
    }

    var requirements: [Requirement]

    /// Whether it has no requirements. In Kubernetes such a selector matches everything; Istio's injector ignores it.
    var isEmpty: Bool { requirements.isEmpty }

    /// The selector as text for people: `app=web and tier not in (back)`.
    var text: String { requirements.map(\.text).joined(separator: " and ") }

    @inline(__always)
    func matches(_ labels: Object?) -> Bool {
        for requirement in requirements where !requirement.holds(labels?[requirement.key]?.string) {
            return false
        }
        return true
    }
}

/// The reason why a selector cannot be used.
struct LabelSelectorError: Error, Equatable {
    var message: String
}

extension LabelSelector {
    /// Validates a selector as `LabelSelectorAsSelector` of apimachinery does. Unknown members are ignored, as Go's
    /// decoder does; `unknownMembers` returns them.
    init(_ value: Value) throws(LabelSelectorError) {
        requirements = []
        guard !value.isNull else { return }
        guard let object = value.object else {
            throw LabelSelectorError(
                message: "it is not an object: expected matchLabels, matchExpressions or both")
        }
        if let labels = Self.member("matchLabels", of: object), !labels.isNull {
            guard let labels = labels.object else {
                throw LabelSelectorError(message: "its matchLabels is not an object of labels")
            }
            for member in labels.members {
                let value = try Self.text(member.value, of: "the value of label \(quoted(member.key))")
                try Self.check(key: member.key, values: [value])
                requirements.append(Requirement(key: member.key, test: .isIn, values: [value]))
            }
        }
        if let expressions = Self.member("matchExpressions", of: object), !expressions.isNull {
            guard let expressions = expressions.array else {
                throw LabelSelectorError(message: "its matchExpressions is not a list")
            }
            for expression in expressions { requirements.append(try Self.requirement(expression)) }
        }
    }

    /// Returns the members that a label selector does not have.
    static func unknownMembers(_ value: Value) -> [String] {
        (value.object?.members ?? []).map(\.key).filter {
            $0.lowercased() != "matchlabels" && $0.lowercased() != "matchexpressions"
        }
    }

    private static func requirement(_ expression: Value) throws(LabelSelectorError) -> Requirement {
        guard let object = expression.object else {
            throw LabelSelectorError(message: "an item of its matchExpressions is not an object")
        }
        let key = try text(member("key", of: object) ?? .null, of: "the key of an expression")
        let name = try text(member("operator", of: object) ?? .null, of: "the operator of an expression")
        guard let test = Operator(rawValue: name) else {
            let known = Operator.allCases.map(\.rawValue).joined(separator: ", ")
            throw LabelSelectorError(message: "\(quoted(name)) is not an operator: expected one of \(known)")
        }
        var values: [String] = []
        if let list = member("values", of: object), !list.isNull {
            guard let items = list.array else {
                throw LabelSelectorError(
                    message: "the values of the expression for \(quoted(key)) are not a list")
            }
            for item in items {
                values.append(try text(item, of: "a value of the expression for \(quoted(key))"))
            }
        }
        switch test {
        case .isIn, .isNotIn:
            if values.isEmpty {
                throw LabelSelectorError(
                    message: "\(test.rawValue) for \(quoted(key)) needs at least one value")
            }
        case .exists, .doesNotExist:
            if !values.isEmpty {
                throw LabelSelectorError(message: "\(test.rawValue) for \(quoted(key)) takes no values")
            }
        }
        try check(key: key, values: values)
        return Requirement(key: key, test: test, values: values)
    }

    private static func check(key: String, values: [String]) throws(LabelSelectorError) {
        if let problem = LabelSyntax.problem(key: key) { throw LabelSelectorError(message: problem) }
        for value in values {
            if let problem = LabelSyntax.problem(value: value) { throw LabelSelectorError(message: problem) }
        }
    }

    /// Returns a member by name as Go's decoder finds it: an exact match first, otherwise regardless of case.
    private static func member(_ name: String, of object: Object) -> Value? {
        object[name] ?? object.members.first { $0.key.lowercased() == name.lowercased() }?.value
    }

    /// Converts a scalar to text where a string is required, as sigs.k8s.io/yaml does; null is empty.
    private static func text(_ value: Value, of what: String) throws(LabelSelectorError) -> String {
        guard let text = scalarText(value) else {
            throw LabelSelectorError(message: "\(what) is not a string")
        }
        return text
    }
}

/// Returns the text of a scalar; nil for lists and objects.
func scalarText(_ value: Value) -> String? {
    switch value {
    case .null: ""
    case .bool(let flag): flag ? "true" : "false"
    case .int(let number): String(number)
    case .double: JSON.text(value)
    case .string(let text): text
    case .array, .object: nil
    }
}
