import TestSupport
import Testing

/// The options of `serve`: help, environment variables and both spellings come from one table.
@Suite struct ServeSettingsTests {
    /// The lines of help that begin an option, with the lines below them.
    private func options() -> [(name: String, text: String)] {
        let help = run(pillionBinary, ["serve", "--help-all"]).output
        var options: [(name: String, text: String)] = []
        for line in help.split(separator: "\n") {
            if line.hasPrefix("  --") {
                options.append((String(line.dropFirst(4).prefix { $0 != " " }), String(line)))
            } else if line.hasPrefix("      "), !options.isEmpty {
                options[options.count - 1].text += line.dropFirst(5)
            } else if !options.isEmpty {
                break
            }
        }
        return options
    }

    /// `--help` fits two screens, with groups and one line for each common option.
    @Test func briefHelp() {
        let help = run(pillionBinary, ["serve", "--help"]).output
        let lines = help.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count < 70 && lines.allSatisfy { $0.count <= 120 })
        for group in [
            "configuration:", "cluster:", "listeners:", "callers:", "limits:", "failures:", "operation:",
        ] {
            #expect(lines.contains { $0 == group }, "\(group)")
        }
        let brief = lines.filter { $0.hasPrefix("  --") }.count
        let whole = options().count
        #expect(
            help.contains("\(whole - brief) more options, defaults and variables: pillion serve --help-all"))
        #expect(help.contains("pillion serve --injectConfig config"))
        #expect(run(pillionBinary, ["help", "sevre"]).status == 2)
        #expect(run(pillionBinary, ["help", "sevre"]).errors.contains("did you mean serve?"))
    }

    /// Each verb that reads a configuration accepts every spelling of the options for its files.
    @Test(arguments: ["decide", "kube-inject", "validate", "why"])
    func namesOfFiles(_ verb: String) {
        for name in ["injectConfig", "injectConfigFile", "inject-config-file"] {
            let result = run(pillionBinary, [verb, "--\(name)", "/nonexistent", "-f", "/nonexistent"])
            #expect(!result.errors.contains("unknown option --\(name)"), "\(result.errors)")
        }
        for name in ["injectValues", "valuesFile", "meshConfig", "meshConfigFile"] {
            let result = run(pillionBinary, [verb, "--\(name)", "/nonexistent", "--help-me"])
            #expect(!result.errors.contains("unknown option --\(name)"), "\(result.errors)")
        }
    }

    @Test func everyOptionIsSetByAVariable() {
        let options = options()
        #expect(options.count > 40)
        for option in options {
            #expect(option.text.contains("[PILLION_"), "\(option.name)")
            #expect(option.text.count > option.name.count + 30, "\(option.name) has no description")
        }
        #expect(Set(options.map(\.name)).count == options.count)
    }

    /// Gives an invalid value, so that the server names the option and does not start.
    @Test(arguments: [
        ("PILLION_HTTP_PORT", "--httpPort"), ("SIDECAR_INJECTOR_HTTP_PORT", "--httpPort"),
        ("PILLION_LOG_LEVEL", "--log-level"), ("PILLION_LOG_OUTPUT_LEVEL", "--log_output_level"),
        ("SIDECAR_INJECTOR_FAILURE_MODE", "--failure-mode"), ("INJECT_ENABLED", "--injectEnabled"),
        ("PILLION_FAILURE_MODE_FOR", "--failure-mode-for"), ("PILLION_HTTP_SOCKET_MODE", "--httpSocketMode"),
        ("PILLION_TLS_MIN_VERSION", "--tls-min-version"), ("PILLION_REQUEST_BUDGET", "--request-budget"),
        ("PILLION_MAX_TEMPLATE_NODES", "--max-template-nodes"),
        ("PILLION_PATCH_SELF_CHECK", "--patch-self-check"),
    ])
    func variables(name: String, option: String) {
        let result = run(pillionBinary, ["serve"], environment: [name: "nonsense"])
        #expect(result.status == 2)
        #expect(result.errors.contains(option), "\(result.errors)")
        #expect(result.output.isEmpty)
    }

    @Test(arguments: ["--http-port", "--httpPort", "--logLevel", "--log-level", "--log-output-level"])
    func bothSpellings(option: String) {
        let result = run(pillionBinary, ["serve", option, "nonsense"])
        #expect(result.status == 2)
        #expect(!result.errors.contains("unknown option"), "\(result.errors)")
    }

    /// An option on the command line overrides its environment variable.
    @Test func theCommandLineWins() {
        let result = run(
            pillionBinary, ["serve", "--max-depth", "0"], environment: ["PILLION_MAX_DEPTH": "5"])
        #expect(result.errors.contains("--max-depth is \"0\""))
    }

    /// Every flag that an error of a limit names exists.
    @Test func flagsThatErrorsName() {
        let names = Set(options().map(\.name))
        let source = text(of: packageRoot + "/Sources/PluginAPI/RenderLimit.swift")
        let flags = source.split(separator: "\"").filter { $0.hasPrefix("max-") }
        #expect(flags.count >= 9)
        for flag in flags { #expect(names.contains(String(flag)), "\(flag)") }
    }
}
