import Glibc
import Injection
import PluginAPI
import Service
import Values
import YAML

struct InputError: Error, CustomStringConvertible {
    let description: String
}

/// The input files.
struct Inputs {
    let folder: String

    func bytes(_ name: String) throws -> [UInt8] {
        guard let file = fopen("\(folder)/\(name)", "rb") else {
            throw InputError(description: "\(folder)/\(name) cannot be read")
        }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = fread(&chunk, 1, chunk.count, file)
            guard count > 0 else { return bytes }
            bytes += chunk[..<count]
        }
    }

    func has(_ name: String) -> Bool { access("\(folder)/\(name)", R_OK) == 0 }

    /// Each `config-NAME` with its review.
    var configurations: [(name: String, review: String)] {
        var names: [String] = []
        guard let stream = opendir(folder) else { return [] }
        defer { closedir(stream) }
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name.hasPrefix("config-") { names.append(name) }
        }
        return names.sorted().map { name in
            let old = "review-v1beta1.json"
            return (name, name == "config-1.6" && has(old) ? old : "review-v1.json")
        }
    }

    func snapshot(_ name: String, cacheBytes: Int) throws -> Snapshot {
        let files = InjectionFiles(
            configuration: NamedText(name: name, bytes: try bytes("\(name)/inject-config.yaml")),
            values: NamedText(name: "values", bytes: try bytes("\(name)/values.yaml")),
            mesh: NamedText(name: "mesh", bytes: try bytes("\(name)/mesh.yaml")))
        var options = InjectionOptions()
        options.cacheBytes = cacheBytes
        return try InjectionConfiguration.compile(
            files, registry: StandardPlugins.registry(), options: options)
    }
}

typealias Meter = (_ name: String, _ body: () throws -> Void) throws -> Void

func measureAll(_ inputs: Inputs, _ meter: Meter) throws {
    try measureFormats(inputs, meter)
    try measureTemplates(inputs, meter)
    try measureInjection(inputs, meter)
}

private func measureFormats(_ inputs: Inputs, _ meter: Meter) throws {
    let review = try inputs.bytes("review-v1.json")
    let value = try JSON.read(review)
    guard let configuration = inputs.configurations.first?.name else {
        throw InputError(
            description: "\(inputs.folder) has no config-NAME; scripts/bench-inputs prints a folder that has")
    }
    let values = try inputs.bytes("\(configuration)/values.yaml")
    try meter("JSON in, review of \(review.count) bytes") { _ = try JSON.read(review) }
    try meter("JSON out, the same") {
        var output = ByteBuffer(capacity: 16_384)
        JSON.write(value, into: &output)
    }
    try meter("YAML in, values of \(values.count) bytes") { _ = try YAMLReader.value(values) }
}

private func measureTemplates(_ inputs: Inputs, _ meter: Meter) throws {
    let registry = try StandardPlugins.registry()
    for (engine, template, data) in [
        ("gotemplate", "small.tmpl", "small.json"), ("gotemplate", "istio-builtins.tmpl", "istio-data.json"),
        ("gotemplate", "range10k.tmpl", "range10k.json"), ("mustache", "range10k.mustache", "range10k.json"),
    ] {
        guard let renderer = registry.renderer(engine), inputs.has(template) else { continue }
        let sources = TemplateSources(TemplateSource(name: template, bytes: try inputs.bytes(template)))
        let value = try JSON.read(try inputs.bytes(data))
        let compiled = try renderer.compile(sources, options: CompileOptions())
        try meter("\(engine) compile \(template)") {
            _ = try renderer.compile(sources, options: CompileOptions())
        }
        try meter("\(engine) execute \(template)") {
            var output = ByteBuffer(capacity: 65_536)
            try compiled.render(TemplateData(value), limits: .commandLine, into: &output)
        }
    }
}

private func measureInjection(_ inputs: Inputs, _ meter: Meter) throws {
    for (name, file) in inputs.configurations {
        let review = try inputs.bytes(file)
        let object = try JSON.read(review)
        let snapshot = try inputs.snapshot(name, cacheBytes: 0)
        let cached = try inputs.snapshot(name, cacheBytes: 16 << 20)
        try meter("compile \(name)") { _ = try inputs.snapshot(name, cacheBytes: 0) }
        let pod = object["request"]?["object"]
        let subject = DecisionSubject(
            namespace: object["request"]?["namespace"]?.string ?? "",
            metadata: pod?["metadata"]?.object ?? Object(),
            spec: pod?["spec"]?.object ?? Object())
        try meter("decide, \(name), without a trace") { _ = snapshot.decisions.decide(subject, trace: false) }
        try meter("decide, \(name), with its trace") { _ = snapshot.decisions.decide(subject, trace: true) }
        try meter("inject, \(name)") { answer(review, snapshot) }
        try meter("inject, \(name), seen before") { answer(review, cached) }
    }
}

private func answer(_ review: [UInt8], _ snapshot: Snapshot) {
    var output = ByteBuffer(capacity: 16_384)
    review.withUnsafeBufferPointer {
        _ = Pipeline.review($0, path: "/inject", snapshot: snapshot, into: &output)
    }
}
