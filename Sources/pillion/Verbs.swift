import Values

/// The verbs, in the order of help.
let verbs: [Verb] = [
    serveVerb, uiVerb, whyVerb, kubeInjectVerb, kubeUninjectVerb, decideVerb, scanVerb, testVerb,
    renderVerb, benchVerb, validateVerb, checkVerb,
    exportVerb, enginesVerb, reasonsVerb, explainVerb, probeVerb, versionVerb, completionVerb, manVerb,
    renderPluginVerb,
]

/// Finds the verb, parses its options, runs it, and converts errors to a message and a status.
func runCommandLine(_ arguments: [String]) -> ExitStatus {
    guard let name = arguments.first else {
        standardError.write(styled: overview(colour: standardError.isTerminal))
        return .usage
    }
    if ["help", "--help", "-h"].contains(name) {
        guard arguments.count > 1 else {
            standardOutput.write(styled: overview(colour: standardOutput.isTerminal))
            return .success
        }
        guard let verb = verbs.first(where: { $0.name == arguments[1] }) else {
            return unknownVerb(arguments[1])
        }
        standardOutput.write(styled: help(for: verb, colour: standardOutput.isTerminal))
        return .success
    }
    if ["--version", "-v"].contains(name) { return runCommandLine(["version"]) }
    guard let verb = verbs.first(where: { $0.name == name }) else {
        return unknownVerb(name)
    }
    return run(verb, with: Array(arguments.dropFirst()))
}

private func unknownVerb(_ name: String) -> ExitStatus {
    let hint = Spelling.nearest(name, among: verbs.map(\.name)).first.map { "; did you mean \($0)?" } ?? ""
    complain("unknown verb \"\(name)\"\(hint) (pillion help lists them)")
    return .usage
}

/// Returns the operand, which must be one of a few words; otherwise throws an error with the nearest of them.
func chosenOperand(_ arguments: Arguments, _ words: [String], _ what: String) throws -> String {
    let expected = words.joined(separator: ", ")
    guard arguments.operands.count == 1, let word = arguments.operands.first else {
        throw UsageError("expected \(what): \(expected)")
    }
    guard words.contains(word) else {
        let near = Spelling.nearest(word, among: words).first.map { "; did you mean \($0)?" } ?? ""
        throw UsageError("\"\(word)\" is not \(what): expected \(expected)\(near)")
    }
    return word
}

private func run(_ verb: Verb, with arguments: [String]) -> ExitStatus {
    let beforeDashes = arguments.prefix { $0 != "--" }
    let asksAll = beforeDashes.contains("--help-all")
    if asksAll || beforeDashes.contains("--help") || beforeDashes.contains("-h") {
        standardOutput.write(styled: help(for: verb, all: asksAll, colour: standardOutput.isTerminal))
        return .success
    }
    do {
        let parsed = try Arguments(arguments, options: verb.options, takesOperands: !verb.operands.isEmpty)
        for option in parsed.ignored { complain("\(option) is accepted and has no effect") }
        return try verb.run(parsed)
    } catch let error as UsageError {
        complain("\(verb.name): \(error.message) (pillion \(verb.name) --help says more)")
        return .usage
    } catch let error as Failure {
        complain(error.message)
        return .failure
    } catch {
        complain("\(verb.name): \(error)")
        return .failure
    }
}
