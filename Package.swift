// swift-tools-version: 6.2
import PackageDescription

// The layers, from the ground up. An import only ever points down; Tests/ArchitectureTests holds the table.
//   L0  C modules: module map and a small shim each
//   L1  Values, YAML, System
//   L2  PluginAPI
//   L3  Plugins/: GoTemplate, Mustache, Policy
//   L4  Injection, Charts, Kubernetes, HTTPServer, Metrics
//   L5  Service, Why, Fleet
//   L6  pillion

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

/// What makes a process small and quick to start, where the runtime is in the binary: nothing is exported, addresses
/// that the start has to correct are packed, the C++ runtime, of which Swift's needs little, goes in as well, and what
/// short runs call stands side by side (`scripts/link-order` finds it out).
let link = "\(Context.packageDirectory)/Sources/pillion/link"
let lean: [LinkerSetting] = [
    .unsafeFlags(
        [
            "-use-ld=lld", "-L", link, "-Xclang-linker", "-static-libgcc", "-Xlinker", "--no-export-dynamic",
            "-Xlinker", "-z", "-Xlinker", "pack-relative-relocs",
            "-Xlinker", "--symbol-ordering-file=\(link)/order", "-Xlinker", "--no-warn-symbol-ordering",
        ], .when(platforms: [.linux], configuration: .release))
]

/// A Swift target of the project with the settings that all share.
func module(_ name: String, at path: String? = nil, needs: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: needs, path: path ?? "Sources/\(name)", swiftSettings: settings)
}

/// An example engine in C: one file and its README.
func engine(_ name: String, at path: String) -> Target {
    .target(
        name: name, dependencies: ["CRendererABI"], path: path, exclude: ["README.md"], publicHeadersPath: "."
    )
}

func tests(_ name: String, needs: [Target.Dependency], exclude: [String] = []) -> Target {
    .testTarget(
        name: name, dependencies: needs + ["TestSupport"], path: "Tests/\(name)",
        exclude: exclude, swiftSettings: settings)
}

