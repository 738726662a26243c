// swift-tools-version: 6.2
import PackageDescription

// Fuzz targets for libFuzzer of the Swift toolchain. The script `run` next to this file builds and runs them, with the
// package under test instrumented.
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
        .executableTarget(
            name: "fuzz-cost",
            dependencies: [.product(name: "PillionLibrary", package: "pillion")],
            swiftSettings: [
                .enableUpcomingFeature("ExistentialAny"),
                .enableUpcomingFeature("InternalImportsByDefault"),
                .enableUpcomingFeature("MemberImportVisibility"),
            ]),
    ],
    swiftLanguageModes: [.v6]
)
