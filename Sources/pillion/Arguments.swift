import Glibc
import Values

/// The arguments of the command line, checked against a verb's options.
struct Arguments: Sendable {
    /// The values of an option, by its own name. A list instead of a dictionary, because options are few and the first
    /// dictionary of a process makes the runtime scan all Hashable conformances.
    private struct Given: Sendable {
        var name: String
        var values: [String]
    }

    private var given: [Given] = []
    private(set) var operands: [String] = []
    /// The options that were given although they have no effect.
    private(set) var ignored: [String] = []
    private let options: [Option]

    /// - Throws: `UsageError` for an unknown option, a missing or an unwanted value.
    init(_ arguments: [String], options: [Option], takesOperands: Bool) throws {
        self.options = options
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            if argument == "--" {
                operands += rest
                break
            }
            guard argument.begins(with: "-"), argument != "-" else {
                operands.append(argument)
                continue
            }
            try take(argument, &rest)
        }
        if !takesOperands, let first = operands.first { throw UsageError("unexpected argument \"\(first)\"") }
        try readEnvironment()
    }

    /// Parses an option: `--name value`, `--name=value`, `-x value`, `-xvalue`.
    private mutating func take(_ argument: String, _ rest: inout ArraySlice<String>) throws {
        let parts = argument.split(byte: "=", maxSplits: 1, omittingEmptySubsequences: false)
        var inline = parts.count == 2 ? String(parts[1]) : nil
        let spelled = String(parts[0])
        let option: Option
        if spelled.begins(with: "--") {
            guard let found = find(String(spelled.dropFirst(2))) else { throw unknown(spelled) }
            option = found
        } else {
            let letter = argument.dropFirst().first!
            guard let found = options.first(where: { $0.short == letter }) else {
                throw unknown("-\(letter)")
            }
            option = found
            let behind = argument.dropFirst(2)
            inline = behind.isEmpty ? nil : String(behind.begins(with: "=") ? behind.dropFirst() : behind)
        }
        if option.isIgnored { ignored.append("--\(option.name)") }
        switch option.shape {
        case .flag:
            let text = inline ?? "true"
            guard GoBool.parse(text) != nil else {
                throw UsageError("--\(option.name) is \"\(text)\", expected true or false")
            }
            set(option.name, [text])
        case .value:
            set(option.name, [try inline ?? next(&rest, for: option)])
        case .choice(let choices):
            set(option.name, [try Self.chosen(inline ?? next(&rest, for: option), option, choices)])
        case .list:
            let value = try inline ?? next(&rest, for: option)
            if let index = given.firstIndex(where: { $0.name == option.name }) {
                given[index].values.append(value)
            } else {
                given.append(Given(name: option.name, values: [value]))
            }
        }
    }

    private mutating func set(_ name: String, _ values: [String]) {
        if let index = given.firstIndex(where: { $0.name == name }) {
            given[index].values = values
        } else {
            given.append(Given(name: name, values: values))
        }
    }

    private func values(_ name: String) -> [String]? { given.first { $0.name == name }?.values }

    private func next(_ rest: inout ArraySlice<String>, for option: Option) throws -> String {
        guard let value = rest.popFirst() else {
            throw UsageError("--\(option.name) needs a value, found the end of the command line")
        }
        return value
    }

    private func find(_ name: String) -> Option? {
        if let option = options.first(where: { $0.name == name || $0.twin == name }) { return option }
        // Other verbs, and Istio's, have other names for the same file.
        guard
            let group = Option.synonyms.first(where: {
                $0.contains { $0 == name || Option.twin(of: $0) == name }
            })
        else { return nil }
        return options.first { group.contains($0.name) }
    }

    private func unknown(_ spelled: String) -> UsageError {
        let names = options.map { "--\($0.name)" }
        guard let near = Spelling.nearest(spelled, among: names).first else {
            return UsageError("unknown option \(spelled)")
        }
        return UsageError("unknown option \(spelled); did you mean \(near)?")
    }

    private static func chosen(_ text: String, _ option: Option, _ choices: [String]) throws -> String {
        guard choices.contains(text) else {
            throw UsageError("--\(option.name) is \"\(text)\", expected \(choices.joined(separator: ", "))")
        }
        return text
    }

    private mutating func readEnvironment() throws {
        for option in options where option.readsEnvironment && !isGiven(option.name) {
            let variables = [option.environmentName] + option.otherVariables
            guard let text = variables.lazy.compactMap({ getenv($0) }).first.map({ String(cString: $0) })
            else { continue }
            switch option.shape {
            case .list: set(option.name, text.split(byte: ",").map(String.init))
            case .choice(let choices): set(option.name, [try Self.chosen(text, option, choices)])
            case .flag, .value: set(option.name, [text])
            }
        }
    }
}