let package = Package(
    name: "pillion",
    products: [
        .executable(name: "pillion", targets: ["pillion"]),
        // For embedding, and for the benchmarks and fuzzers, which are packages of their own.
        .library(
            name: "PillionLibrary",
            targets: [
                "Service", "Injection", "Charts", "Mustache", "PluginAPI", "Values", "YAML", "Metrics",
            ]),
        // Counts the allocations of the program that links it; for measuring.
        .library(name: "PillionAllocationCount", targets: ["CAllocationCount"]),
        // The mustache engine alone.
        .library(name: "PillionMustache", targets: ["Mustache", "PluginAPI", "Values"]),
        // Engines to load with --pluginDir; `make plugins` builds them.
        .library(name: "dollar", type: .dynamic, targets: ["DollarEngine"]),
        .library(name: "fields", type: .dynamic, targets: ["FieldsEngine"]),
        .library(name: "jsonnet", type: .dynamic, targets: ["JsonnetEngine"]),
    ],
    targets: [
        // L0
        .target(name: "CMicrohttpd", path: "Sources/CMicrohttpd"),
        .target(name: "CLibYAML", path: "Sources/CLibYAML", linkerSettings: [.linkedLibrary("yaml")]),
        .target(name: "CGnuTLS", path: "Sources/CGnuTLS"),
        .target(name: "CCurl", path: "Sources/CCurl"),
        .target(name: "CRE2", path: "Sources/CRE2"),
        .target(name: "CAssets", path: "Sources/CAssets", exclude: ["data", "generate"]),
        .target(name: "CWorkMeter", path: "Sources/CWorkMeter"),
        .target(
            name: "CAllocationCount", dependencies: ["CWorkMeter"], path: "Sources/CAllocationCount"),
        .target(name: "CRendererABI", path: "Sources/CRendererABI"),
        .target(name: "CStack", path: "Sources/CStack"),
        // L1
        module("Values", needs: ["CWorkMeter"]),
        module("System", needs: ["CWorkMeter"]),
        module("YAML", needs: ["Values", "CLibYAML", "CWorkMeter"]),
        // L2
        module("PluginAPI", needs: ["Values", "System", "CRendererABI"]),
        // L3
        module(
            "GoTemplate", at: "Plugins/GoTemplate",
            needs: ["Values", "YAML", "System", "PluginAPI", "CGnuTLS", "CRE2", "CStack"]),
        module("Mustache", at: "Plugins/Mustache", needs: ["Values", "System", "PluginAPI"]),
        engine("DollarEngine", at: "Plugins/Examples/Dollar"),
        .target(
            name: "FieldsEngine", dependencies: ["CRendererABI"], path: "Plugins/Examples/Fields",
            exclude: ["README.md"], swiftSettings: settings),
        engine("JsonnetEngine", at: "Plugins/Examples/Jsonnet"),
        module("Policy", at: "Plugins/Policy", needs: ["Values", "PluginAPI"]),
        // L4
        module("Injection", needs: ["Values", "YAML", "System", "PluginAPI", "CAssets"]),
        module("Charts", needs: ["Values", "YAML", "PluginAPI", "CRE2"]),
        module("Kubernetes", needs: ["Values", "YAML", "System", "CCurl", "CGnuTLS"]),
        module("HTTPServer", needs: ["Values", "System", "CMicrohttpd"]),
        module("Metrics", needs: ["Values", "System"]),
        // L5
        module("Fleet", needs: ["Values", "YAML", "System", "PluginAPI", "Injection"]),
        module(
            "Service",
            needs: [
                "Values", "YAML", "System", "PluginAPI", "GoTemplate", "Mustache", "Policy", "Injection",
                "Charts", "Kubernetes", "Fleet",
                "HTTPServer", "Metrics", "CAssets",
            ]),
        module("Why", needs: ["Values", "PluginAPI", "Injection", "Kubernetes"]),
        // L6
        .executableTarget(
            name: "pillion",
            dependencies: [
                "Service", "Why", "Fleet", "Injection", "Charts", "HTTPServer", "Kubernetes", "PluginAPI",
                "Values",
                "YAML", "System",
                "CAllocationCount",
            ],
            path: "Sources/pillion", exclude: ["link"], swiftSettings: settings, linkerSettings: lean),

        .target(
            name: "TestSupport", dependencies: ["Values"], path: "Tests/TestSupport", exclude: ["api-server"],
            swiftSettings: settings),
        tests("ArchitectureTests", needs: []),
        .testTarget(
            name: "ConformanceTests", dependencies: ["TestSupport"], path: "Tests/Conformance",
            exclude: [
                "PROVENANCE.md", "configurations", "decisions", "gotemplate", "open", "oracle", "reported",
            ],
            swiftSettings: settings),
        tests("ValuesTests", needs: ["Values"]),
        tests("SystemTests", needs: ["System"]),
        tests("YAMLTests", needs: ["YAML", "Values"], exclude: ["cases"]),
        .target(
            name: "RendererContract", dependencies: ["PluginAPI", "Values", "System"],
            path: "Tests/RendererContract",
            swiftSettings: settings),
        tests(
            "PluginAPITests", needs: ["PluginAPI", "Values", "System", "RendererContract"],
            exclude: ["engines"]),
        tests(
            "GoTemplateTests", needs: ["GoTemplate", "PluginAPI", "Values", "RendererContract"],
            exclude: ["cases", "oracle"]),
        tests(
            "MustacheTests", needs: ["Mustache", "PluginAPI", "Values", "YAML", "RendererContract"],
            exclude: ["cases"]),
        tests("PolicyTests", needs: ["Policy", "PluginAPI", "Values"], exclude: ["cases"]),
        tests(
            "InjectionTests",
            needs: ["Injection", "GoTemplate", "Mustache", "Policy", "PluginAPI", "Values", "YAML"],
            exclude: ["cases"]),
        tests(
            "ChartTests", needs: ["Charts", "GoTemplate", "PluginAPI", "Values", "YAML"], exclude: ["cases"]),
        tests(
            "WhyTests",
            needs: ["Why", "Service", "Injection", "Kubernetes", "PluginAPI", "System", "Values", "YAML"],
            exclude: ["cases"]),
        tests(
            "FleetTests", needs: ["Fleet", "Injection", "Service", "PluginAPI", "Values", "YAML", "System"]),
        tests("KubernetesTests", needs: ["Kubernetes", "Values", "System"]),
        tests("HTTPServerTests", needs: ["HTTPServer", "Values", "System"], exclude: ["certificates"]),
        tests("MetricsTests", needs: ["Metrics"]),
        tests(
            "ServiceTests",
            needs: [
                "Service", "Injection", "Kubernetes", "HTTPServer", "PluginAPI", "Values", "YAML", "System",
                "CAllocationCount",
            ],
            exclude: ["cases", "broken", "documentation"]),
        tests("CommandTests", needs: ["Values", "YAML"], exclude: ["cases"]),
        tests("DeployTests", needs: ["Values", "YAML"], exclude: ["certificates", "kustomize"]),
    ],
    swiftLanguageModes: [.v6],
    cxxLanguageStandard: .cxx17
)
