import Testing
import TestSupport

/// The import table: for each layer, what may be imported. The package manager allows more; this test does not.
private let layers: [[String]] = [
    [
        "CMicrohttpd", "CLibYAML", "CGnuTLS", "CCurl", "CRE2", "CRendererABI", "CAssets", "CStack",
        "CAllocationCount", "CWorkMeter",
    ],
    ["Values", "YAML", "System"],
    ["PluginAPI"],
    ["GoTemplate", "Mustache", "Policy"],
    ["Injection", "Charts", "Kubernetes", "HTTPServer", "Metrics"],
    ["Service", "Why", "Fleet"],
    ["pillion"],
]

/// Modules that may import another module of their own layer.
private let withinLayer = ["YAML": ["Values"], "Service": ["Fleet"]]

/// Modules that come with the toolchain.
private let toolchain: Set = ["Glibc", "Synchronization", "Swift", "Dispatch"]

private struct Source {
    let target: String
    let path: String
    let imports: [String]

    init(target: String, path: String, imports: [String]) {
        self.target = target
        self.path = path
        self.imports = imports
    }

    /// One sentence for each import that the file's layer does not allow.
    var faults: [String] {
        imports.filter { !toolchain.contains($0) }.compactMap { module in
            guard let mine = layer(of: target), let other = layer(of: module) else {
                return "\(path) imports \(module), which is in no layer"
            }
            let allowed = other < mine || withinLayer[target]?.contains(module) == true
            return allowed ? nil : "\(path) imports \(module), which is not below it"
        }
    }
}

private func sources() -> [Source] {
    ["Sources", "Plugins"].flatMap { top in
        entries(of: "\(packageRoot)/\(top)").flatMap { target in
            swiftFiles(in: "\(packageRoot)/\(top)/\(target)").map { path in
                Source(target: target, path: path, imports: importedModules(in: text(of: path)))
            }
        }
    }
}

func swiftFiles(in folder: String) -> [String] {
    entries(of: folder).flatMap { name -> [String] in
        if name.hasSuffix(".swift") { return ["\(folder)/\(name)"] }
        return name.contains(".") ? [] : swiftFiles(in: "\(folder)/\(name)")
    }
}

func importedModules(in source: String) -> [String] {
    source.split(separator: "\n").compactMap { line in
        let words = line.split(separator: " ").map(String.init)
        guard let position = words.firstIndex(of: "import"), position < words.count - 1,
            words[..<position].allSatisfy({
                $0.hasPrefix("@") || ["public", "internal", "package"].contains($0)
            })
        else { return nil }
        return words[position + 1]
    }
}

private func layer(of module: String) -> Int? { layers.firstIndex { $0.contains(module) } }

@Suite struct ArchitectureTests {
    @Test func thereAreSources() {
        #expect(sources().count > 20)
    }

    @Test func everyTargetHasALayer() {
        for target in Set(sources().map(\.target)) where target != "Examples" {
            #expect(layer(of: target) != nil, "\(target) is in no layer; add it to the table")
        }
    }

    @Test func importsPointDown() {
        for source in sources() where source.target != "Examples" {
            for fault in source.faults { Issue.record("\(fault)") }
        }
    }

    @Test func anImportUpwardsIsFound() {
        let planted = Source(target: "Values", path: "Planted.swift", imports: ["Glibc", "Service"])
        #expect(planted.faults == ["Planted.swift imports Service, which is not below it"])
        let unknown = Source(target: "Service", path: "Planted.swift", imports: ["Values", "NewTarget"])
        #expect(unknown.faults == ["Planted.swift imports NewTarget, which is in no layer"])
    }

    @Test func onlyServiceNamesPlugins() {
        let plugins: Set = ["GoTemplate", "Mustache", "Policy"]
        for source in sources() where !plugins.contains(source.target) && source.target != "Service" {
            #expect(plugins.isDisjoint(with: source.imports), "\(source.path) names a plugin")
        }
    }

    @Test func injectionKnowsNoEdge() {
        let edges: Set = ["HTTPServer", "Metrics", "Kubernetes", "CMicrohttpd"]
        for source in sources() where source.target == "Injection" {
            #expect(edges.isDisjoint(with: source.imports), "\(source.path) imports an edge of the program")
        }
    }

    /// Threads, clocks, wake pipes, files, folders and child processes have one owner.
    @Test func onlySystemCallsTheSystem() {
        let owned = [
            "pthread_create(", "pthread_cond", "pthread_mutex", "clock_gettime(", "time(nil)", "usleep(",
            "nanosleep(", "socketpair(", "pipe(&", "posix_spawn", "waitpid(", "opendir(", "readdir(",
            "O_RDONLY", "O_WRONLY",
        ]
        for source in sources() where source.target != "System" && source.target != "Examples" {
            let code = text(of: source.path)
            for call in owned { #expect(!code.contains(call), "\(source.path) calls \(call)…: use System") }
        }
    }

    /// Swift's own functions compare characters, and a combining mark is one character with the slash before it
    /// (`TextBytes.swift`).
    @Test func textIsTakenApartByItsBytes() {
        let instead = [(".hasPrefix(", "begins(with:)"), (".hasSuffix(", "ends(with:)")]
        for source in sources() where source.target != "Examples" {
            let code = text(of: source.path).split(separator: "ByteText.has").joined()
            for (call, better) in instead {
                #expect(!code.contains(call), "\(source.path) calls \(call)…: use \(better)")
            }
            #expect(
                !code.contains(/\.split\(\s*separator: "[^"]"/),
                "\(source.path) splits at a character: use split(byte:)")
        }
    }

    @Test func nobodyImportsFoundation() {
        for source in sources() {
            #expect(!source.imports.contains { $0.hasPrefix("Foundation") }, "\(source.path)")
        }
    }
}
