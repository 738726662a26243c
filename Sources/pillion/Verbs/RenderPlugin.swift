import PluginAPI

/// The child process of an isolated engine; started only by the program itself.
let renderPluginVerb = Verb(
    name: IsolatedRenderer.verb, summary: "run one engine of a shared library for another process",
    operands: "PATH",
    isHidden: true,
    run: { arguments in
        guard let path = arguments.operands.first, arguments.operands.count == 1 else {
            throw UsageError("expected the path of one library")
        }
        return ExitStatus(code: runIsolatedRenderer(path))
    })
