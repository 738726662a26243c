import Values

/// Returns the list of verbs: `pillion help`.
func overview(colour isOn: Bool) -> StyledText {
    let colour = Colour(isOn: isOn)
    let shown = verbs.filter { !$0.isHidden }
    let width = shown.map(\.name.count).max() ?? 0
    var text: StyledText = """
        pillion decides whether a Kubernetes pod gets a sidecar, renders the sidecar's template, and answers with a
        patch: over HTTP and on the command line.

        \(colour.bold("usage:")) pillion VERB [options]


        """
    for verb in shown {
        text += "  \(colour.bold(verb.name))\(blanks(width - verb.name.count + 2))\(verb.summary)\n"
    }
    text += "\npillion help VERB, or pillion VERB --help, describes one.\n"
    return text
}

/// Returns the text of `pillion VERB --help`; with `all`, every option in full.
///
/// If the options have groups, only the usual ones are shown, one line each.
func help(for verb: Verb, all: Bool = false, colour isOn: Bool) -> StyledText {
    let colour = Colour(isOn: isOn)
    var text: StyledText = "\(colour.bold("usage:")) pillion \(verb.name)"
    if !verb.options.isEmpty { text += " [options]" }
    if !verb.operands.isEmpty { text += " \(verb.operands)" }
    text += "\n\n\(verb.summary)\n"
    if !verb.discussion.isEmpty { text += "\n\(verb.discussion)\n" }
    let shown = verb.options.filter { !$0.isIgnored }
    let hasGroups = shown.contains { !$0.group.isEmpty }
    if hasGroups, !all {
        text += brief(shown, of: verb, colour)
    } else if !shown.isEmpty {
        text += "\n\(colour.bold("options:"))\n"
        for option in shown { text += describe(option, colour) }
    }
    let ignored = verb.options.filter(\.isIgnored).map { "--\($0.name)" }
    if !ignored.isEmpty, all || !hasGroups {
        text += "\naccepted without effect, for compatibility:\n"
        text += "\(wrapped(ignored.joined(separator: " "), indent: 6))"
    }
    if !verb.examples.isEmpty {
        text += "\n\(colour.bold("examples:"))\n"
        for example in verb.examples { text += "  \(example.command)\n      \(example.does)\n" }
    }
    text += "\n\(colour.bold("exit status:")) 0 success, 1 failure, 2 usage"
    for status in verb.statuses { text += ", \(status.status) \(status.means)" }
    text += "\n"
    return text
}

/// Returns the usual options in their groups, one line each, truncated to the terminal's width.
private func brief(_ options: [Option], of verb: Verb, _ colour: Colour) -> StyledText {
    let usual = options.filter { !$0.isRare }
    let width = (usual.map { heading($0).count }.max() ?? 0) + 4
    let columns = Terminal.columns
    var text: StyledText = ""
    var groups: [String] = []
    for option in usual where !groups.contains(option.group) { groups.append(option.group) }
    for group in groups {
        text += "\n\(colour.bold(group + ":"))\n"
        for option in usual where option.group == group {
            let head = heading(option)
            var help = option.help
            let room = max(columns - width - 2, 20)
            if help.count > room { help = help.prefix(room - 1) + "…" }
            text += "  \(colour.bold(head))\(blanks(width - head.count - 2))\(help)\n"
        }
    }
    let rest = options.count - usual.count
    text += "\n\(rest) more options, defaults and variables: pillion \(verb.name) --help-all\n"
    return text
}

/// `--injectConfig FILE`
private func heading(_ option: Option) -> String {
    switch option.shape {
    case .flag: return spelling(option)
    case .value(let placeholder), .list(let placeholder): return "\(spelling(option)) \(placeholder)"
    case .choice(let choices): return "\(spelling(option)) \(choices.joined(separator: "|"))"
    }
}

private func describe(_ option: Option, _ colour: Colour) -> StyledText {
    var line: StyledText = "  \(colour.bold(spelling(option)))"
    switch option.shape {
    case .flag: break
    case .value(let placeholder), .list(let placeholder): line += " \(placeholder)"
    case .choice(let choices): line += " \(choices.joined(separator: "|"))"
    }
    var details = option.help
    if case .list = option.shape { details += "; may be repeated" }
    if let fallback = option.fallback { details += " (default \(fallback.isEmpty ? "none" : fallback))" }
    if option.readsEnvironment { details += " [\(option.environmentName)]" }
    return "\(line)\n\(wrapped(details, indent: 6))"
}

private func spelling(_ option: Option) -> String {
    option.short.map { "-\($0), --\(option.name)" } ?? "--\(option.name)"
}

/// Wraps words into lines of at most 100 columns, or of the terminal's width.
private func wrapped(_ text: String, indent: Int) -> String {
    let columns = Terminal.columns
    var lines: [String] = []
    var line = ""
    for word in text.split(byte: " ") {
        if !line.isEmpty, indent + line.count + 1 + word.count > columns {
            lines.append(line)
            line = ""
        }
        line += line.isEmpty ? String(word) : " \(word)"
    }
    lines.append(line)
    return lines.map { blanks(indent) + $0 + "\n" }.joined()
}

private func blanks(_ count: Int) -> String { String(repeating: " ", count: max(count, 0)) }

/// Returns the manual page in roff: `pillion man | man -l -`.
func manualPage(version: String) -> String {
    var page = """
        .TH PILLION 1 "" "pillion \(version)" ""
        .SH NAME
        pillion \\- decide, render and inject Kubernetes sidecars
        .SH SYNOPSIS
        .B pillion
        .I VERB
        [options]

        """
    for verb in verbs where !verb.isHidden {
        page += ".SH \(escaped(verb.name.uppercased()))\n\(escaped(verb.summary))\n"
        if !verb.discussion.isEmpty { page += ".PP\n\(escaped(verb.discussion))\n" }
        for option in verb.options where !option.isIgnored {
            page += ".TP\n.B \(escaped(spelling(option)))\n\(escaped(option.help))\n"
            if let fallback = option.fallback, !fallback.isEmpty {
                page += "Default: \(escaped(fallback)).\n"
            }
        }
        for example in verb.examples {
            page += ".PP\nExample, \(escaped(example.does)):\n.PP\n.B \(escaped(example.command))\n"
        }
        for status in verb.statuses {
            page += ".PP\nExit status \(status.status): \(escaped(status.means)).\n"
        }
    }
    page += ".SH EXIT STATUS\n0 success, 1 failure, 2 usage; further ones with their verbs.\n"
    return page
}

private func escaped(_ text: String) -> String {
    text.replacing("\\", with: "\\e").replacing("-", with: "\\-").replacing("\n.", with: "\n\\&.")
}
