import Values

/// Checks values against the `values.schema.json` of a chart and of its subcharts: JSON Schema draft 7 with the keywords
/// that published charts use.
enum ValuesSchema {
    /// - Throws: an error with all problems of all charts, in Helm's format.
    static func check(_ values: Value, _ chart: Chart, _ limits: ChartLimits) throws(ChartError) {
        var steps = limits.schemaSteps
        let report = try problems(values, chart, &steps, limits)
        guard !report.isEmpty else { return }
        throw ChartError(
            .schema,
            "values don't meet the specifications of the schema(s) in the following chart(s):\n" + report)
    }

    private static func problems(
        _ values: Value, _ chart: Chart, _ steps: inout Int, _ limits: ChartLimits
    ) throws(ChartError) -> String {
        var report = ""
        if let bytes = chart.schema {
            let schema: Value
            do { schema = try JSON.read(bytes) } catch {
                throw ChartError(
                    .chart, "values.schema.json is not JSON: \(error.message)", file: "values.schema.json")
            }
            var validation = SchemaValidation(root: schema, steps: steps)
            let found = validation.problems(values, schema, at: "")
            steps = validation.steps
            guard steps > 0 else {
                throw ChartError(
                    .limit,
                    "checking values against schemas takes more than \(limits.schemaSteps) steps, expected at most that"
                )
            }
            if !found.isEmpty {
                report += "\(chart.name):\n" + found.map { "- \($0.text)\n" }.joined()
            }
        }
        for inner in chart.dependencies {
            guard let below = values[inner.name], below.object != nil else { continue }
            report += try problems(below, inner, &steps, limits)
        }
        return report
    }
}

/// One validation against a schema. Problems have the place in the values, as a JSON pointer.
struct SchemaValidation {
    struct Problem {
        var place: String
        var message: String
        var inner: [Problem] = []

        var text: String { lines(indent: "") }

        private func lines(indent: String) -> String {
            let own = "at '\(place)': \(message)"
            return ([own] + inner.map { indent + "  - " + $0.lines(indent: indent + "  ") }).joined(
                separator: "\n")
        }
    }

    let root: Value
    var steps: Int
    private var depth = 0
    private static let depthLimit = 200

    init(root: Value, steps: Int) {
        self.root = root
        self.steps = steps
    }

    mutating func problems(_ value: Value, _ schema: Value, at place: String) -> [Problem] {
        steps -= 1
        guard steps > 0, depth < SchemaValidation.depthLimit else { return [] }
        depth += 1
        defer { depth -= 1 }
        if let flag = schema.bool {
            return flag ? [] : [Problem(place: place, message: "false schema")]
        }
        guard let keywords = schema.object else { return [] }
        // In draft 7, all keywords next to a reference are ignored.
        if let reference = keywords["$ref"]?.string {
            guard let target = resolve(reference) else {
                return [Problem(place: place, message: "'\(reference)' is not in the schema")]
            }
            return problems(value, target, at: place)
        }
        var found: [Problem] = []
        func add(_ message: String) { found.append(Problem(place: place, message: message)) }
        if let type = keywords["type"] {
            let names = type.array?.compactMap(\.string) ?? type.string.map { [$0] } ?? []
            if !names.isEmpty, !names.contains(where: { SchemaValidation.isOf($0, value) }) {
                // A value of a wrong type is not checked further.
                return [
                    Problem(
                        place: place,
                        message:
                            "got \(SchemaValidation.typeName(value)), want \(names.joined(separator: " or "))"
                    )
                ]
            }
        }
        if let constant = keywords["const"], !SchemaValidation.isEqual(constant, value) {
            add("value must be \(SchemaValidation.shown(constant))")
        }
        if let choices = keywords["enum"]?.array,
            !choices.contains(where: { SchemaValidation.isEqual($0, value) })
        {
            add("value must be one of \(choices.map(SchemaValidation.shown).joined(separator: ", "))")
        }
        switch value {
        case .int(let number): numbers(Double(number), value, keywords, &found, place)
        case .double(let number): numbers(number, value, keywords, &found, place)
        case .string(let text): texts(text, keywords, &found, place)
        case .array(let items): arrays(items, keywords, &found, place)
        case .object(let object): objects(object, keywords, &found, place)
        default: break
        }
        combinations(value, keywords, &found, place)
        return found
    }

    // MARK: Kinds of values

