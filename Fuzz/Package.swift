// swift-tools-version: 6.2
import PackageDescription

// Fuzz targets, for libFuzzer from the Swift toolchain. Built and run by the script `run` beside this file, which
// also instruments the code of the package that is fuzzed.
let package = Package(
    name: "pillion-fuzz",
    dependencies: [.package(name: "pillion", path: "..")],
    targets: [
        .target(name: "CLibFuzzer"),
        .executableTarget(
            name: "fuzz",
            dependencies: ["CLibFuzzer", .product(name: "PillionLibrary", package: "pillion")],
            swiftSettings: [
                .enableUpcomingFeature("ExistentialAny"),
                .enableUpcomingFeature("InternalImportsByDefault"),
                .enableUpcomingFeature("MemberImportVisibility"),
            ]),
    ],
    swiftLanguageModes: [.v6]
)
