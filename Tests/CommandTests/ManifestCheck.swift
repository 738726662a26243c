import Glibc
import TestSupport
import Values

/// One check of a `ManifestCase`, which lists them.
struct ManifestCheck {
    let run: ManifestRun
    let expected: Value
    /// The check with all its members.
    let all: Value

    private var output: ManifestText { ManifestText(run.output) }
    private var input: ManifestText { ManifestText(run.input) }
    private var texts: [String] { expected.array?.compactMap(\.string) ?? [] }

    func hold(_ name: String) throws {
        switch name {
        case "documents": try equal(try output.documents().count, Int(expected.int ?? 0), "documents")
        case "injected": try injected()
        case "comments": try comments()
        case "lines_kept": try linesKept()
        case "unchanged": try need(run.output == run.input, "the output differs from the input")
        case "twice": try need(try run.injectedAgain() == run.output, "a second injection changes the output")
        case "roundtrip": try roundtrip()
        case "uninject_without", "uninject_value", "uninject_own": try uninjected(name)
        case "value_kept":
            try equal(
                JSON.text(try output.documents()[0].at(expected)),
                JSON.text(try input.documents()[0].at(expected)),
                "the value at \(JSON.text(expected))")
        case "images": try images()
        case "once", "at_most_once": try once(atMost: name == "at_most_once")
        case "note":
            let note = expected.string ?? ""
            try need(run.errors.contains(note), "standard error does not have \(note): \(run.errors)")
        case "hint_injects": try hint()
        case "json": try json()
        case "crlf": try need(!hasBareLineFeed(output.text), "a line ends without a carriage return")
        case "kubectl": try kubectl()
        case "diff_applies": try difference()
        default: throw Unmet("\(name) is not a check")
        }
    }

    private func need(_ truth: Bool, _ problem: @autoclosure () -> String) throws(Unmet) {
        if !truth { throw Unmet(problem()) }
    }

    private func equal<T: Equatable>(_ found: T, _ expected: T, _ what: String) throws(Unmet) {
        try need(found == expected, "\(what): found \(found), expected \(expected)")
    }

    private func hasBareLineFeed(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        return bytes.indices.contains { bytes[$0] == 10 && ($0 == 0 || bytes[$0 - 1] != 13) }
    }

    private func injected() throws {
        let documents = try output.documents().dropFirst(Int(all["skip"]?.int ?? 0))
        let paths = expected.array ?? []
        try need(documents.count >= paths.count, "\(documents.count) documents for \(paths.count) pods")
        for (document, path) in zip(documents, paths) {
            try equal(try document.at(path)["spec"]?.proxies ?? 0, 1, "istio-proxy at \(JSON.text(path))")
        }
    }

    private func comments() throws {
        var rest = Substring(output.text)
        for comment in texts {
            guard let found = rest.firstRange(of: comment) else {
                throw Unmet("\(comment) is lost or has moved")
            }
            rest = rest[found.upperBound...]
        }
    }

    private func linesKept() throws {
        var rest = output.lines[...]
        for line in input.lines {
            guard let index = rest.firstIndex(of: line) else {
                throw Unmet("the line \(line.debugDescription) is lost")
            }
            rest = rest[(index + 1)...]
        }
    }

    private func roundtrip() throws {
        let injected = try run.run("kube-inject", ["--provenance"]).output
        let back = try run.run("kube-uninject", standardInput: injected).output
        if expected.string == "value" {
            try need(
                try ManifestText(back).documents() == input.documents(), "the way back gives other values")
        } else if back != run.input {
            let (was, now) = (input.lines, ManifestText(back).lines)
            let index = zip(was, now).enumerated().first { $1.0 != $1.1 }?.offset ?? min(was.count, now.count)
            throw Unmet(
                "the way back differs from line \(index + 1) on: \(now.dropFirst(index).first ?? "(end)")")
        }
    }

    private func uninjected(_ name: String) throws {
        let back = ManifestText(try run.ledBack())
        if name == "uninject_without" {
            for text in ["null"] + texts {
                let (found, before) = (
                    back.text.split(separator: text).count, input.text.split(separator: text).count
                )
                try need(found <= before, "\(text) stays after kube-uninject")
            }
        } else if name == "uninject_value" {
            let (found, was) = (try back.documents()[0].at(expected), try input.documents()[0].at(expected))
            try equal(JSON.text(found.bare), JSON.text(was.bare), "after kube-uninject")
        } else {
            let name = expected.string ?? ""
            let (found, was) = (try back.documents()[0]["spec"], try input.documents()[0]["spec"])
            let own = found?.containers("containers", named: name) ?? []
            try need(
                found?.containers("initContainers", named: name).isEmpty ?? false,
                "\(name) stays an init container")
            try equal(
                own.map(\.bare), was?.containers("containers", named: name).map(\.bare) ?? [],
                "after kube-uninject")
        }
    }