    private func numbers(
        _ number: Double, _ value: Value, _ keywords: Object, _ found: inout [Problem], _ place: String
    ) {
        func limit(_ key: String) -> Double? {
            switch keywords[key] {
            case .int(let number)?: Double(number)
            case .double(let number)?: number
            default: nil
            }
        }
        let shown = JSON.text(value)
        func add(_ name: String, _ key: String) {
            found.append(
                Problem(
                    place: place, message: "\(name): got \(shown), want \(JSON.text(keywords[key] ?? .null))")
            )
        }
        if let least = limit("minimum"), number < least { add("minimum", "minimum") }
        if let most = limit("maximum"), number > most { add("maximum", "maximum") }
        if let least = limit("exclusiveMinimum"), number <= least {
            add("exclusiveMinimum", "exclusiveMinimum")
        }
        if let most = limit("exclusiveMaximum"), number >= most {
            add("exclusiveMaximum", "exclusiveMaximum")
        }
        if let unit = limit("multipleOf"), unit > 0 {
            let quotient = number / unit
            if quotient.rounded() != quotient { add("multipleOf", "multipleOf") }
        }
    }

    private mutating func texts(
        _ text: String, _ keywords: Object, _ found: inout [Problem], _ place: String
    ) {
        let length = text.unicodeScalars.count
        func add(_ message: String) { found.append(Problem(place: place, message: message)) }
        if let least = keywords["minLength"]?.int, length < least {
            add("minLength: got \(length), want \(least)")
        }
        if let most = keywords["maxLength"]?.int, length > most {
            add("maxLength: got \(length), want \(most)")
        }
        if let pattern = keywords["pattern"]?.string, !SchemaPattern.matches(pattern, text, &steps) {
            add("\(SchemaValidation.quoted(text)) does not match pattern \(SchemaValidation.quoted(pattern))")
        }
    }

    private mutating func arrays(
        _ items: [Value], _ keywords: Object, _ found: inout [Problem], _ place: String
    ) {
        func add(_ message: String) { found.append(Problem(place: place, message: message)) }
        if let least = keywords["minItems"]?.int, items.count < least {
            add("minItems: got \(items.count), want \(least)")
        }
        if let most = keywords["maxItems"]?.int, items.count > most {
            add("maxItems: got \(items.count), want \(most)")
        }
        if keywords["uniqueItems"] == true {
            search: for second in items.indices {
                for first in items.indices[..<second] {
                    steps -= 1
                    guard steps > 0 else { return }
                    if SchemaValidation.isEqual(items[first], items[second]) {
                        add("items at \(first) and \(second) are equal")
                        break search
                    }
                }
            }
        }
        let fixed = keywords["items"]?.array
        for (index, item) in items.enumerated() {
            let below = "\(place)/\(index)"
            if let fixed {
                if index < fixed.count {
                    found += problems(item, fixed[index], at: below)
                } else if let rest = keywords["additionalItems"] {
                    if rest == false {
                        add("last \(items.count - fixed.count) additionalItem(s) not allowed")
                        break
                    }
                    found += problems(item, rest, at: below)
                }
            } else if let schema = keywords["items"] {
                found += problems(item, schema, at: below)
            }
        }
        if let wanted = keywords["contains"],
            !items.contains(where: { problems($0, wanted, at: place).isEmpty })
        {
            add("no items match contains schema")
        }
    }

