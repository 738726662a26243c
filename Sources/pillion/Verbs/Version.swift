import Service
import Values

let versionVerb = Verb(
    name: "version", summary: "print the version",
    options: [
        Option(name: "short", short: "s", shape: .flag, help: "the number alone"),
        Option(name: "output", short: "o", shape: .choice(["json", "yaml"]), help: "for programs"),
    ],
    run: { arguments in
        let version = BuildInformation.version
        switch arguments.choice("output") {
        case "json": standardOutput.write(JSON.text(BuildInformation.value, style: .pretty(2)) + "\n")
        case "yaml":
            for member in BuildInformation.value.object?.members ?? [] {
                standardOutput.write("\(member.key): \(member.value.string ?? "")\n")
            }
        default: standardOutput.write(try arguments.flag("short") ? "\(version)\n" : "pillion \(version)\n")
        }
        return .success
    })

let completionVerb = Verb(
    name: "completion", summary: "print a completion script for a shell", operands: "bash|zsh|fish",
    examples: [("source <(pillion completion bash)", "complete verbs and options in this shell")],
    run: { arguments in
        let shell = try chosenOperand(arguments, ["bash", "zsh", "fish"], "a shell")
        guard let script = completions(for: shell) else {
            throw UsageError("no completions for \"\(shell)\"")
        }
        standardOutput.write(script)
        return .success
    })

let manVerb = Verb(
    name: "man", summary: "print the manual page",
    examples: [("pillion man | man -l -", "show it")],
    run: { _ in
        standardOutput.write(manualPage(version: BuildInformation.version))
        return .success
    })
