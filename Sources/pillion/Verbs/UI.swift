import Glibc
import Service
import System
import Values

let uiVerb = Verb(
    name: "ui", summary: "serve the page for one configuration and one manifest, and open it",
    discussion: """
        Serves the page and the API behind it on a free port of loopback until Ctrl-C or SIGTERM, and prints the page's
        address. Uses the built-in configuration if no file is given and the default file does not exist.
        """,
    options: [
        Option(
            name: "filename", short: "f", shape: .value("FILE"),
            help: "the manifest that the page begins with, or - for standard input"),
        Option(
            name: "namespace", short: "n", shape: .value("NAME"), help: "the namespace of objects without one"
        ),
        Option(
            name: "open", shape: .flag, fallback: "true",
            help: "open the page in a browser, if there is one and a screen"),
        Option(
            name: "port", shape: .value("N"), fallback: "0", help: "the port on 127.0.0.1; 0: a free one"),
    ] + configurationSettings.flatMap(\.options),
    examples: [
        ("pillion ui", "look around in the built-in configuration"),
        (
            "pillion ui -f deployment.yaml --injectConfig config --injectValues values --meshConfig mesh",
            "see what a configuration makes of a manifest"
        ),
    ],
    run: { arguments in
        var options = ServeOptions()
        for setting in configurationSettings { try setting.apply(&options, arguments) }
        options.port = -1
        options.monitoringPort = -1
        options.httpPort = try arguments.int("port", in: 0...65_535) ?? 0
        options.logLevels = LogLevels(.warning)
        // Only its own user uses this server, and a manifest of a megabyte is reasonable, even on a busy machine. The
        // page waits for 120 s.
        options.renderMilliseconds = 110_000
        options.pageStart = try pageStart(arguments, atMost: options.maxRequestBytes)
        let opens = try arguments.flag("open")
        let status = Service.run(options) { service in
            guard let address = service.listeners.first(where: { $0.kind == .http })?.address else { return }
            standardOutput.write(address + "/\n")
            complain("the page is served until you press Ctrl-C")
            if opens { open(address + "/") }
        }
        return ExitStatus(code: status)
    })

/// Reads the manifest of `-f`, which has to fit into a request.
private func pageStart(_ arguments: Arguments, atMost limit: Int) throws -> PageStart? {
    let namespace = arguments.string("namespace") ?? ""
    guard let path = arguments.string("filename") else {
        return namespace.isEmpty ? nil : PageStart(name: "", manifest: "", namespace: namespace)
    }
    let name = path == "-" ? "standard input" : path
    let bytes = try read(file: path)
    guard bytes.count <= limit else {
        throw Failure(
            "\(name): has \(bytes.count) bytes, expected at most \(limit), which a request may have")
    }
    let encoding = TextEncoding(markIn: bytes)
    do throws(TextEncoding.Problem) {
        let text =
            try encoding.map { encoding throws(TextEncoding.Problem) in try encoding.decode(bytes) } ?? bytes
        return PageStart(
            name: baseName(path), manifest: String(decoding: text, as: UTF8.self), namespace: namespace)
    } catch {
        throw Failure("\(name): is not valid text: \(error.message)")
    }
}

/// Opens the address in the desktop's browser. Without a desktop it does nothing, because the address is printed.
private func open(_ address: String) {
    guard getenv("DISPLAY") != nil || getenv("WAYLAND_DISPLAY") != nil else { return }
    var environment: [(name: String, value: String)] = []
    var next = environ
    while let entry = next.pointee {
        let parts = String(cString: entry).split(
            byte: "=", maxSplits: 1, omittingEmptySubsequences: false)
        if parts.count == 2 { environment.append((String(parts[0]), String(parts[1]))) }
        next += 1
    }
    let program = ChildProcess.Program("xdg-open", words: ["xdg-open", address], environment: environment)
    do throws(ChildProcessError) {
        let child = try ChildProcess(program)
        // The browser may be the child itself, so it is waited for as long as it runs.
        _ = Thread.detach(stackBytes: 256 << 10) {
            while child.ending() == nil { Thread.sleep(milliseconds: 500) }
        }
    } catch {
        complain("xdg-open \(error.message): open the address in a browser")
    }
}
