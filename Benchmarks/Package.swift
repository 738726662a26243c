// swift-tools-version: 6.2
import PackageDescription

// Apart from the main package, so that its build and tests do not pay for measuring.
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