    private func images() throws {
        let pod = try output.documents()[0].at(expected["path"] ?? .null)
        let own = (pod["containers"]?.array ?? []).filter { $0["name"]?.string != "istio-proxy" }
        try equal(own.map { $0["image"]?.string }, expected["want"]?.array?.map(\.string) ?? [], "images")
    }

    private func once(atMost: Bool) throws {
        for bytes in [run.output, try run.injectedAgain()] {
            for spec in try ManifestText(bytes).documents().flatMap(\.podSpecs) {
                try need(
                    spec.proxies == 1 || atMost && spec.proxies == 0,
                    "istio-proxy occurs \(spec.proxies) times")
            }
        }
    }

    private func hint() throws {
        func missing(_ bytes: [UInt8]) throws -> [Value] {
            let document = try ManifestText(bytes).documents()[0]
            return try (expected.array ?? []).filter { try document.at($0)["spec"]?.proxies != 1 }
        }
        if try missing(run.output).isEmpty { return }
        let hints = run.errors.split(separator: "--podTemplatePath '").dropFirst().map {
            String($0.prefix { $0 != "'" })
        }
        try need(!hints.isEmpty, "neither injected nor a hint: \(run.errors)")
        let arguments = Set(hints).flatMap { ["--podTemplatePath", $0] }
        let left = try missing(try run.run("kube-inject", arguments).output)
        try need(left.isEmpty, "with \(hints) not injected: \(JSON.text(.array(left)))")
    }

    private func json() throws {
        let text = output.text
        _ = try JSON.read(text)
        try need(text.hasPrefix(expected["starts"]?.string ?? ""), "the start is not kept")
        try need(text.hasSuffix(expected["ends"]?.string ?? ""), "the end is not kept")
        if expected["crlf"] == true {
            try need(!hasBareLineFeed(text), "a line ends without a carriage return")
        }
        if let step = expected["indent"] {
            let step = step.string ?? String(repeating: " ", count: Int(step.int ?? 0))
            for line in output.lines.dropFirst() {
                let indent = line.prefix { $0 == " " || $0 == "\t" }
                let whole = String(repeating: step, count: indent.count / step.count)
                try need(
                    indent == whole || indent.count == line.count,
                    "\(line) is not indented by \(step.debugDescription)")
            }
        }
        if let least = expected["min_lines"]?.int { try need(output.lines.count > least, "lines are joined") }
        if let count = expected["lines"]?.int {
            try equal(output.lines.filter { !$0.isEmpty }.count, Int(count), "lines")
        }
    }

    private func kubectl() throws {
        guard access("/usr/bin/kubectl", X_OK) == 0 else { return }
        let work = TemporaryFolder()
        let file = work.write(run.output, to: "out.yaml")
        let result = TestSupport.run(
            "/usr/bin/kubectl", ["label", "--local", "-f", file, "checked=yes", "-o", "name"],
            environment: ["HOME": work.root, "KUBECONFIG": work.path("none")])
        try need(result.status == 0, result.errors)
        try equal(
            result.output.split(separator: "\n").count, Int(expected.int ?? 0), "objects that kubectl reads")
    }

    private func difference() throws {
        let work = TemporaryFolder()
        let patch = work.write(try run.run("kube-inject", ["--diff"]).output, to: "patch")
        var problems: [String] = []
        for tool in [["/usr/bin/patch", "-p0", "--batch", "-s", "-i"], ["/usr/bin/git", "apply", "-p0"]]
        where access(tool[0], X_OK) == 0 {
            let copy = work.path(tool[0].split(separator: "/").joined())
            _ = TestSupport.run("/bin/cp", ["-r", "\(run.folder)/in", copy])
            let result = TestSupport.run(tool[0], Array(tool.dropFirst()) + [patch], in: copy)
            if result.status == 0, contents(of: "\(copy)/\(run.file)") == run.output {
                if expected.string == "either" { return }
            } else {
                problems.append("\(tool[0]): \(result.errors)\(result.output)")
            }
        }
        try need(problems.isEmpty, "the difference does not apply: \(problems)")
    }
}
