// swift-tools-version: 6.2
import PackageDescription

// A package of its own, so that build and tests of the main package do not build the benchmarks.
let package = Package(
    name: "pillion-benchmarks",
    dependencies: [.package(name: "pillion", path: "..")],
    targets: [
        .executableTarget(
            name: "pillion-bench",
            dependencies: [
                .product(name: "PillionAllocationCount", package: "pillion"),
                .product(name: "PillionLibrary", package: "pillion"),
            ],
            swiftSettings: [.enableUpcomingFeature("ExistentialAny")])
    ]
)
