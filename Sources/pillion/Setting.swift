import Service

/// An option of `serve` with its effect on `ServeOptions`: syntax, documentation and effect in one row.
///
/// Every option can be set by `PILLION_NAME`, and by `SIDECAR_INJECTOR_NAME` as in charts of the stand-alone injector.
/// The defaults are those of `ServeOptions`.
struct Setting: Sendable {
    var options: [Option]
    var apply: @Sendable (inout ServeOptions, Arguments) throws -> Void

    typealias Path<Target> = any WritableKeyPath<ServeOptions, Target> & Sendable

    init(
        _ options: [Option], _ apply: @escaping @Sendable (inout ServeOptions, Arguments) throws -> Void
    ) {
        self.options = options.map { option in
            var option = option
            option.readsEnvironment = true
            option.otherVariables.append("SIDECAR_INJECTOR_" + option.variableSuffix)
            return option
        }
        self.apply = apply
    }

    private static func one(
        _ option: Option, _ apply: @escaping @Sendable (inout ServeOptions, Arguments) throws -> Void
    ) -> Setting {
        Setting([option], apply)
    }

    /// Returns the same setting, also set by a variable of another name.
    func alsoReading(_ variable: String) -> Setting {
        var setting = self
        setting.options[0].otherVariables.append(variable)
        return setting
    }

    /// An option for a file, without a default.
    ///
    /// - Parameter shown: the default in the documentation.
    static func file(_ name: String, _ path: Path<String?>, default shown: String? = nil, _ help: String)
        -> Setting
    {
        one(Option(name: name, shape: .value("FILE"), fallback: shown, help: help)) { options, arguments in
            if arguments.isGiven(name) { options[keyPath: path] = arguments.string(name) }
        }
    }

    static func text(_ name: String, _ placeholder: String, _ path: Path<String>, _ help: String) -> Setting {
        let fallback = ServeOptions()[keyPath: path]
        return one(Option(name: name, shape: .value(placeholder), fallback: fallback, help: help)) {
            options, arguments in options[keyPath: path] = arguments.string(name) ?? fallback
        }
    }

    static func texts(_ name: String, _ placeholder: String, _ path: Path<[String]>, _ help: String)
        -> Setting
    {
        one(Option(name: name, shape: .list(placeholder), help: help)) { options, arguments in
            options[keyPath: path] = arguments.list(name)
        }
    }

    static func flag(_ name: String, _ path: Path<Bool>, _ help: String) -> Setting {
        let fallback = ServeOptions()[keyPath: path]
        return one(Option(name: name, shape: .flag, fallback: fallback ? "true" : nil, help: help)) {
            options, arguments in options[keyPath: path] = try arguments.flag(name)
        }
    }

    static func number(
        _ name: String, _ path: Path<Int>, in range: ClosedRange<Int> = 1...Int(Int32.max), _ help: String
    ) -> Setting {
        let fallback = String(ServeOptions()[keyPath: path])
        return one(Option(name: name, shape: .value("N"), fallback: fallback, help: help)) {
            options, arguments in
            if let value = try arguments.int(name, in: range) { options[keyPath: path] = value }
        }
    }

    static func port(_ name: String, _ path: Path<Int>, _ help: String) -> Setting {
        number(name, path, in: -1...65_535, help)
    }

    static func choice<Choice>(_ name: String, _ path: Path<Choice>, _ help: String) -> Setting
    where Choice: RawRepresentable & CaseIterable & Sendable, Choice.RawValue == String {
        let names = Choice.allCases.map(\.rawValue)
        let fallback = ServeOptions()[keyPath: path].rawValue
        return one(Option(name: name, shape: .choice(names), fallback: fallback, help: help)) {
            options, arguments in
            let chosen = arguments.choice(name).flatMap { Choice(rawValue: $0) }
            if let chosen { options[keyPath: path] = chosen }
        }
    }

    /// An option for a duration in whole milliseconds.
    static func duration(_ name: String, milliseconds path: Path<Int>, _ help: String) -> Setting {
        let fallback = GoDuration.text(milliseconds: ServeOptions()[keyPath: path])
        return one(Option(name: name, shape: .value("DURATION"), fallback: fallback, help: help)) {
            options, arguments in
            if let seconds = try arguments.duration(name) { options[keyPath: path] = Int(seconds * 1_000) }
        }
    }

    static func duration(_ name: String, seconds path: Path<Double>, _ help: String) -> Setting {
        let fallback = GoDuration.text(milliseconds: Int(ServeOptions()[keyPath: path] * 1_000))
        return one(Option(name: name, shape: .value("DURATION"), fallback: fallback, help: help)) {
            options, arguments in
            if let seconds = try arguments.duration(name) { options[keyPath: path] = seconds }
        }
    }
}
