// swift-tools-version: 6.2
import PackageDescription

// swift-mustache, for scripts/bench-peers. A package of its own without Pillion's, as both have a module Mustache; the
// folder Values is a link to Pillion's, which reads the data.
let package = Package(
    name: "swift-mustache-peer",
    dependencies: [.package(url: "https://github.com/hummingbird-project/swift-mustache", exact: "2.1.1")],
    targets: [
        .target(
            name: "Values",
            swiftSettings: [
                .enableUpcomingFeature("ExistentialAny"), .enableUpcomingFeature("InternalImportsByDefault"),
                .enableUpcomingFeature("MemberImportVisibility"),
            ]),
        .executableTarget(
            name: "swift-mustache-peer",
            dependencies: ["Values", .product(name: "Mustache", package: "swift-mustache")]),
    ]
)