    private mutating func objects(
        _ object: Object, _ keywords: Object, _ found: inout [Problem], _ place: String
    ) {
        func add(_ message: String) { found.append(Problem(place: place, message: message)) }
        if let least = keywords["minProperties"]?.int, object.count < least {
            add("minProperties: got \(object.count), want \(least)")
        }
        if let most = keywords["maxProperties"]?.int, object.count > most {
            add("maxProperties: got \(object.count), want \(most)")
        }
        let missing = (keywords["required"]?.array ?? []).compactMap(\.string).filter { object[$0] == nil }
        if !missing.isEmpty { add(SchemaValidation.missing(missing)) }
        for member in keywords["dependencies"]?.object?.members ?? [] where object[member.key] != nil {
            if let names = member.value.array {
                let absent = names.compactMap(\.string).filter { object[$0] == nil }
                if !absent.isEmpty {
                    add(
                        "properties \(absent.map(SchemaValidation.quoted).joined(separator: ", ")) required, "
                            + "if \(SchemaValidation.quoted(member.key)) exists")
                }
            } else {
                found += problems(.object(object), member.value, at: place)
            }
        }
        let properties = keywords["properties"]?.object
        let patterns = keywords["patternProperties"]?.object?.members ?? []
        var extra: [String] = []
        for member in object.members.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
            let below = place + "/" + SchemaValidation.escaped(member.key)
            var isKnown = false
            if let schema = properties?[member.key] {
                isKnown = true
                found += problems(member.value, schema, at: below)
            }
            for pattern in patterns where SchemaPattern.matches(pattern.key, member.key, &steps) {
                isKnown = true
                found += problems(member.value, pattern.value, at: below)
            }
            if !isKnown, let rest = keywords["additionalProperties"] {
                if rest == false {
                    extra.append(member.key)
                } else {
                    found += problems(member.value, rest, at: below)
                }
            }
            if let names = keywords["propertyNames"] {
                let wrong = problems(.string(member.key), names, at: place)
                if !wrong.isEmpty {
                    found.append(
                        Problem(
                            place: place,
                            message: "invalid propertyName \(SchemaValidation.quoted(member.key))",
                            inner: wrong))
                }
            }
        }
        if !extra.isEmpty {
            add(
                "additional properties \(extra.map(SchemaValidation.quoted).joined(separator: ", ")) not allowed"
            )
        }
    }

    private mutating func combinations(
        _ value: Value, _ keywords: Object, _ found: inout [Problem], _ place: String
    ) {
        if let not = keywords["not"], problems(value, not, at: place).isEmpty {
            found.append(Problem(place: place, message: "'not' failed"))
        }
        if let all = keywords["allOf"]?.array {
            var wrong: [Problem] = []
            for schema in all { wrong += problems(value, schema, at: place) }
            if !wrong.isEmpty {
                found.append(Problem(place: place, message: "'allOf' failed", inner: wrong))
            }
        }
        if let any = keywords["anyOf"]?.array {
            var wrong: [Problem] = []
            var fits = false
            for schema in any {
                let problems = problems(value, schema, at: place)
                if problems.isEmpty {
                    fits = true
                    break
                }
                wrong += problems
            }
            if !fits { found.append(Problem(place: place, message: "'anyOf' failed", inner: wrong)) }
        }
        if let one = keywords["oneOf"]?.array {
            var wrong: [Problem] = []
            var fitting: [Int] = []
            for (index, schema) in one.enumerated() {
                let problems = problems(value, schema, at: place)
                if problems.isEmpty { fitting.append(index) } else { wrong += problems }
            }
            if fitting.isEmpty {
                found.append(Problem(place: place, message: "'oneOf' failed, none matched", inner: wrong))
            } else if fitting.count > 1 {
                let shown = fitting.prefix(2).map(String.init).joined(separator: ", ")
                found.append(Problem(place: place, message: "'oneOf' failed, subschemas \(shown) matched"))
            }
        }
        if let condition = keywords["if"] {
            let branch = problems(value, condition, at: place).isEmpty ? "then" : "else"
            if let schema = keywords[branch] { found += problems(value, schema, at: place) }
        }
    }

    // MARK: Messages

    private static func missing(_ names: [String]) -> String {
        names.count == 1
            ? "missing property \(quoted(names[0]))"
            : "missing properties \(names.map(quoted).joined(separator: ", "))"
    }

    private static func quoted(_ text: String) -> String {
        let inner = JSON.text(.string(text)).dropFirst().dropLast()
        return "'"
            + inner.split(separator: "\\\"", omittingEmptySubsequences: false).joined(separator: "\"")
            .split(byte: "'", omittingEmptySubsequences: false).joined(separator: "\\'") + "'"
    }

    private static func shown(_ value: Value) -> String {
        if case .string(let text) = value { return quoted(text) }
        return JSON.text(value)
    }

    private static func escaped(_ key: String) -> String {
        key.split(byte: "~", omittingEmptySubsequences: false).joined(separator: "~0")
            .split(byte: "/", omittingEmptySubsequences: false).joined(separator: "~1")
    }

    private static func typeName(_ value: Value) -> String {
        switch value {
        case .null: "null"
        case .bool: "boolean"
        case .int, .double: "number"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }

    private static func isOf(_ type: String, _ value: Value) -> Bool {
        if type == "integer" {
            switch value {
            case .int: return true
            case .double(let number): return number.rounded() == number && number.isFinite
            default: return false
            }
        }
        return type == typeName(value)
    }

    /// Compares two values. Numbers are equal if their values are, even with different types.
    private static func isEqual(_ one: Value, _ two: Value) -> Bool {
        switch (one, two) {
        case (.int(let first), .double(let second)), (.double(let second), .int(let first)):
            return Double(first) == second
        case (.array(let first), .array(let second)):
            return first.count == second.count && zip(first, second).allSatisfy(isEqual)
        case (.object(let first), .object(let second)):
            return first.count == second.count
                && first.members.allSatisfy { member in
                    second[member.key].map { isEqual(member.value, $0) } ?? false
                }
        default: return one == two
        }
    }

    /// Resolves references within the schema: `#`, `#/definitions/a`, or the root's `$id`. Nothing is fetched.
    private func resolve(_ reference: String) -> Value? {
        guard reference.begins(with: "#") else {
            return root["$id"]?.string == reference ? root : nil
        }
        var value = root
        for part in reference.dropFirst().split(byte: "/") {
            let name = part.split(separator: "~1", omittingEmptySubsequences: false).joined(separator: "/")
                .split(separator: "~0", omittingEmptySubsequences: false).joined(separator: "~")
            if let inner = value[name] {
                value = inner
            } else if let index = Int(name), let inner = value[index] {
                value = inner
            } else {
                return nil
            }
        }
        return value
    }
}
