import Glibc
import System

let probeVerb = Verb(
    name: "probe", summary: "check whether a server's health file is recent",
    discussion:
        "For an exec probe: succeeds if the server touched its --healthCheckFile within the interval.",
    options: [
        Option(name: "probe-path", shape: .value("FILE"), help: "the health file"),
        Option(
            name: "interval", shape: .value("DURATION"), fallback: "4s",
            help: "the maximum age of the file"),
    ],
    examples: [("pillion probe --probe-path=/tmp/health --interval=4s", "for a container's livenessProbe")],
    run: { arguments in
        guard let path = arguments.string("probe-path") else {
            throw UsageError("expected a file: --probe-path FILE")
        }
        let interval = try arguments.duration("interval") ?? 0
        guard interval > 0 else { throw UsageError("--interval is 0, expected a duration such as 4s") }
        var information = stat()
        guard stat(path, &information) == 0 else { throw Failure("\(path): \(systemMessage())") }
        let now = WallClock.now
        let touched = information.st_mtim
        let age = Double(now.seconds - touched.tv_sec) + Double(now.nanoseconds - touched.tv_nsec) / 1e9
        guard age <= interval else {
            let tenths = Int(age * 10)
            throw Failure(
                "\(path) was touched \(tenths / 10).\(tenths % 10)s ago, expected \(arguments.string("interval") ?? "") at most"
            )
        }
        return .success
    })