extension Arguments {
    /// The option's value, or its fallback, or nil.
    func string(_ name: String) -> String? {
        values(name)?.last ?? options.first { $0.name == name }?.fallback
    }

    /// Whether the option was given, on the command line or by the environment.
    func isGiven(_ name: String) -> Bool { values(name) != nil }

    func list(_ name: String) -> [String] { values(name) ?? [] }

    func flag(_ name: String) throws -> Bool {
        guard let text = string(name) else { return false }
        guard let value = GoBool.parse(text) else {
            throw UsageError("--\(name) is \"\(text)\", expected true or false")
        }
        return value
    }

    func int(_ name: String, in range: ClosedRange<Int> = Int.min...Int.max) throws -> Int? {
        guard let text = string(name) else { return nil }
        guard let value = Int(text), range.contains(value) else {
            let bounds = range == Int.min...Int.max ? "" : " from \(range.lowerBound) to \(range.upperBound)"
            throw UsageError("--\(name) is \"\(text)\", expected a whole number\(bounds)")
        }
        return value
    }

    /// The value, which is one of the option's choices: parsing has checked it.
    func choice(_ name: String) -> String? { string(name) }

    /// Parses the `key=value` pairs of a list option, in order. One value may contain several pairs, separated by
    /// commas.
    func pairs(_ name: String) throws -> [(key: String, value: String)] {
        try list(name).flatMap { $0.split(byte: ",") }.map { pair in
            guard let equals = pair.firstIndex(ofByte: "=") else {
                throw UsageError("--\(name) holds \"\(pair)\", expected KEY=VALUE")
            }
            return (String(pair[..<equals]), String(pair[pair.utf8.index(after: equals)...]))
        }
    }
}

extension Option {
    private static let dash = UInt8(ascii: "-")
    private static let underscore = UInt8(ascii: "_")

    /// The groups of names for the same file: every verb accepts each, and help shows one.
    static let synonyms = [
        ["injectConfig", "injectConfigFile"], ["injectValues", "valuesFile"],
        ["meshConfig", "meshConfigFile"],
    ]

    /// The other spelling: camelCase for kebab-case and kebab-case for the others. Names are ASCII.
    var twin: String { Self.twin(of: name) }

    static func twin(of name: String) -> String {
        let isKebab = name.utf8.contains(Option.dash)
        var result: [UInt8] = []
        var before = Option.dash
        for letter in name.utf8 {
            if isKebab {
                if letter != Option.dash {
                    result.append(before == Option.dash && !result.isEmpty ? Option.upper(letter) : letter)
                }
            } else if letter == Option.underscore {
                result.append(Option.dash)
            } else {
                let isUpper = Option.isUpper(letter)
                if isUpper, !Option.isUpper(before), !result.isEmpty { result.append(Option.dash) }
                result.append(isUpper ? letter | 0x20 : letter)
            }
            before = letter
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// `PILLION_INJECT_CONFIG`
    var environmentName: String { "PILLION_" + variableSuffix }

    /// `INJECT_CONFIG`
    var variableSuffix: String {
        let kebab = name.utf8.contains(Option.dash) ? name : twin
        return String(
            decoding: kebab.utf8.map { $0 == Option.dash ? Option.underscore : Option.upper($0) },
            as: UTF8.self)
    }

    private static func isUpper(_ letter: UInt8) -> Bool { letter &- UInt8(ascii: "A") < 26 }

    private static func upper(_ letter: UInt8) -> UInt8 {
        letter &- UInt8(ascii: "a") < 26 ? letter & 0xdf : letter
    }
}
