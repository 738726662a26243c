import PluginAPI
import Values

/// Returns a completion script for bash, zsh or fish; nil for any other shell.
///
/// | before the cursor | what is offered |
/// | --- | --- |
/// | nothing | verbs |
/// | an option that takes one of a few words | those words |
/// | an option that takes a file or a folder | files, or folders |
/// | an option that takes any other value | nothing |
/// | anything else | the verb's options, and its operands if they are a few words |
func completions(for shell: String) -> String? {
    let shown = verbs.filter { !$0.isHidden }
    switch shell {
    case "bash", "zsh":
        let script = bash(shown)
        return shell == "zsh" ? "autoload -U +X bashcompinit && bashcompinit\n" + script : script
    case "fish": return fish(shown)
    default: return nil
    }
}

/// The completion of an option's value.
private enum Completion {
    case words([String])
    case files, folders, nothing

    init(_ option: Option) {
        switch option.shape {
        case .flag: self = .words(["true", "false"])
        case .choice(let choices): self = .words(choices)
        case .value(let placeholder), .list(let placeholder):
            self =
                placeholder.begins(with: "FILE") || placeholder.ends(with: "FILE")
                ? .files : placeholder.begins(with: "FOLDER") ? .folders : .nothing
        }
    }
}

/// The words that an operand can be; empty for any other operand.
private func operandWords(_ verb: Verb) -> [String] {
    switch verb.name {
    case "explain": ReasonCode.allCases.map(\.rawValue)
    case "export": ["webhook"]
    case "completion": ["bash", "zsh", "fish"]
    case "help": verbs.filter { !$0.isHidden }.map(\.name)
    default: []
    }
}

private func spellings(_ option: Option) -> [String] {
    ["--\(option.name)"] + (option.short.map { ["-\($0)"] } ?? [])
}

private func bash(_ shown: [Verb]) -> String {
    let names = shown.map(\.name).joined(separator: " ")
    var values = ""
    var words = ""
    for verb in shown {
        for option in verb.options where !option.isIgnored {
            if case .flag = option.shape { continue }
            let patterns = spellings(option).map { "\(verb.name):\($0)" }.joined(separator: "|")
            let action =
                switch Completion(option) {
                case .words(let words): "words=\"\(words.joined(separator: " "))\""
                case .files: "kind=-f"
                case .folders: "kind=-d"
                case .nothing: "kind=none"
                }
            values += "    \(patterns)) \(action); isValue=1 ;;\n"
        }
        let options = verb.options.filter { !$0.isIgnored }.map { "--\($0.name)" } + ["--help"]
        words += "    \(verb.name)) words=\"\((operandWords(verb) + options).joined(separator: " "))\" ;;\n"
    }
    return """
        _pillion() {
          local words="" kind="" isValue="" current="${COMP_WORDS[COMP_CWORD]}" before="${COMP_WORDS[COMP_CWORD-1]}"
          if [ "$COMP_CWORD" -eq 1 ]; then
            COMPREPLY=($(compgen -W "\(names) help" -- "$current")); return
          fi
          case "${COMP_WORDS[1]}:$before" in
        \(values)    help:*) words="\(names)" ;;
          esac
          if [ -z "$isValue" ] && [ -z "$words" ]; then
            case "${COMP_WORDS[1]}" in
        \(words)    esac
          fi
          case "$kind" in
            none) COMPREPLY=() ;;
            -f|-d) COMPREPLY=($(compgen $kind -- "$current")) ;;
            *) COMPREPLY=($(compgen -W "$words" -- "$current")) ;;
          esac
        }
        complete -o filenames -F _pillion pillion

        """
}

private func fish(_ shown: [Verb]) -> String {
    var script = "complete -c pillion -f\n"
    for verb in shown {
        script += "complete -c pillion -n __fish_use_subcommand -a \(verb.name) -d '\(verb.summary)'\n"
        let of = "complete -c pillion -n '__fish_seen_subcommand_from \(verb.name)'"
        let operands = operandWords(verb)
        if !operands.isEmpty { script += "\(of) -a '\(operands.joined(separator: " "))'\n" }
        for option in verb.options where !option.isIgnored {
            script += "\(of) -l \(option.name)"
            if let short = option.short { script += " -s \(short)" }
            if case .flag = option.shape {
                script += "\n"
                continue
            }
            switch Completion(option) {
            case .words(let words): script += " -x -a '\(words.joined(separator: " "))'\n"
            case .files: script += " -r -F\n"
            case .folders: script += " -x -a '(__fish_complete_directories)'\n"
            case .nothing: script += " -x\n"
            }
        }
    }
    return script
}
